"""Find the hips on films of any shape, whatever runtime the detector runs in."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.models.detector import HipDetection, candidates
from osteon.models.letterbox import Letterbox, letterbox
from osteon.models.spec import DetectorSpec
from osteon.pixels.field import cut_to_field
from osteon.prediction.runtime import Runner
from osteon.prediction.search import FoundHips, Look, Search, agree, looks_at

__all__ = ["Spacing", "locate"]

Spacing = tuple[float, float] | None

_BATCH = 32
_LOWEST = 0.2  # of the score threshold: candidates below it agree with nothing worth having


def locate(
    films: Sequence[NDArray[np.float32]],
    run: Runner,
    spec: DetectorSpec,
    *,
    pixel_spacings_mm: Sequence[Spacing] | None = None,
    search: Search = "whole",
) -> list[FoundHips]:
    """Find the hips between the collimator's blades of each film.

    Beyond the blades there is no patient: the detector sees the film cut to its exposed field
    (:func:`osteon.pixels.field.exposed_field`), as it did in training, so that nothing a border
    holds or where it lies changes a box.

    Parameters
    ----------
    films
        float32 (rows, columns) in [0, 1], each of its own shape.
    run
        The detector, from :func:`osteon.prediction.runtime.runner`.
    spec
        Its architecture, and the size above which a box is not a hip.
    pixel_spacings_mm
        Rows and columns of each film as it is given; ``None`` where one is not known: there a box
        may be of any size.
    search
        ``whole`` shows it every film once; ``windows`` also in overlapping windows, each as it is
        and mirrored (:mod:`osteon.prediction.search`): twenty times the work, and steadier on
        films unlike those of the training.

    Returns
    -------
    list
        For each film at most one box per side, best first, in pixels of the film given, and what
        was too large for a hip.
    """
    spacings = [None] * len(films) if pixel_spacings_mm is None else pixel_spacings_mm
    cut = [cut_to_field(film) for film in films]
    plans = [looks_at(inside.shape, search) for inside, _ in cut]
    shown = [
        (look, look.seen(inside))
        for (inside, _), looks in zip(cut, plans, strict=True)
        for look in looks
    ]
    found = iter(_candidates(shown, run, spec))
    results = []
    for (_, corner), looks, spacing in zip(cut, plans, spacings, strict=True):
        hips = agree(
            looks, [next(found) for _ in looks], spec, largest_px=_largest_px(spec, spacing)
        )
        results.append(hips.shifted(*corner))
    return results


def _largest_px(spec: DetectorSpec, pixel_spacing_mm: Spacing) -> float:
    if spec.largest_hip_mm is None or pixel_spacing_mm is None:
        return math.inf
    return spec.largest_hip_mm / math.sqrt(math.prod(pixel_spacing_mm))


def _candidates(
    shown: Sequence[tuple[Look, NDArray[np.float32]]], run: Runner, spec: DetectorSpec
) -> list[list[HipDetection]]:
    squares: list[torch.Tensor] = []
    placed: list[Letterbox] = []
    for _, picture in shown:
        square, place = letterbox(torch.from_numpy(picture)[None, None], spec.image_size_px)
        squares.append(square)
        placed.append(place)
    found = []
    for start in range(0, len(squares), _BATCH):
        scores, boxes = run(torch.cat(squares[start : start + _BATCH]).numpy())
        found += [
            candidates(
                torch.from_numpy(scores[i]), torch.from_numpy(boxes[i]), placed[start + i], spec,
                lowest_score=_LOWEST * spec.score_threshold,
            )
            for i in range(len(scores))
        ]  # fmt: skip
    return found
