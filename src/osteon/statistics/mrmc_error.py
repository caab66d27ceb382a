"""What contrasts of readers' means are judged by: Cochran's weighted quantile, or Hillis' freedom.

The variance of a mean over readers has a part that is known as well as there are readers (a mean
square) and one that is known as well as there are cases (covariances). Hillis approximates the sum
by one Student's t; with few readers, or few cases, that is too narrow. Cochran weighs the quantiles
of the parts by their share of the variance, ``t' = (s1 t[df1] + s2 t[df2]) / (s1 + s2)``.

Sources: Cochran 1964 (Biometrics 20:191); Cochran and Cox 1950, Experimental Designs;
Hillis 2007 (Stat Med 26:596, degrees of freedom); Pepe 2003, The Statistical Evaluation of Medical
Tests (logit transform of an area).
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from scipy import optimize, special

from osteon.core.records import Estimate, TestResult

__all__ = [
    "ErrorTerm",
    "Quantile",
    "cochran_quantile",
    "cochran_tail",
    "contrast_test",
    "inside_unit",
]

Quantile = Literal["cochran", "hillis"]
LEAST_TAIL = 1e-290  # smaller tails are given as this


def _student(df: float, tail: float) -> float:
    """Value that Student's t exceeds with this chance; the normal's where df is infinite."""
    return -float(special.ndtri(tail) if math.isinf(df) else special.stdtrit(df, tail))


def _student_tail(df: float, value: float) -> float:
    return float(special.ndtr(-value) if math.isinf(df) else special.stdtr(df, -value))


def cochran_quantile(tail: float, variances: tuple[float, float], df: tuple[float, float]) -> float:
    """Quantile of a contrast whose variance has two parts.

    Parameters
    ----------
    tail
        Chance above the quantile, in (0, 0.5].
    variances
        The two parts, not below 0, one of them above.
    df
        Degrees of freedom of each.

    Examples
    --------
    >>> round(cochran_quantile(0.025, (3.0, 1.0), (2, 49)), 3)  # of 4.303 and 2.010
    3.729
    """
    first, second = (_student(freedom, tail) for freedom in df)
    return (variances[0] * first + variances[1] * second) / sum(variances)


def cochran_tail(
    statistic: float, variances: tuple[float, float], df: tuple[float, float]
) -> float:
    """Chance whose :func:`cochran_quantile` is the statistic: half the two-sided p value.

    The tails that Student's t has with the freedom of either part enclose it.

    Parameters
    ----------
    statistic
        Contrast over its standard error, not below 0.
    variances, df
        As in :func:`cochran_quantile`.

    Examples
    --------
    >>> round(cochran_tail(3.729, (3.0, 1.0), (2, 49)), 4)
    0.025
    """
    ends = [max(_student_tail(freedom, statistic), LEAST_TAIL) for freedom in df]
    low, high = math.log(min(ends)), math.log(max(ends))

    def beyond(log_tail: float) -> float:
        return cochran_quantile(math.exp(log_tail), variances, df) - statistic

    if high - low < 1e-12 or beyond(high) >= 0:
        return math.exp(high)
    if beyond(low) <= 0:
        return math.exp(low)
    return math.exp(float(optimize.brentq(beyond, low, high, xtol=1e-13)))


@dataclass(frozen=True, slots=True)
class ErrorTerm:
    """What a contrast of means is judged by.

    Parameters
    ----------
    term
        ``mean_square`` (or the error's part, with fixed readers) plus ``covariance``.
    df
        Hillis' degrees of freedom, infinite with fixed readers.
    share
        Variance of the contrast as a share of the term: 2 / readers for a difference.
    mean_square, covariance
        The two parts; the second is not below 0.
    square_df
        Degrees of freedom of ``mean_square``; infinite where it varies with the cases.
    cases_df
        Degrees of freedom of what varies with the cases, for Cochran's quantile; ``None`` for
        Student's with ``df``.
    """

    term: float
    df: float
    share: float
    mean_square: float
    covariance: float
    square_df: float = math.inf
    cases_df: float | None = None

    @property
    def standard_error(self) -> float:
        """Standard error of the contrast."""
        return math.sqrt(max(self.term, 0.0) * self.share)

    @property
    def told(self) -> str:
        """Name the reference distribution."""
        variances, df = self._parts()
        if variances[1] == 0 or df[0] == df[1]:
            return ", z" if math.isinf(df[0]) else f", t with {df[0]:.2f} df"
        return f", weighted t with {df[0]:g} and {df[1]:g} df"

    def _parts(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Variances and their freedom; one part where one Student's t is asked for."""
        if self.cases_df is None:
            return (1.0, 0.0), (self.df, self.df)
        own = self.cases_df if math.isinf(self.square_df) else self.square_df
        split = (self.mean_square, self.covariance) if self.term > 0 else (1.0, 0.0)
        return split, (own, self.cases_df)

    def tail(self, statistic: float) -> float:
        """Chance of more than the statistic."""
        above = cochran_tail(abs(statistic), *self._parts())
        return above if statistic >= 0 else 1 - above

    def interval(self, value: float, level: float, method: str, n: int) -> Estimate:
        """Put the interval around a contrast; ``n`` counts readers."""
        half = cochran_quantile((1 - level) / 2, *self._parts()) * self.standard_error
        if math.isnan(half):
            reason = "one reader: no freedom to say how readers vary"
            return Estimate(value, math.nan, math.nan, level, method, n, reason)
        return Estimate(value, value - half, value + half, level, method, n)

    def share_interval(self, value: float, level: float, method: str, n: int) -> Estimate:
        """Put the interval around a mean inside (0, 1), on the logit scale with Cochran's quantile.

        The standard error on that scale is ``se / (value (1 - value))``. Hillis' is symmetric, cut
        to [0, 1]; so is that of a value outside, which is no share.
        """
        plain = self.interval(value, level, method, n)
        if self.cases_df is None or math.isnan(plain.low) or not 0 <= value <= 1:
            return inside_unit(plain)
        if value in (0, 1):
            reason = f"every reader has {value:g}: nothing tells how it varies"
            return replace(plain, low=math.nan, high=math.nan, reason=reason)
        centre, half = float(special.logit(value)), (plain.high - value) / (value * (1 - value))
        low, high = float(special.expit(centre - half)), float(special.expit(centre + half))
        return replace(plain, low=low, high=high)


def inside_unit(mean: Estimate) -> Estimate:
    """Cut the interval of a figure that lies in [0, 1] to it."""
    if not 0 <= mean.value <= 1 or math.isnan(mean.low):
        return mean
    return replace(mean, low=max(0.0, mean.low), high=min(1.0, mean.high))


def contrast_test(gap: Estimate, error: ErrorTerm, margin: float = 0.0) -> TestResult:
    """Test a contrast against 0, or one-sided against ``-margin`` where that is above 0.

    The p value is the level at which the interval of ``error`` ends there.
    """
    if not error.standard_error > 0:
        return TestResult(math.nan, math.nan, gap.method, gap, "the error term is zero")
    statistic = (gap.value + margin) / error.standard_error
    if margin:
        told = f"{gap.method}, one-sided against a margin of {margin:g}"
        return TestResult(statistic, error.tail(statistic), told, gap)
    return TestResult(statistic, 2 * error.tail(abs(statistic)), gap.method + error.told, gap)
