"""Comparing two tests on the same rows, and reading an interval against a margin.

Sources: DeLong et al. 1988 (Biometrics 44:837); Obuchowski 1997 (Biometrics 53:567); McNemar
1947; Fagerland, Lydersen and Laake 2013 (BMC Med Res Methodol 13:91, mid-p); Tango 1998 (Stat
Med 17:891, paired difference of proportions); Piaggio et al. 2012 (JAMA 308:2594,
non-inferiority); Krogue et al. 2020, doi 10.1148/ryai.2020190023.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import (
    Bools,
    Floats,
    binary_array,
    cluster_codes,
    finite_array,
    require_choice,
    require_generator,
    require_level,
    same_length,
)
from osteon.statistics.roc import auroc_covariance

__all__ = [
    "Conclusion",
    "conclude",
    "delong_test",
    "krogue_margin",
    "mcnemar_test",
    "noninferiority",
    "paired_proportion_difference",
    "permutation_test",
    "superior_to_reader",
    "superiority",
]

Conclusion = Literal["superior", "non_inferior", "inferior", "inconclusive"]


def delong_test(
    reference_standard: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> TestResult:
    """Compare the areas of two scores on the same rows (paired).

    Estimand: area of ``first`` minus area of ``second``. The covariance is DeLong's, or
    Obuchowski's with clusters.

    Parameters
    ----------
    reference_standard
        0 or 1, shape (n,).
    first, second
        Scores, shape (n,).
    cluster
        Patient of every row, shape (n,).
    level
        Level of the difference's interval.

    Returns
    -------
    TestResult
        ``statistic`` is z, ``p_value`` two-sided. When the two scores rank alike (variance 0)
        the p value is 1 for equal areas and undefined otherwise.

    Examples
    --------
    >>> truth = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> test = delong_test(truth, [1, 2, 3, 6, 4, 5, 7, 8], [1, 5, 3, 6, 4, 2, 7, 8])
    >>> round(test.difference.value, 3), round(test.statistic, 2)
    (0.188, 1.11)
    """
    require_level(level)
    truth = binary_array("reference_standard", reference_standard)
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(reference_standard=truth, first=a, second=b)
    codes = None if cluster is None else cluster_codes(cluster, n)
    name = "DeLong, paired" if codes is None else "Obuchowski 1997, paired and clustered"
    if not truth.any() or truth.all():
        return _undefined("both classes are needed", name, level, n)
    areas, covariance = auroc_covariance(truth, np.stack([a, b]), codes)
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if math.isnan(variance):
        return _undefined("a class has one row (cluster) only: no variance", name, level, n)
    return _by_normal(difference, variance, name, level, n)


def _undefined(reason: str, method: str, level: float, n: int) -> TestResult:
    gap = Estimate.undefined(reason, level=level, method=method, n=n)
    return TestResult(math.nan, math.nan, method, gap, reason)


def _by_normal(difference: float, variance: float, method: str, level: float, n: int) -> TestResult:
    if variance <= 1e-16:
        if abs(difference) < 1e-12:
            gap = Estimate(0.0, 0.0, 0.0, level, method, n)
            return TestResult(0.0, 1.0, method, gap, "the two are identical on these rows")
        reason = "the variance of the difference is zero: no interval and no test"
        gap = Estimate(difference, math.nan, math.nan, level, method, n, reason)
        return TestResult(math.nan, math.nan, method, gap, reason)
    se = math.sqrt(variance)
    half = float(special.ndtri((1 + level) / 2)) * se
    gap = Estimate(difference, difference - half, difference + half, level, method, n)
    z = difference / se
    return TestResult(z, float(2 * special.ndtr(-abs(z))), method, gap)


def mcnemar_test(
    first_right: ArrayLike,
    second_right: ArrayLike,
    *,
    method: str = "auto",
    level: float = 0.95,
) -> TestResult:
    """Compare two proportions on the same rows.

    Parameters
    ----------
    first_right, second_right
        0 or 1 for every row (say, called correctly), shape (n,).
    method
        ``exact`` (binomial), ``mid-p``, ``asymptotic``, ``corrected`` (continuity), or ``auto``:
        exact below 25 discordant rows, asymptotic from there.
    level
        Level of the difference's interval (Tango's score interval).

    Returns
    -------
    TestResult
        ``statistic`` is chi-square with one degree of freedom (asymptotic, corrected) or the
        smaller discordant count (exact, mid-p); ``difference`` first minus second. Rows are taken
        as independent: with several rows for a patient use :func:`paired_proportion_difference`
        with its clusters.

    Examples
    --------
    >>> first, second = [1] * 20 + [0] * 4 + [1] * 30, [0] * 20 + [1] * 4 + [1] * 30
    >>> result = mcnemar_test(first, second)
    >>> result.method, round(result.p_value, 4)
    ('McNemar, exact', 0.0015)
    """
    require_choice("method", method, ("auto", "exact", "mid-p", "asymptotic", "corrected"))
    a, b = binary_array("first_right", first_right), binary_array("second_right", second_right)
    n = same_length(first_right=a, second_right=b)
    if n == 0:
        return _undefined("no rows", "McNemar", level, 0)
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    gap = paired_proportion_difference(a, b, level=level)
    discordant = only_first + only_second
    if method == "auto":
        method = "exact" if discordant < 25 else "asymptotic"
    name = f"McNemar, {method}"
    if discordant == 0:
        return TestResult(0.0, 1.0, name, gap, "no discordant rows")
    if method in ("exact", "mid-p"):
        smaller = min(only_first, only_second)
        tail = float(special.bdtr(smaller, discordant, 0.5))
        if method == "mid-p":
            tail -= math.comb(discordant, smaller) / 2**discordant / 2
        return TestResult(float(smaller), min(1.0, 2 * tail), name, gap)
    shift = 1 if method == "corrected" else 0
    chi_square = max(abs(only_first - only_second) - shift, 0) ** 2 / discordant
    return TestResult(chi_square, float(special.chdtrc(1, chi_square)), name, gap)


def paired_proportion_difference(
    first_right: ArrayLike,
    second_right: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Difference of two proportions on the same rows, first minus second.

    Without clusters the interval is Tango's score interval; with clusters the ratio estimator's
    variance of the differences and Student's quantile (clusters - 1). 0/1 arrays of shape (n,).

    Examples
    --------
    >>> first, second = [1] * 12 + [0] * 2 + [1] * 30, [0] * 12 + [1] * 2 + [1] * 30
    >>> paired_proportion_difference(first, second).formatted(3)
    '0.227 (0.069, 0.386)'
    """
    require_level(level)
    a, b = binary_array("first_right", first_right), binary_array("second_right", second_right)
    n = same_length(first_right=a, second_right=b)
    if n == 0:
        return Estimate.undefined("no rows", level=level, method="Tango", n=0)
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    value = (only_first - only_second) / n
    if cluster is not None:
        return _clustered_difference(a.astype(float) - b, cluster, level)
    low, high = tango_limits(only_first, only_second, n, level)
    return Estimate(value, low, high, level, "Tango score", n)


