"""Find the hips on films of any shape, whatever runtime the detector runs in."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.models.detector import HipDetection, select
from osteon.models.letterbox import Letterbox, letterbox
from osteon.models.spec import DetectorSpec
from osteon.pixels.field import cut_to_field
from osteon.prediction.runtime import Runner

__all__ = ["locate", "locate_in_field", "locate_with_mirrors", "merged_with_mirror"]

Films = Sequence[NDArray[np.float32]]


def locate(films: Films, run: Runner, spec: DetectorSpec) -> list[tuple[HipDetection, ...]]:
    """Find the hips on each film.

    Parameters
    ----------
    films
        float32 (rows, columns) in [0, 1], each of its own shape.
    run
        The detector, from :func:`osteon.prediction.runtime.runner`.
    spec
        Its architecture.

    Returns
    -------
    list
        For each film at most one box per side, best first, in pixels of that film.
    """
    squares: list[torch.Tensor] = []
    placed: list[Letterbox] = []
    for film in films:
        square, place = letterbox(
            torch.from_numpy(np.array(film, np.float32))[None, None], spec.image_size_px
        )
        squares.append(square)
        placed.append(place)
    if not squares:
        return []
    scores, boxes = run(torch.cat(squares).numpy())
    return [
        select(torch.from_numpy(scores[i]), torch.from_numpy(boxes[i]), place, spec)
        for i, place in enumerate(placed)
    ]


def locate_with_mirrors(
    films: Films, run: Runner, spec: DetectorSpec
) -> list[tuple[HipDetection, ...]]:
    """Find the hips on each film and on its mirror image, and merge the two.

    Mirroring turns a left hip into a right one, so sides are swapped back.
    """
    straight = locate(films, run, spec)
    turned = locate([film[:, ::-1] for film in films], run, spec)
    return [
        merged_with_mirror(one, other, float(film.shape[1]))
        for film, one, other in zip(films, straight, turned, strict=True)
    ]


def merged_with_mirror(
    straight: tuple[HipDetection, ...], turned: tuple[HipDetection, ...], width_px: float
) -> tuple[HipDetection, ...]:
    """Merge the boxes of a film and of its mirror image.

    Boxes of one side that overlap by half are averaged, weighted by their scores, and get the
    mean score; where they do not, or one is missing, the better is kept at half its score: the
    mirror image saw no such hip.
    """
    back = [
        HipDetection(Laterality(item.laterality).other, item.box.mirrored(width_px), item.score)
        for item in turned
    ]
    merged: list[HipDetection] = []
    for side in Laterality:
        pair = [item for item in (*straight, *back) if item.laterality == side]
        if len(pair) == 2 and pair[0].box.iou(pair[1].box) >= 0.5:
            merged.append(HipDetection(side, _mean_box(pair), (pair[0].score + pair[1].score) / 2))
        elif pair:
            best = max(pair, key=lambda item: item.score)
            merged.append(HipDetection(side, best.box, best.score / 2))
    return tuple(sorted(merged, key=lambda item: -item.score))


def _mean_box(pair: Sequence[HipDetection]) -> Box:
    coordinates = np.array([item.box.as_tuple() for item in pair])
    weights = np.array([item.score for item in pair])
    x_min, y_min, x_max, y_max = np.average(coordinates, axis=0, weights=weights).tolist()
    return Box(x_min, y_min, x_max, y_max)


def locate_in_field(
    films: Films, run: Runner, spec: DetectorSpec, *, with_mirrors: bool = False
) -> list[tuple[HipDetection, ...]]:
    """Find the hips between the collimator's blades of each film.

    Beyond the blades there is no patient: the detector sees the film cut to its exposed field
    (:func:`osteon.pixels.field.exposed_field`), as it did in training, so that nothing a border
    holds or where it lies changes a box.

    Parameters
    ----------
    films, run, spec
        As for :func:`locate`.
    with_mirrors
        Whether each film's mirror image is asked, too (:func:`locate_with_mirrors`).

    Returns
    -------
    list
        For each film at most one box per side, best first, in pixels of the film given.
    """
    cut = [cut_to_field(film) for film in films]
    search = locate_with_mirrors if with_mirrors else locate
    found = search([inside for inside, _ in cut], run, spec)
    return [
        tuple(
            HipDetection(hip.laterality, hip.box.shifted(*corner), hip.score) for hip in detections
        )
        for detections, (_, corner) in zip(found, cut, strict=True)
    ]
