"""Boxes of many images, and which detection hits which box, matched greedily as COCO does.

Sources: Lin et al. 2014 (ECCV, Microsoft COCO) and its evaluation code (matching, crowd regions,
size ranges).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.errors import DataError
from osteon.statistics.checks import Bools, Codes, Floats, box_array

__all__ = ["BoxTable", "Matches", "match_class"]


@dataclass(frozen=True, slots=True, eq=False)
class BoxTable:
    """Boxes of many images, one row each.

    Parameters
    ----------
    image
        Image id of every box, shape (n,).
    label
        Class of every box, shape (n,).
    box
        Corners x_min, y_min, x_max, y_max, shape (n, 4).
    score
        Shape (n,), for detections; ``None`` for the reference standard.
    crowd
        Shape (n,), bool: regions that may match any number of detections and count for nothing.
    area_px
        Shape (n,): area for the size ranges where it is not the box's (COCO: the segment's).
    """

    image: NDArray[np.generic]
    label: NDArray[np.generic]
    box: Floats
    score: Floats | None = None
    crowd: Bools | None = None
    area_px: Floats | None = None

    @classmethod
    def of(
        cls,
        image: ArrayLike,
        label: ArrayLike,
        box: ArrayLike,
        *,
        score: ArrayLike | None = None,
        crowd: ArrayLike | None = None,
        area_px: ArrayLike | None = None,
    ) -> "BoxTable":
        """Check and build; lengths must agree."""
        boxes = box_array("box", box)
        optional = [
            None if item is None else np.asarray(item, dtype=kind)
            for item, kind in ((score, float), (crowd, bool), (area_px, float))
        ]
        table = cls(np.asarray(image), np.asarray(label), boxes, *optional)
        for name in ("image", "label", "score", "crowd", "area_px"):
            column = getattr(table, name)
            if column is not None and column.shape != (len(boxes),):
                raise DataError(f"{name} has shape {column.shape}, wanted ({len(boxes)},)")
        return table

    @property
    def area(self) -> Floats:
        """Area of every box in square pixels, as given or from the corners."""
        if self.area_px is not None:
            return self.area_px
        return np.asarray((self.box[:, 2:] - self.box[:, :2]).prod(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Detections of one class, highest score first, and what became of them.

    ``image`` (d,) numbers the images, ``hit`` and ``ignored`` are (ious, d), ``n_reference`` counts
    the boxes to be found in each image, shape (images,).
    """

    image: Codes
    hit: Bools
    ignored: Bools
    n_reference: Floats


def _crowd_iou(detected: Floats, reference: Floats, crowd: Bools) -> Floats:
    low = np.maximum(detected[:, None, :2], reference[None, :, :2])
    high = np.minimum(detected[:, None, 2:], reference[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    own = (detected[:, 2:] - detected[:, :2]).prod(axis=1)[:, None]
    theirs = (reference[:, 2:] - reference[:, :2]).prod(axis=1)[None, :]
    return np.asarray(shared / np.where(crowd[None, :], own, own + theirs - shared))


def _match_image(
    iou: Floats, ignored_reference: Bools, crowd: Bools, thresholds: Sequence[float]
) -> tuple[Codes, Bools]:
    """Greedy matching of one image: reference number or -1 for (ious, detections)."""
    matched = np.full((len(thresholds), iou.shape[0]), -1, dtype=np.intp)
    ignored = np.zeros(matched.shape, dtype=bool)
    counted = ~ignored_reference
    for t, threshold in enumerate(thresholds):
        free = np.ones(iou.shape[1], dtype=bool)
        for d in range(iou.shape[0]):
            open_to = (free | crowd) & (iou[d] >= min(threshold, 1 - 1e-10))
            choice = open_to & counted if (open_to & counted).any() else open_to
            if not choice.any():
                continue
            overlap = np.where(choice, iou[d], -1.0)
            best = int(overlap.size - 1 - np.argmax(overlap[::-1]))  # the last of equals, as COCO
            matched[t, d], free[best], ignored[t, d] = best, False, ignored_reference[best]
    return matched, ignored


def match_class(
    reference: BoxTable,
    detected: BoxTable,
    label: object,
    image_ids: NDArray[np.generic],
    area: tuple[float, float],
    options: tuple[Sequence[float], int],
) -> Matches:
    """Match the detections of one class, image by image.

    Parameters
    ----------
    reference, detected
        All boxes.
    label
        The class.
    image_ids
        Ids of the images, which the result numbers in this order.
    area
        Least and greatest area in square pixels: others may match, and count for nothing.
    options
        Overlaps from which a detection is a hit, and the detections taken of an image.
    """
    thresholds, max_detections = options
    score = np.zeros(len(detected.box)) if detected.score is None else detected.score
    hits, ignoreds, images, scores = [], [], [], []
    n_reference = np.zeros(len(image_ids))
    of_label = np.flatnonzero(reference.label == label)
    own = np.flatnonzero(detected.label == label)
    for number, image in enumerate(image_ids):
        rows = of_label[reference.image[of_label] == image]
        found = own[detected.image[own] == image]
        found = found[np.argsort(-score[found], kind="stable")][:max_detections]
        crowd = np.zeros(len(rows), bool) if reference.crowd is None else reference.crowd[rows]
        outside = (reference.area[rows] < area[0]) | (reference.area[rows] > area[1])
        ignored_reference = crowd | outside
        n_reference[number] = np.count_nonzero(~ignored_reference)
        if not len(found):
            continue
        iou = _crowd_iou(detected.box[found], reference.box[rows], crowd)
        matched, ignored = _match_image(iou, ignored_reference, crowd, thresholds)
        far = (detected.area[found] < area[0]) | (detected.area[found] > area[1])
        hits.append(matched >= 0)
        ignoreds.append(ignored | ((matched < 0) & far))
        images.append(np.full(len(found), number))
        scores.append(score[found])
    if not hits:
        none = np.zeros((len(thresholds), 0), dtype=bool)
        return Matches(np.zeros(0, dtype=np.intp), none, none, n_reference)
    order = np.argsort(-np.concatenate(scores), kind="stable")
    return Matches(
        np.concatenate(images)[order].astype(np.intp),
        np.hstack(hits)[:, order],
        np.hstack(ignoreds)[:, order],
        n_reference,
    )