def _clustered_difference(gap: Floats, cluster: ArrayLike, level: float) -> Estimate:
    codes = cluster_codes(cluster, gap.size)
    sums = np.bincount(codes, gap - gap.mean())
    value, k = float(gap.mean()), sums.size
    name = "clustered (ratio estimator)"
    if k < 2:
        reason = "one cluster: no variance"
        return Estimate(value, math.nan, math.nan, level, name, gap.size, reason)
    se = math.sqrt(k / (k - 1) * float(np.sum(sums**2))) / gap.size
    if se == 0:
        reason = "every cluster has the same difference: no variance"
        return Estimate(value, math.nan, math.nan, level, name, gap.size, reason)
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * se
    return Estimate(value, value - half, value + half, level, name, gap.size)


def tango_limits(
    only_first: int, only_second: int, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Score interval of a paired difference of proportions (Tango 1998), by bisection.

    ``only_first`` and ``only_second`` are the discordant counts of n rows.
    """
    z = float(special.ndtri((1 + level) / 2))

    def score(delta: float) -> float:
        b = -only_first - only_second + (2 * n - only_first + only_second) * delta
        c = -only_second * delta * (1 - delta)
        p21 = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
        variance = n * (2 * p21 + delta * (1 - delta))
        gap = only_first - only_second - n * delta
        return gap / math.sqrt(variance) if variance > 1e-14 else math.copysign(math.inf, gap)

    def root(inside: float, outside: float, wanted: float) -> float:
        for _ in range(80):
            middle = (inside + outside) / 2
            within = abs(score(middle)) <= wanted
            inside, outside = (middle, outside) if within else (inside, middle)
        return (inside + outside) / 2

    value = (only_first - only_second) / n
    low = -1.0 if value == -1 else root(value, -1.0, z)
    high = 1.0 if value == 1 else root(value, 1.0, z)
    return low, high


def superiority(difference: Estimate) -> TestResult:
    """Read an interval against zero: superior when its lower limit is above zero."""
    return noninferiority(difference, 0.0)


def noninferiority(difference: Estimate, margin: float) -> TestResult:
    """Read an interval against a margin that was stated beforehand.

    The first is not inferior when the lower limit of (first - second) is above ``-margin``. The
    p value is one-sided, with the standard error that the interval's lower half implies under
    normality; the conclusion rests on the interval alone.

    Parameters
    ----------
    difference
        First minus second, higher is better.
    margin
        At least 0; 0 asks for superiority.

    Returns
    -------
    TestResult
        ``method`` starts with ``shown`` or ``not shown``; ``statistic`` is z.

    Examples
    --------
    >>> gap = Estimate(0.048, -0.077, 0.173, 0.95, "bootstrap", 280)  # Krogue 2020, Table 4
    >>> noninferiority(gap, 0.103).method
    'shown: non-inferior with margin 0.103 (lower limit -0.077)'
    """
    if margin < 0 or math.isnan(margin):
        raise UsageError(f"margin is {margin}, wanted 0 or more", remedy="state it as a width")
    what = "superior" if margin == 0 else f"non-inferior with margin {margin:g}"
    if math.isnan(difference.low):
        reason = difference.reason or "the difference has no interval"
        return TestResult(math.nan, math.nan, f"not shown: {what}", difference, reason)
    verdict = "shown" if difference.low > -margin else "not shown"
    method = f"{verdict}: {what} (lower limit {difference.low:.3g})"
    se = (difference.value - difference.low) / float(special.ndtri((1 + difference.level) / 2))
    if se <= 0:
        reason = "the interval has no width below the estimate: no p value"
        return TestResult(math.nan, math.nan, method, difference, reason)
    z = (difference.value + margin) / se
    return TestResult(z, float(special.ndtr(-z)), method, difference)


def conclude(difference: Estimate, margin: float) -> Conclusion:
    """Say what an interval of (first - second) shows, given the margin.

    ``superior`` when it lies above 0, ``non_inferior`` when above ``-margin``, ``inferior`` when
    below 0 and not above the margin, ``inconclusive`` otherwise or without an interval.
    """
    if margin < 0:
        raise UsageError(f"margin is {margin}, wanted 0 or more")
    if math.isnan(difference.low):
        return "inconclusive"
    if difference.low > 0:
        return "superior"
    if difference.low > -margin:
        return "non_inferior"
    return "inferior" if difference.high < 0 else "inconclusive"


def krogue_margin(within_pair_differences: ArrayLike) -> Estimate:
    """Margin of Krogue et al. 2020: mean absolute difference of kappa within like-trained pairs.

    The margin comes from the readers of the same study, so it is not independent of what it
    judges; ``reason`` carries that warning. Shape (pairs,).

    Examples
    --------
    >>> krogue_margin([0.1, -0.12, 0.09]).reason
    'derived from the same readers: state a margin beforehand where you can'
    """
    values = np.abs(finite_array("within_pair_differences", within_pair_differences))
    if values.size == 0:
        return Estimate.undefined("no pairs", level=0.95, method="mean", n=0)
    warning = "derived from the same readers: state a margin beforehand where you can"
    nan = math.nan
    return Estimate(
        float(values.mean()), nan, nan, 0.95, "mean absolute difference", values.size, warning
    )


def superior_to_reader(
    kappa_gap: Estimate,
    reader_point: tuple[float, float],
    band_x: Floats,
    band_low: Floats,
) -> TestResult:
    """Krogue's rule for binary superiority of a model over a group of readers.

    Superior only when the interval of the kappa difference lies above zero *and* the group's
    point lies below the ROC band.

    Parameters
    ----------
    kappa_gap
        Model minus readers.
    reader_point
        False-positive fraction and sensitivity of the group.
    band_x, band_low
        Grid and lower limit of the band (:func:`roc_band`), shapes (k,).
    """
    fraction, reached = reader_point
    below = reached < float(np.interp(fraction, band_x, band_low))
    by_kappa = superiority(kappa_gap)
    shown = below and kappa_gap.low > 0
    where = "below" if below else "not below"
    method = f"{'shown' if shown else 'not shown'}: superior; point {where} the ROC band"
    return TestResult(by_kappa.statistic, by_kappa.p_value, method, kappa_gap, by_kappa.reason)


def permutation_test(
    statistic: Callable[..., Any],
    first: ArrayLike,
    second: ArrayLike,
    *,
    rng: np.random.Generator | None,
    cluster: ArrayLike | None = None,
    permutations: int = 10_000,
) -> TestResult:
    """Test by permutation whether ``first`` and ``second`` are exchangeable on the same rows.

    In every permutation each patient's pair is swapped or not, all rows of a patient together.

    Parameters
    ----------
    statistic
        Called with two arrays of shape (n,); returns a number that is larger when ``first`` is
        better, such as a difference of means.
    first, second
        Values of the two on the same rows, shape (n,).
    rng, cluster, permutations
        Generator, patient of every row, number of permutations.

    Returns
    -------
    TestResult
        Two-sided p value ``(1 + #{|t*| >= |t|}) / (1 + permutations)`` (Phipson and Smyth 2010).
    """
    generator = require_generator(rng)
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(first=a, second=b)
    if permutations < 1:
        raise DataError(f"permutations is {permutations}, wanted at least 1")
    codes = cluster_codes(cluster, n)
    observed = float(statistic(a, b))
    if math.isnan(observed):
        return TestResult(math.nan, math.nan, "permutation", None, "the statistic is undefined")
    extreme = 0
    for _ in range(permutations):
        swap: Bools = generator.random(int(codes.max()) + 1)[codes] < 0.5
        drawn = float(statistic(np.where(swap, b, a), np.where(swap, a, b)))
        extreme += abs(drawn) >= abs(observed) * (1 - 1e-12)
    p_value = (1 + extreme) / (1 + permutations)
    return TestResult(observed, p_value, f"paired permutation, {permutations} permutations")
