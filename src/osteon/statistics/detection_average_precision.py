"""Average precision of boxes as COCO computes it, with intervals by whole patients.

Sources: Lin et al. 2014 (ECCV, Microsoft COCO) and its evaluation code (matching, crowd regions,
size ranges, 101 recall points); Everingham et al. 2010 (VOC: every recall step); Boyd, Eng and Page
2013 (ECML, interval on the logit scale).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.area_limits import AREA_METHODS
from osteon.statistics.bootstrap import replicate_values, summarise
from osteon.statistics.checks import (
    Floats,
    require_choice,
    require_generator,
    require_level,
    safe_ratio,
)
from osteon.statistics.detection_matching import BoxTable, Matches, match_class
from osteon.statistics.limits import logit_limits
from osteon.statistics.proportion import proportion_from_counts
from osteon.statistics.resampling import Resampling, cluster_influence

__all__ = [
    "COCO_AREAS_PX",
    "COCO_IOUS",
    "MapResult",
    "mean_average_precision",
]

COCO_IOUS = tuple(float(x) for x in np.linspace(0.5, 0.95, 10))
COCO_AREAS_PX = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
RECALLS = np.linspace(0, 1, 101)


def _average_precision(
    matches: Matches, weights: Floats, every_step: bool
) -> tuple[Floats, Floats]:
    """Average precision and final recall for (replicates, ious); NaN without references."""
    counts = weights[:, matches.image]
    wanted = weights @ matches.n_reference
    shape = (len(weights), len(matches.hit))
    precision, recall = np.full(shape, np.nan), np.full(shape, np.nan)
    there = np.flatnonzero(wanted > 0)
    for t, (hit, ignored) in enumerate(zip(matches.hit, matches.ignored, strict=True)):
        true = np.cumsum(counts[there] * (hit & ~ignored), axis=1)
        calls = np.cumsum(counts[there] * ~ignored, axis=1)
        reached = true / wanted[there, None]
        share = true / np.maximum(calls, np.spacing(1.0))
        best = np.maximum.accumulate(share[:, ::-1], axis=1)[:, ::-1]
        recall[there, t] = reached[:, -1] if reached.shape[1] else 0.0
        if every_step:
            precision[there, t] = np.sum(np.diff(reached, prepend=0.0, axis=1) * best, axis=1)
            continue
        for r, x, y in zip(there, reached, best, strict=True):
            place = np.searchsorted(x, RECALLS, side="left")
            precision[r, t] = np.append(y, 0.0)[place].mean()
    return precision, recall


@dataclass(frozen=True, slots=True)
class MapResult:
    """Mean average precision with its interval, and by class without.

    ``recall`` is the mean over classes and overlaps of the share found with all detections taken.
    """

    mean: Estimate
    by_class: dict[str, float]
    recall: float


def mean_average_precision(
    reference: BoxTable,
    detected: BoxTable,
    *,
    ious: Sequence[float] = COCO_IOUS,
    area_range: str = "all",
    max_detections: int = 100,
    every_step: bool = False,
    cluster_of_image: Mapping[object, object] | None = None,
    level: float = 0.95,
    method: str = "logit",
    replicates: int = 2000,
    rng: np.random.Generator | None = None,
) -> MapResult:
    """Mean over classes and overlaps of the average precision of detections.

    Parameters
    ----------
    reference, detected
        Boxes; ``detected`` has scores. Images without boxes do not count, as in COCO.
    ious
        Overlaps from which a detection is a hit; COCO's ten by default, ``(0.5,)`` for VOC.
    area_range
        One of ``COCO_AREAS_PX``.
    max_detections
        Highest-scored detections taken for each image and class.
    every_step
        Integrate over every recall step (VOC 2010) instead of COCO's 101 points.
    cluster_of_image
        Patient of every image id.
    level
        Confidence level.
    method
        ``logit`` (Boyd 2013: each class's mean precision p has the variance ``p (1 - p) / patients
        with a box to find``; the infinitesimal jackknife over patients, of the areas over every
        recall step, takes over where it is wider) or ``bootstrap`` (percentile, whole patients or
        images; too narrow with few boxes).
    replicates, rng
        For the bootstrap.

    Returns
    -------
    MapResult
        The mean is undefined without reference boxes; classes without them are left out. At a mean
        of 0 or 1 the interval is Clopper and Pearson's of the patients with a box.

    Examples
    --------
    >>> truth = BoxTable.of([1, 2], ["hip", "hip"], [[0, 0, 10, 10], [5, 5, 20, 20]])
    >>> found = BoxTable.of(
    ...     [1, 2], ["hip", "hip"], [[0, 0, 10, 10], [0, 0, 6, 6]], score=[0.9, 0.8]
    ... )
    >>> round(mean_average_precision(truth, found, ious=[0.5]).mean.value, 3)
    0.505
    """
    require_level(level)
    require_choice("method", method, AREA_METHODS)
    if detected.score is None and len(detected.box):
        raise DataError("detected boxes have no score", remedy="build them with score=")
    images = np.unique(np.concatenate([reference.image, detected.image]))
    labels = np.unique(reference.label)
    area = COCO_AREAS_PX[area_range]
    options = (tuple(ious), max_detections)
    found = [match_class(reference, detected, c, images, area, options) for c in labels]
    precision, recall = _of_classes(found, np.ones((1, len(images))), every_step)
    by_class = {
        str(c): float(p[0].mean()) for c, p in zip(labels, precision, strict=True)
        if not np.isnan(p[0]).any()
    }  # fmt: skip
    ids = None
    if cluster_of_image is not None:
        ids = np.array([str(cluster_of_image[i]) for i in images.tolist()])
    plan, n = Resampling.of(len(images), ids), len(reference.box)
    name = f"average precision at {len(ious)} overlaps"
    point = float(_nanmean(precision)[0])
    if math.isnan(point):
        mean = Estimate.undefined("no reference box to find", level=level, method=name, n=n)
    elif method == "bootstrap":

        def statistic(_: NDArray[np.generic], *, weights: Floats) -> Floats:
            return _nanmean(_of_classes(found, weights, every_step)[0])

        values = replicate_values(statistic, (images,), plan, replicates, require_generator(rng))
        told = f"{name}, bootstrap of {'images' if ids is None else 'patients'} ({replicates})"
        mean = summarise(values, point, level=level, method=told, n=n)
    else:
        low, high, how = _logit(found, list(by_class.values()), plan, point, level)
        mean = Estimate(point, low, high, level, f"{name}, {how}", n)
    return MapResult(mean, by_class, float(_nanmean(recall)[0]))


def _of_classes(
    found: Sequence[Matches], weights: Floats, every_step: bool
) -> tuple[Floats, Floats]:
    """Average precision and final recall; (classes, replicates, ious)."""
    pairs = [_average_precision(m, weights, every_step) for m in found]
    if not pairs:
        nothing = np.full((0, len(weights), 1), np.nan)
        return nothing, nothing
    return np.stack([p for p, _ in pairs]), np.stack([q for _, q in pairs])


def _logit(
    found: Sequence[Matches],
    by_class: Sequence[float],
    plan: Resampling,
    point: float,
    level: float,
) -> tuple[float, float, str]:
    """Limits and how they were made; ``by_class`` holds the classes with a box to find."""
    there = [m for m in found if m.n_reference.sum() > 0]
    counts = [int(np.unique(plan.codes[m.n_reference > 0]).size) for m in there]
    patients = min(counts)
    if not 0 < point < 1:
        whole = proportion_from_counts(
            round(point) * patients, patients, level=level, method="clopper-pearson"
        )
        return whole.low, whole.high, f"Clopper-Pearson (the value is {point:g})"
    own = [p * (1 - p) / count for p, count in zip(by_class, counts, strict=True)]
    influence = cluster_influence(lambda w: _nanmean(_of_classes(there, w, True)[0]), plan)
    variance = max(sum(own) / len(own) ** 2, float(influence @ influence))
    low, high = logit_limits(point, math.sqrt(variance), level, math.inf)
    return low, high, "logit (Boyd 2013), patients with a box"


def _nanmean(values: Floats) -> Floats:
    """Mean over classes and overlaps of (classes, replicates, ious); NaN where nothing is."""
    there = ~np.isnan(values)
    counts = there.sum(axis=(0, 2))
    totals = np.where(there, values, 0.0).sum(axis=(0, 2))
    return safe_ratio(totals, counts.astype(np.float64))
