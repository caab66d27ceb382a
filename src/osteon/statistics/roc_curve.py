"""The empirical ROC curve, and the area of several classes.

Sources: Fawcett 2006 (Pattern Recognit Lett 27:861, the curve and its cuts); Hand and Till 2001
(Mach Learn 45:171, several classes).
"""

import itertools

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.area_limits import AREA_METHODS, area_estimate
from osteon.statistics.bootstrap import Resampling, bootstrap
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    finite_array,
    number_table,
    outcome_and_score,
    require_choice,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.roc import auroc_replicates

__all__ = [
    "hand_till",
    "roc_curve",
    "roc_points",
]


def roc_points(
    truth: Bools, score: Floats, weights: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Find the false- and true-positive fraction at every cut, for every row of weights.

    Cuts lie midway between neighbouring scores, from plus to minus infinity; a row is called
    positive when its score is at least the cut. Returns arrays of shapes (replicates, cuts),
    (replicates, cuts) and (cuts,); NaN where a class has no weight.
    """
    w = weight_matrix(weights, truth.size)
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.flatnonzero(np.r_[np.diff(ordered) < 0, True]) if order.size else order
    zeros = np.zeros((w.shape[0], 1))
    w = w[:, order]
    with np.errstate(invalid="ignore", divide="ignore"):
        tp = np.cumsum(w * truth[order], axis=1)
        fp = np.cumsum(w * ~truth[order], axis=1)
        tpf = np.hstack([zeros, tp[:, last]]) / tp[:, -1:]
        fpf = np.hstack([zeros, fp[:, last]]) / fp[:, -1:]
    distinct = ordered[last]
    middle = (distinct[:-1] + distinct[1:]) / 2
    middle = np.where(middle <= distinct[1:], distinct[:-1], middle)  # neighbours in floating point
    return fpf, tpf, np.concatenate([[np.inf], middle, [-np.inf]])


def roc_curve(reference_standard: ArrayLike, score: ArrayLike) -> Curve:
    """Empirical ROC curve, without a band.

    Parameters
    ----------
    reference_standard, score
        As in :func:`auroc`, shape (n,).

    Returns
    -------
    Curve
        ``x`` the false-positive fraction, ``y`` the sensitivity, ``threshold`` the cut (a score
        at least as high is called positive); ``low`` and ``high`` are NaN. NaN throughout when a
        class is empty.

    Examples
    --------
    >>> curve = roc_curve([0, 1, 1], [0.2, 0.2, 0.9])
    >>> curve.x.tolist(), curve.y.tolist(), curve.threshold.tolist()
    ([0.0, 0.0, 1.0], [0.0, 0.5, 1.0], [inf, 0.55, -inf])
    """
    truth, values = outcome_and_score(reference_standard, score)
    if truth.size == 0:
        raise UsageError("roc_curve got no rows")
    fpf, tpf, cuts = roc_points(truth, values)
    none = np.full(cuts.size, np.nan)
    return Curve(
        fpf[0], tpf[0], none, none, "false_positive_fraction", "sensitivity", "empirical",
        truth.size, cuts,
    )  # fmt: skip


def hand_till(
    reference_standard: ArrayLike,
    probabilities: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "logit",
) -> Estimate:
    """Hand and Till's M: the mean over pairs of classes of the area between the two.

    Parameters
    ----------
    reference_standard
        Class number of every row, 0 to k - 1, shape (n,).
    probabilities
        Shape (n, k).
    cluster, level
        As in :func:`auroc`.
    method
        ``logit`` (:mod:`osteon.statistics.area_limits`; needs no ``rng``) or ``bootstrap``
        (percentile: too narrow when a class is small).
    rng, replicates
        For the bootstrap; a replicate that loses a class averages the others.

    Returns
    -------
    Estimate
        Classes without rows make no pair.

    Raises
    ------
    DataError
        If a class number has no column, or something is not a finite number.
    """
    require_level(level)
    require_choice("method", method, AREA_METHODS)
    numbers = finite_array("reference_standard", reference_standard)
    table = number_table("probabilities", probabilities, "(n, classes)").T
    same_length(reference_standard=numbers, probabilities=table)
    wrong = (numbers < 0) | (numbers >= len(table)) | (numbers != np.rint(numbers))
    if wrong.any():
        raise DataError(
            f"reference_standard is {numbers[wrong][0]:g}, wanted class numbers from 0 to"
            f" {len(table) - 1}, one for each column of probabilities"
        )
    truth = numbers.astype(np.intp)
    present = [int(c) for c in np.unique(truth)]
    if len(present) < 2:
        return Estimate.undefined(
            "fewer than two classes have rows", level=level, method=method, n=truth.size
        )

    def statistic(t: Codes, p: Floats, *, weights: Floats) -> Floats:
        areas = []
        for i, j in itertools.permutations(present, 2):
            rows = (t == i) | (t == j)
            areas.append(auroc_replicates(t[rows] == i, p[i][rows], weights=weights[:, rows]))
        stacked = np.stack(areas)
        counts = (~np.isnan(stacked)).sum(axis=0)
        with np.errstate(invalid="ignore"):
            return np.where(counts > 0, np.nansum(stacked, axis=0) / counts, np.nan)

    if method == "logit":
        plan = Resampling.of(truth.size, cluster)
        first, second = sorted(np.unique(plan.codes[truth == c]).size for c in present)[:2]
        return area_estimate(
            lambda w: statistic(truth, table, weights=w), plan, (first, second), level, truth.size
        )
    return bootstrap(
        statistic, truth, table, cluster=cluster, replicates=replicates, level=level, rng=rng
    )
