"""Comparing two scores, and reading an interval against a margin.

Sources: DeLong et al. 1988 (Biometrics 44:837); Obuchowski 1997 (Biometrics 53:567); Piaggio et
al. 2012 (JAMA 308:2594, non-inferiority); Krogue et al. 2020, doi 10.1148/ryai.2020190023; the
intervals are those of :mod:`osteon.statistics.contrast`.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import (
    binary_array,
    cluster_codes,
    finite_array,
    outcome_and_score,
    require_choice,
    require_level,
    same_length,
)
from osteon.statistics.contrast import FEW, Arm, contrast_test, mover_test
from osteon.statistics.limits import class_sizes, warning
from osteon.statistics.roc import auroc_covariance

__all__ = [
    "Conclusion",
    "conclude",
    "delong_test",
    "delong_test_unpaired",
    "krogue_margin",
    "noninferiority",
    "superior_to_reader",
    "superiority",
    "undefined_test",
]

UNPAIRED_METHODS = ("mover", "welch")
Conclusion = Literal["superior", "non_inferior", "inferior", "inconclusive"]


def delong_test(
    reference_standard: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mover",
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
    method
        ``mover`` (from the two areas' own limits and their correlation; holds with two rows or
        patients in a class) or ``wald`` (DeLong's z, as other programs print it; too narrow when
        a class is small, and says so).

    Returns
    -------
    TestResult
        ``statistic`` is z, ``p_value`` two-sided and in accord with the interval. When the two
        scores rank alike the p value is 1.

    Examples
    --------
    >>> truth = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> test = delong_test(truth, [1, 2, 3, 6, 4, 5, 7, 8], [1, 5, 3, 6, 4, 2, 7, 8])
    >>> round(test.difference.value, 3), round(test.statistic, 2)
    (0.188, 0.8)
    """
    require_level(level)
    truth = binary_array("reference_standard", reference_standard)
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(reference_standard=truth, first=a, second=b)
    codes = None if cluster is None else cluster_codes(cluster, n)
    name = "DeLong, paired" if codes is None else "Obuchowski 1997, paired and clustered"
    if not truth.any() or truth.all():
        return undefined_test("both classes are needed", name, level, n)
    areas, covariance = auroc_covariance(truth, np.stack([a, b]), codes)
    sizes = class_sizes(truth, codes)
    arms = [
        Arm(float(v), float(s), *sizes) for v, s in zip(areas, np.diag(covariance), strict=True)
    ]
    return contrast_test(arms, covariance, (1.0, -1.0), method=method, name=name, level=level, n=n)


def undefined_test(reason: str, method: str, level: float, n: int) -> TestResult:
    """Make the result of a test that cannot be done."""
    gap = Estimate.undefined(reason, level=level, method=method, n=n)
    return TestResult(math.nan, math.nan, method, gap, reason)


def delong_test_unpaired(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    cluster: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
    method: str = "mover",
) -> TestResult:
    """Compare the areas of two different groups of patients, such as two hospitals.

    Estimand: area in the first group minus area in the second.

    Parameters
    ----------
    first, second
        Each ``(reference_standard, score)`` of its group, shapes (m,) and (n,).
    cluster
        Patients of the two groups, shapes (m,) and (n,).
    level
        Level of the difference's interval.
    method
        ``mover`` (from the two areas' own limits) or ``welch`` (symmetric; Student's quantile with
        Welch's degrees of freedom, rows or patients - 1 in each group: too narrow when a class is
        small).

    Returns
    -------
    TestResult
        ``statistic`` is z, or Welch's t; ``p_value`` two-sided.

    Examples
    --------
    >>> here, there = ([0, 0, 1, 1, 1], [1, 3, 2, 4, 5]), ([0, 1, 0, 1], [1, 4, 3, 2])
    >>> round(delong_test_unpaired(here, there).difference.value, 3)
    0.083
    """
    require_level(level)
    require_choice("method", method, UNPAIRED_METHODS)
    name = "DeLong, unpaired, " + ("MOVER" if method == "mover" else "t")
    arms, units, n = [], [], 0
    for place, (reference_standard, score) in enumerate((first, second)):
        truth, values = outcome_and_score(reference_standard, score)
        rows = truth.size
        codes = None if cluster is None else cluster_codes(cluster[place], rows)
        n += rows
        if not truth.any() or truth.all():
            return undefined_test("both classes are needed in both groups", name, level, n)
        area, covariance = auroc_covariance(truth, values[None, :], codes)
        arms.append(Arm(float(area[0]), float(covariance[0, 0]), *class_sizes(truth, codes)))
        units.append(rows if codes is None else int(codes.max()) + 1)
    if any(math.isnan(arm.variance) for arm in arms):
        gap = arms[0].value - arms[1].value
        return _no_interval(gap, "a class has one row (cluster) only: no variance", name, level, n)
    if method == "mover":
        return mover_test(arms, np.eye(2), np.array([1.0, -1.0]), name, level, n)
    return _welch(arms, units, name, level, n)


def _no_interval(gap: float, reason: str, method: str, level: float, n: int) -> TestResult:
    found = Estimate(gap, math.nan, math.nan, level, method, n, reason)
    return TestResult(math.nan, math.nan, method, found, reason)


def _welch(arms: list[Arm], units: list[int], name: str, level: float, n: int) -> TestResult:
    gap, variance = arms[0].value - arms[1].value, sum(arm.variance for arm in arms)
    few = min(arm.few for arm in arms)
    name += warning(few, FEW, "rows or patients in the smaller class")
    if not variance > 0:
        return _no_interval(gap, "a variance is zero or not defined", name, level, n)
    parts = (arm.variance**2 / (k - 1) for arm, k in zip(arms, units, strict=True))
    df = variance**2 / sum(parts)
    se = math.sqrt(variance)
    half = float(special.stdtrit(df, (1 + level) / 2)) * se
    found = Estimate(gap, gap - half, gap + half, level, name, n)
    p_value = float(2 * special.stdtr(df, -abs(gap / se)))
    return TestResult(gap / se, p_value, f"{name} with {df:.2f} df", found)


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
    band_x: ArrayLike,
    band_low: ArrayLike,
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
    grid, low = finite_array("band_x", band_x), finite_array("band_low", band_low)
    if same_length(band_x=grid, band_low=low) == 0 or (np.diff(grid) < 0).any():
        raise DataError("band_x is empty or falls, wanted the rising grid of a band")
    if not (0 <= fraction <= 1 and 0 <= reached <= 1):
        raise DataError(f"reader_point is {reader_point}, wanted two shares in [0, 1]")
    below = reached < float(np.interp(fraction, grid, low))
    by_kappa = superiority(kappa_gap)
    shown = below and kappa_gap.low > 0
    where = "below" if below else "not below"
    method = f"{'shown' if shown else 'not shown'}: superior; point {where} the ROC band"
    return TestResult(by_kappa.statistic, by_kappa.p_value, method, kappa_gap, by_kappa.reason)
