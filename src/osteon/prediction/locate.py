"""Find the hips on films of any shape, whatever runtime the detector runs in."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.models.detector import HipDetection, candidates
from osteon.models.letterbox import Letterbox, letterbox
from osteon.models.spec import DetectorSpec
from osteon.pixels.field import cut_to_field
from osteon.prediction.runtime import Runner
from osteon.prediction.search import Look, Search, agree, looks_at

__all__ = ["locate"]

_BATCH = 32
_LOWEST = 0.2  # of the score threshold: candidates below it agree with nothing worth having


def locate(
    films: Sequence[NDArray[np.float32]],
    run: Runner,
    spec: DetectorSpec,
    *,
    search: Search = "whole",
) -> list[tuple[HipDetection, ...]]:
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
        Its architecture.
    search
        ``whole`` shows it every film once; ``windows`` also in overlapping windows, each as it is
        and mirrored (:mod:`osteon.prediction.search`): twenty times the work, and steadier on
        films unlike those of the training.

    Returns
    -------
    list
        For each film at most one box per side, best first, in pixels of the film given.
    """
    cut = [cut_to_field(film) for film in films]
    plans = [looks_at(inside.shape, search) for inside, _ in cut]
    shown = [
        (look, look.seen(inside))
        for (inside, _), looks in zip(cut, plans, strict=True)
        for look in looks
    ]
    found = iter(_candidates(shown, run, spec))
    results = []
    for (_, corner), looks in zip(cut, plans, strict=True):
        hips = agree(looks, [next(found) for _ in looks], spec)
        results.append(
            tuple(HipDetection(hip.laterality, hip.box.shifted(*corner), hip.score) for hip in hips)
        )
    return results


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
