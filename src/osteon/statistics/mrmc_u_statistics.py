"""Compare treatments by areas averaged over readers, with the variance from moments.

Sources: Gallas 2006 (Acad Radiol 13:353); Gallas and Brown 2008 (Neural Netw 21:387, any design);
Gallas et al. 2009 (Communications in Statistics 38:2586); Satterthwaite 1946 and Gaylor and Hopper
1969 (Technometrics 11:691, lower bound of the freedom).
"""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import binary_array, number_table, require_choice, require_level
from osteon.statistics.mrmc_error import inside_unit
from osteon.statistics.mrmc_moments import Estimator, Moments, Scores, moments_of

__all__ = ["MomentAnalysis", "u_statistic_analysis"]


@dataclass(frozen=True, slots=True, eq=False)
class MomentAnalysis:
    """Result of :func:`u_statistic_analysis`.

    Parameters
    ----------
    means
        Averaged area of every treatment, with its interval.
    differences
        For each pair of treatments (i, j), i < j: mean of i minus mean of j.
    moments
        For each pair of treatments, i <= j.
    freedom
        Degrees of freedom of every mean (i, i) and difference (i, j).
    """

    means: tuple[Estimate, ...]
    differences: dict[tuple[int, int], TestResult]
    moments: dict[tuple[int, int], Moments]
    freedom: dict[tuple[int, int], float]

    def planned_variance(
        self, pair: tuple[int, int], *, readers: int, negatives: int, positives: int
    ) -> float:
        """Predict the variance of a difference in a factorial study of another size.

        Parameters
        ----------
        pair
            Two treatments, i < j; the same one twice for its mean.
        readers, negatives, positives
            Size of the planned study, at least 2 of each.
        """
        size = (readers, negatives, positives)
        if min(size) < 2 or pair not in self.moments:
            raise UsageError(
                f"got treatments {pair} and sizes {size}, wanted one of {list(self.moments)} and 2 "
                "or more readers, negatives and positives"
            )
        if pair[0] == pair[1]:
            return self.moments[pair].planned_covariance(*size)
        own = [self.moments[i, i].planned_covariance(*size) for i in pair]
        return sum(own) - 2 * self.moments[pair].planned_covariance(*size)


def _freedom(variance: float, parts: dict[str, float], units: dict[str, int]) -> float:
    """Satterthwaite's freedom from the components of readers, negatives and positives."""
    least = float(min(units.values()))
    below = sum(parts[k] ** 2 / units[k] ** 3 for k in units)
    return max(variance**2 / below, least) if below > 0 else math.inf


def u_statistic_analysis(
    reference_standard: ArrayLike,
    ratings: ArrayLike,
    *,
    estimator: Estimator = "unbiased",
    level: float = 0.95,
) -> MomentAnalysis:
    """Compare treatments by areas averaged over readers, readers and cases random, any design.

    Estimand: for each treatment the chance that a random reader rates a random positive above a
    random negative, ties counting half; every pair that was read weighs the same.

    Parameters
    ----------
    reference_standard
        0 or 1 for every case, shape (n,).
    ratings
        Shape (treatments, readers, n); NaN where a reading did not take place. Readers may be
        nested in treatments, cases in readers or in groups, readings may be missing at random.
    estimator
        ``unbiased``, or ``positive`` (moments of all pairs): larger, never negative.
    level
        Confidence level.

    Returns
    -------
    MomentAnalysis
        t intervals with Satterthwaite's freedom. A variance that is not above 0 gives no interval,
        and the reason says so.

    Raises
    ------
    DataError
        If a treatment has no reader who read both a positive and a negative.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = np.tile([0, 1], 30)
    >>> ratings = truth + rng.normal(size=(2, 4, 60))
    >>> ratings[:, 0, :10] = np.nan
    >>> analysis = u_statistic_analysis(truth, ratings)
    >>> len(analysis.moments[0, 1].values)
    8
    """
    require_level(level)
    require_choice("estimator", estimator, ("unbiased", "positive"))
    truth = binary_array("reference_standard", reference_standard)
    table = number_table("ratings", ratings, "(treatments, readers, cases)", missing=True)
    if table.shape[2] != truth.size:
        raise DataError(f"ratings have shape {table.shape}, wanted (t, r, {truth.size})")
    scores = [Scores.of(part[:, ~truth], part[:, truth]) for part in table]
    for i, part in enumerate(scores):
        if not part.there.any():
            raise DataError(f"treatment {i} has no reader with both classes, wanted one at least")
    t = len(scores)
    moments = {(i, j): moments_of(scores[i], scores[j]) for i in range(t) for j in range(i, t)}
    name = f"U-statistics, {estimator}, random readers and cases"
    units = [_units(moments[i, i]) for i in range(t)]
    means, freedom = [], {}
    for i, part in enumerate(scores):
        own = moments[i, i]
        variance = own.covariance(estimator)
        freedom[i, i] = _freedom(variance, own.components("positive"), units[i])
        how = (level, name, table.shape[1])
        means.append(inside_unit(_interval(part.area, variance, freedom[i, i], how)))
    differences = {}
    for i in range(t):
        for j in range(i + 1, t):
            trio = (moments[i, i], moments[j, j], moments[i, j])
            a, b, both = (m.covariance(estimator) for m in trio)
            used = {k: v != 0 for k, v in trio[2].component_coefficients().items()}
            c, d, e = (m.components("positive") for m in trio)
            parts = {k: c[k] + d[k] - 2 * e[k] * used[k] for k in ("N", "D", "R")}
            least = {k: min(units[i][k], units[j][k]) for k in parts}
            variance = a + b - 2 * both
            freedom[i, j] = _freedom(variance, parts, least)
            gap = _interval(
                scores[i].area - scores[j].area, variance, freedom[i, j],
                (level, name, table.shape[1]),
            )  # fmt: skip
            differences[i, j] = _test(gap, variance, freedom[i, j])
    return MomentAnalysis(tuple(means), differences, moments, freedom)


def _units(own: Moments) -> dict[str, int]:
    """Effective numbers of negatives, positives and readers, minus one."""
    weight = own.component_coefficients()
    return {k: max(round(1 / weight[k] - 1), 1) for k in ("N", "D", "R")}


def _interval(value: float, variance: float, df: float, how: tuple[float, str, int]) -> Estimate:
    level, name, n = how
    if not variance > 1e-15:
        reason = "the estimated variance is not above 0: use estimator='positive'"
        return Estimate(value, math.nan, math.nan, level, name, n, reason)
    tail = (1 + level) / 2
    quantile = float(special.ndtri(tail) if math.isinf(df) else special.stdtrit(df, tail))
    half = quantile * math.sqrt(variance)
    return Estimate(value, value - half, value + half, level, name, n)


def _test(gap: Estimate, variance: float, df: float) -> TestResult:
    if math.isnan(gap.low):
        return TestResult(math.nan, math.nan, gap.method, gap, gap.reason)
    statistic = gap.value / math.sqrt(variance)
    tail = float(special.ndtr(-abs(statistic)) if math.isinf(df) else
                 special.stdtr(df, -abs(statistic)))  # fmt: skip
    return TestResult(statistic, 2 * tail, f"{gap.method}, t with {df:.2f} df", gap)
