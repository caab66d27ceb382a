"""Proportions and the accuracy of a yes/no test, with patients as clusters.

Sources: Wilson 1927; Clopper and Pearson 1934; Agresti and Coull 1998; Newcombe 1998 (Stat Med
17:857); Rao and Scott 1992 (Biometrics 48:577, ratio estimator and design effect); Simel et al.
1991 (J Clin Epidemiol 44:763, likelihood ratios); Mercaldo et al. 2007 (Stat Med 26:2170,
predictive values at a stated prevalence).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    binary_array,
    cluster_codes,
    require_choice,
    require_level,
    safe_ratio,
    same_length,
)
from osteon.statistics.limits import warning
from osteon.statistics.share_limits import share_limits, symmetric_limits

__all__ = [
    "PROPORTION_METHODS",
    "accuracy",
    "clustered_variance",
    "proportion",
    "proportion_difference",
    "proportion_from_counts",
    "proportion_replicates",
    "sensitivity",
    "specificity",
]

FEW = 15  # successes or failures: below it Wald's interval holds less than it says
PROPORTION_METHODS = ("wilson", "clopper-pearson", "agresti-coull", "wald", "jeffreys", "logit")


def proportion_from_counts(
    successes: float, n: float, *, level: float = 0.95, method: str = "wilson"
) -> Estimate:
    """Estimate a proportion from counts.

    Parameters
    ----------
    successes, n
        Counts with 0 <= successes <= n; fractions are allowed (an effective sample size is
        rarely whole).
    level
        Confidence level.
    method
        ``wilson``, ``clopper-pearson``, ``agresti-coull``, ``wald`` (too narrow with few successes
        or failures, and says so), ``jeffreys`` or ``logit``.

    Returns
    -------
    Estimate
        Undefined with a reason when ``n`` is 0; ``wald`` and ``logit`` have no interval at 0 and
        1 and say so.

    Examples
    --------
    >>> proportion_from_counts(81, 263).formatted(4)
    '0.3080 (0.2553, 0.3662)'
    """
    require_level(level)
    require_choice("method", method, PROPORTION_METHODS)
    if not 0 <= successes <= n:
        raise DataError(f"got {successes} successes of {n}, wanted 0 <= successes <= n")
    if n == 0:
        return Estimate.undefined("no observations", level=level, method=method, n=0)
    low, high = share_limits(float(successes), float(n), level, method)
    reason = None if not math.isnan(low) else f"no {method} interval when all or none succeed"
    name = method + _warned(successes, n, method)
    return Estimate(float(successes / n), low, high, level, name, round(n), reason)


def _warned(successes: float, n: float, method: str) -> str:
    few = round(min(successes, n - successes))
    return warning(few, FEW, "successes or failures") if method == "wald" else ""


def clustered_variance(values: Floats, sizes: Floats) -> float:
    """Variance of a ratio of cluster totals, ``sum(values) / sum(sizes)``.

    ``K / (K - 1) * sum((values_k - ratio * sizes_k)**2) / sum(sizes)**2`` over the K clusters
    (Rao and Scott 1992, eq. 3); both arrays have shape (K,). NaN for fewer than two clusters.
    """
    k = np.count_nonzero(sizes)
    if k < 2:
        return math.nan
    ratio = values.sum() / sizes.sum()
    return float(k / (k - 1) * np.sum((values - ratio * sizes) ** 2) / sizes.sum() ** 2)


def proportion(
    success: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "wilson",
) -> Estimate:
    """Estimate the proportion of successes.

    Estimand: the chance that a row is a success. With clusters the variance is the ratio
    estimator's, whose design effect turns ``n`` into an effective sample size
    ``p (1 - p) / variance`` for the interval's formula, and the normal quantile is replaced by
    Student's with clusters - 1 degrees of freedom. When all rows agree the design effect cannot
    be seen, and the number of clusters is taken as sample size: the cautious end.

    Parameters
    ----------
    success
        0 or 1 for every row, shape (n,).
    cluster
        Patient of every row, shape (n,).
    level
        Confidence level.
    method
        One of ``PROPORTION_METHODS``.

    Examples
    --------
    >>> proportion([1, 1, 1, 0, 1, 0, 1, 1], cluster=[1, 1, 2, 2, 3, 3, 4, 4]).method
    'wilson, clustered (ratio estimator)'
    """
    good = binary_array("success", success).astype(np.float64)
    if cluster is None:
        return proportion_from_counts(good.sum(), good.size, level=level, method=method)
    require_level(level)
    require_choice("method", method, PROPORTION_METHODS)
    name = f"{method}, clustered (ratio estimator)"
    codes = cluster_codes(cluster, good.size)
    if good.size == 0:
        return Estimate.undefined("no observations", level=level, method=name, n=0)
    sizes = np.bincount(codes).astype(np.float64)
    if sizes.size < 2:
        return Estimate(
            float(good.mean()),
            math.nan,
            math.nan,
            level,
            name,
            good.size,
            "one cluster: no variance",
        )
    low, high = _clustered_limits(np.bincount(codes, good).astype(np.float64), sizes, level, method)
    reason = None if not math.isnan(low) else f"no {method} interval when all or none succeed"
    name += _warned(float(good.sum()), good.size, method)
    return Estimate(float(good.mean()), low, high, level, name, good.size, reason)


def _clustered_limits(
    values: Floats, sizes: Floats, level: float, method: str
) -> tuple[float, float]:
    k, p = sizes.size, float(values.sum() / sizes.sum())
    variance = clustered_variance(values, sizes)
    quantile = float(special.stdtrit(k - 1, (1 + level) / 2))
    if method in ("wald", "logit"):
        if p in (0.0, 1.0):
            return math.nan, math.nan
        return symmetric_limits(p, math.sqrt(variance), quantile, method)
    if p in (0.0, 1.0):
        effective = float(k)
    else:
        effective = p * (1 - p) / variance if variance > 0 else float(k)
    effective *= (float(special.ndtri((1 + level) / 2)) / quantile) ** 2
    return share_limits(p * effective, effective, level, method)


def proportion_replicates(
    success: ArrayLike,
    among: ArrayLike | None = None,
    *,
    weights: Floats,
) -> Floats:
    """Weighted proportion of ``success`` among the rows where ``among`` holds.

    Arrays of shape (n,), ``weights`` (replicates, n); returns (replicates,), NaN where no row
    is among. This is the statistic to hand to :func:`bootstrap` for accuracy, sensitivity,
    specificity and predictive values.
    """
    good = np.asarray(success, dtype=np.float64)
    chosen = np.ones_like(good) if among is None else np.asarray(among, dtype=np.float64)
    return safe_ratio(weights @ (good * chosen), weights @ chosen)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    truth: Bools
    called: Bools
    codes: Codes | None


def _pair(reference_standard: ArrayLike, predicted: ArrayLike, cluster: ArrayLike | None) -> _Pair:
    truth = binary_array("reference_standard", reference_standard)
    called = binary_array("predicted", predicted)
    n = same_length(reference_standard=truth, predicted=called)
    return _Pair(truth, called, None if cluster is None else cluster_codes(cluster, n))


def _among(pair: _Pair, good: Bools, rows: Bools, level: float, method: str) -> Estimate:
    codes = None if pair.codes is None else pair.codes[rows]
    return proportion(good[rows], cluster=codes, level=level, method=method)


def accuracy(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "wilson",
) -> Estimate:
    """Share of rows called right; classes of any number and kind, arrays of shape (n,)."""
    truth, called = np.asarray(reference_standard), np.asarray(predicted)
    same_length(reference_standard=truth, predicted=called)
    return proportion(truth == called, cluster=cluster, level=level, method=method)


def sensitivity(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "wilson",
) -> Estimate:
    """Share of the diseased rows called positive; 0/1 arrays of shape (n,).

    Examples
    --------
    >>> sensitivity([1, 1, 1, 0], [1, 1, 0, 0]).formatted(2)
    '0.67 (0.21, 0.94)'
    """
    pair = _pair(reference_standard, predicted, cluster)
    return _among(pair, pair.called, pair.truth, level, method)


def specificity(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "wilson",
) -> Estimate:
    """Share of the rows without disease called negative; 0/1 arrays of shape (n,)."""
    pair = _pair(reference_standard, predicted, cluster)
    return _among(pair, ~pair.called, ~pair.truth, level, method)


def proportion_difference(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Difference of the proportions of two independent groups, first minus second.

    0/1 arrays of shapes (m,) and (n,). Newcombe's interval from the two Wilson intervals (Stat
    Med 1998;17:873, method 10).

    Examples
    --------
    >>> proportion_difference([1] * 56 + [0] * 14, [1] * 48 + [0] * 32).formatted(4)
    '0.2000 (0.0524, 0.3339)'
    """
    a, b = proportion(first, level=level), proportion(second, level=level)
    name, n = "Newcombe 1998 method 10", a.n + b.n
    if not (a.is_defined and b.is_defined):
        return Estimate.undefined("a group has no rows", level=level, method=name, n=n)
    gap = a.value - b.value
    low = gap - math.hypot(a.value - a.low, b.high - b.value)
    high = gap + math.hypot(a.high - a.value, b.value - b.low)
    return Estimate(gap, low, high, level, name, n)
