"""Precision and recall: the curve and the average precision.

Sources: Davis and Goadrich 2006 (ICML, why not to interpolate); Boyd, Eng and Page 2013 (ECML,
interval on the logit scale); Clopper and Pearson 1934 (the limit at a value of 1); Saito and
Rehmsmeier 2015 (PLoS ONE 10:e0118432).
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Curve, Estimate
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.checks import (
    Bools,
    Floats,
    cluster_codes,
    outcome_and_score,
    require_choice,
    require_level,
    safe_ratio,
    weight_matrix,
)
from osteon.statistics.limits import logit_limits, warning
from osteon.statistics.resampling import Resampling, cluster_influence

__all__ = ["average_precision", "average_precision_replicates", "precision_recall_curve"]


FEW = 20  # positives or patients with one: below it the interval holds less than it says


def _counts(truth: Bools, score: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighted true positives and calls at every distinct score, falling; (replicates, cuts)."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.flatnonzero(np.r_[np.diff(ordered) < 0, True]) if order.size else order
    w = w[:, order]
    true_positives = np.cumsum(w * truth[order], axis=1)[:, last]
    return true_positives, np.cumsum(w, axis=1)[:, last], ordered[last]


def precision_recall_curve(reference_standard: ArrayLike, score: ArrayLike) -> Curve:
    """Precision (positive predictive value) against recall (sensitivity), without a band.

    Parameters
    ----------
    reference_standard, score
        As in :func:`auroc`, shape (n,).

    Returns
    -------
    Curve
        ``x`` recall, rising; ``y`` precision; ``threshold`` the score from which a row is called
        positive. Recall is NaN when no row is positive.

    Examples
    --------
    >>> curve = precision_recall_curve([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.4])
    >>> curve.x.tolist(), curve.y.round(3).tolist()
    ([0.5, 1.0, 1.0], [1.0, 0.667, 0.5])
    """
    truth, values = outcome_and_score(reference_standard, score)
    if truth.size == 0:
        raise UsageError("precision_recall_curve got no rows")
    true_positives, calls, cuts = _counts(truth, values, weight_matrix(None, truth.size))
    with np.errstate(invalid="ignore"):
        recall = true_positives[0] / truth.sum()
    none = np.full(cuts.size, np.nan)
    precision = true_positives[0] / calls[0]
    return Curve(
        recall, precision, none, none, "recall", "precision", "empirical", truth.size, cuts
    )


def average_precision_replicates(
    reference_standard: ArrayLike, score: ArrayLike, *, weights: Floats | None = None
) -> Floats:
    """Average precision for every row of weights; shapes as in ``auroc_replicates``."""
    truth = np.asarray(reference_standard).astype(bool)
    w = weight_matrix(weights, truth.size)
    true_positives, calls, _ = _counts(truth, np.asarray(score, dtype=np.float64), w)
    gained = np.diff(true_positives, axis=1, prepend=0.0)
    totals = true_positives[:, -1]
    precision = np.nan_to_num(safe_ratio(true_positives, calls))
    return safe_ratio(np.einsum("ij,ij->i", gained, precision), totals)


def average_precision(
    reference_standard: ArrayLike,
    score: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    replicates: int = 2000,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Area under the precision-recall curve as a sum of steps (average precision).

    Estimand: the mean, over positives, of the precision at their score. It depends on the
    prevalence, so compare it only between data of one prevalence. Ties are one step.

    Parameters
    ----------
    reference_standard, score, cluster, level
        As in :func:`auroc`.
    method
        ``logit`` (Boyd 2013: standard error ``1 / sqrt(n_positive * p * (1 - p))`` on the logit
        scale; with clusters ``n_positive`` counts patients with a positive, and the infinitesimal
        jackknife over patients takes over where it is wider) or ``bootstrap`` (percentile, whole
        patients; too narrow with few positives, and says so).
    replicates, rng
        For the bootstrap.

    Returns
    -------
    Estimate
        Undefined without positives. At a value of 1 the lower limit is Clopper and Pearson's.

    Examples
    --------
    >>> average_precision([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.4]).value.__round__(3)
    0.833
    """
    require_level(level)
    require_choice("method", method, ("logit", "bootstrap"))
    truth, values = outcome_and_score(reference_standard, score)
    n, positives = truth.size, int(truth.sum())
    if positives == 0:
        reason = "no row is positive: precision has no average"
        return Estimate.undefined(reason, level=level, method=method, n=n)
    if method == "bootstrap":
        found = bootstrap(
            average_precision_replicates, truth, values, cluster=cluster,
            replicates=replicates, level=level, rng=rng,
        )  # fmt: skip
        units = np.arange(n) if cluster is None else cluster_codes(cluster, n)
        few = np.unique(units[truth]).size
        return replace(found, method=found.method + warning(few, FEW, "positives"))
    value = float(average_precision_replicates(truth, values)[0])
    codes = cluster_codes(cluster, n)
    counted = int(np.unique(codes[truth]).size)
    name = "logit (Boyd 2013)" + ("" if cluster is None else ", patients with a positive")
    if value >= 1:
        low = float(((1 - level) / 2) ** (1 / counted))
        return Estimate(value, low, 1.0, level, "Clopper-Pearson (the value is 1)", n)
    variance = value * (1 - value) / counted
    if cluster is not None:

        def statistic(w: Floats) -> Floats:
            return average_precision_replicates(truth, values, weights=w)

        variance = max(
            variance, float(np.sum(cluster_influence(statistic, Resampling(codes)) ** 2))
        )
    low, high = logit_limits(value, math.sqrt(variance), level, math.inf)
    return Estimate(value, low, high, level, name, n)
