"""Boxes against the reference standard: overlap, matching, and what a study reports of them.

Sources: Everingham et al. 2010 (PASCAL VOC, overlap and greedy matching); Krogue et al. 2020
(mean, SD and minimum over the labelled hips, misses counted).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.core.records import Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.bounded_mean import MEAN_METHODS, bounded_mean
from osteon.statistics.checks import (
    Codes,
    Floats,
    box_array,
    number_table,
    require_choice,
    require_level,
    safe_ratio,
)
from osteon.statistics.proportion import proportion

__all__ = ["BoxSummary", "box_iou", "iou_matrix", "match_boxes", "mean_replicates", "summarise_iou"]


def _overlap(first: Floats, second: Floats) -> Floats:
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    area_first = (first[..., 2:] - first[..., :2]).prod(axis=-1)
    area_second = (second[..., 2:] - second[..., :2]).prod(axis=-1)
    return np.asarray(shared / (area_first + area_second - shared))


def box_iou(first: ArrayLike, second: ArrayLike) -> Floats:
    """Intersection over union of boxes row by row.

    Boxes are (x_min, y_min, x_max, y_max), a pixel covering [c, c + 1); both arrays (n, 4).
    Returns shape (n,), in [0, 1].

    Examples
    --------
    >>> box_iou([[0, 0, 10, 10]], [[5, 0, 15, 10]]).round(3).tolist()
    [0.333]
    """
    a, b = box_array("first", first), box_array("second", second)
    if a.shape != b.shape:
        raise DataError(f"got {len(a)} and {len(b)} boxes, wanted pairs row by row")
    return _overlap(a, b)


def iou_matrix(first: ArrayLike, second: ArrayLike) -> Floats:
    """Intersection over union of every pair; boxes (m, 4) and (n, 4), result (m, n)."""
    a, b = box_array("first", first), box_array("second", second)
    return _overlap(a[:, None, :], b[None, :, :])


def match_boxes(iou: Floats, *, min_iou: float = 0.5, score: Floats | None = None) -> Codes:
    """Match predictions to reference boxes, greedily.

    Predictions are taken by falling ``score`` (rows in their order without scores); each takes
    the free reference box it overlaps most, if by at least ``min_iou``.

    Parameters
    ----------
    iou
        Shape (predictions, references).
    min_iou
        In (0, 1].
    score
        Shape (predictions,).

    Returns
    -------
    ndarray
        Shape (predictions,): the reference's number, or -1.

    Examples
    --------
    >>> match_boxes(np.array([[0.9, 0.1], [0.8, 0.6], [0.7, 0.0]])).tolist()
    [0, 1, -1]
    """
    if not 0 < min_iou <= 1:
        raise UsageError(f"min_iou is {min_iou}, wanted a number in (0, 1]")
    number_table("iou", iou, "(predictions, references)")
    if score is not None and score.shape != iou.shape[:1]:
        raise DataError(f"score has shape {score.shape}, wanted ({len(iou)},)")
    matched = np.full(iou.shape[0], -1, dtype=np.intp)
    if iou.shape[1] == 0:
        return matched
    free = np.ones(iou.shape[1], dtype=bool)
    order = np.arange(iou.shape[0]) if score is None else np.argsort(-score, kind="stable")
    for row in order:
        overlap = np.where(free, iou[row], -1.0)
        best = int(np.argmax(overlap))
        if overlap[best] >= min_iou:
            matched[row], free[best] = best, False
    return matched


def mean_replicates(values: ArrayLike, *, weights: Floats) -> Floats:
    """Weighted mean for every row of weights, rows without a value (NaN) left out.

    ``values`` (n,), ``weights`` (replicates, n); returns (replicates,), NaN where nothing is left.
    """
    array = np.asarray(values, dtype=np.float64)
    there = ~np.isnan(array)
    return safe_ratio(weights[:, there] @ array[there], weights[:, there].sum(axis=1))


@dataclass(frozen=True, slots=True)
class BoxSummary:
    """How well boxes fit, over the labelled structures.

    Parameters
    ----------
    mean_iou
        Over the structures that were found, with its interval.
    sd_iou, min_iou
        Standard deviation (n - 1) and minimum over the same; NaN when too few.
    n, n_missed
        Labelled structures, and how many got no box at all.
    found
        Share of the structures with overlap of at least ``threshold``, misses counted as failures.
    threshold
        The overlap that counts as found.
    """

    mean_iou: Estimate
    sd_iou: float
    min_iou: float
    n: int
    n_missed: int
    found: Estimate
    threshold: float


def summarise_iou(
    iou: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    cluster: ArrayLike | None = None,
    threshold: float = 0.5,
    replicates: int = 2000,
    one_per_cluster: bool = False,
    level: float = 0.95,
    method: str = "gaffke",
) -> BoxSummary:
    """Summarise the overlap of one box for each labelled structure.

    Parameters
    ----------
    iou
        Overlap of every labelled structure with its box, in [0, 1]; NaN where there is no box
        (a miss); shape (n,).
    rng, cluster, replicates, one_per_cluster, level
        As in :func:`bootstrap`.
    threshold
        Overlap that counts as found.
    method
        Interval of the mean: ``gaffke`` (:mod:`osteon.statistics.bounded_mean`) or ``bootstrap``
        (percentile: too narrow with few structures); always the bootstrap with
        ``one_per_cluster``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> summary = summarise_iou([0.9, 0.8, float("nan"), 0.4], rng=rng)
    >>> round(summary.mean_iou.value, 2), summary.min_iou, summary.n_missed, summary.found.value
    (0.7, 0.4, 1, 0.5)
    """
    require_level(level)
    require_choice("method", method, MEAN_METHODS)
    values = number_table("iou", iou, "(n)", missing=True)
    there: NDArray[np.float64] = values[~np.isnan(values)]
    if there.size and (there.min() < 0 or there.max() > 1):
        raise DataError(f"iou runs from {there.min()} to {there.max()}, wanted [0, 1]")
    if there.size and method == "gaffke" and not one_per_cluster:
        mean = bounded_mean(values, cluster, (0.0, 1.0), level)
    elif there.size:
        mean = bootstrap(
            mean_replicates, values, cluster=cluster, rng=rng, replicates=replicates,
            one_per_cluster=one_per_cluster, level=level,
        )  # fmt: skip
    else:
        mean = Estimate.undefined("no box was found", level=level, method="mean", n=values.size)
    found = proportion(np.nan_to_num(values) >= threshold, cluster=cluster, level=level)
    return BoxSummary(
        mean_iou=mean,
        sd_iou=float(there.std(ddof=1)) if there.size > 1 else math.nan,
        min_iou=float(there.min()) if there.size else math.nan,
        n=values.size,
        n_missed=int(np.isnan(values).sum()),
        found=found,
        threshold=threshold,
    )
