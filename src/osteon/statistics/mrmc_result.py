"""What a multi-reader multi-case analysis answers with, and how its contrasts are tested.

Sources: Hillis 2007 (Stat Med 26:596, degrees of freedom); Hillis, Berbaum and Metz 2008 (Acad
Radiol 15:647).
"""

import math
from dataclasses import dataclass, replace

from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.statistics.checks import Floats
from osteon.statistics.limits import warning
from osteon.statistics.mrmc_designs import Design, MeanSquares

__all__ = [
    "LEAST_CASES",
    "ErrorTerm",
    "ReaderAnalysis",
    "VarianceComponents",
    "contrast_test",
    "inside_unit",
    "too_few_cases",
    "warned_of_means",
    "without_intervals",
]

LEAST_CASES = 5  # of the smaller class, for an interval of areas
FEW = 30  # of the smaller class: below it symmetric intervals of areas hold less than they say


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Variances between readers and the error's covariances, in squared units of the figure.

    ``cov1``: same reader, other treatment; ``cov2``: same treatment, other reader; ``cov3``: both
    differ. Components may be negative. Where readers are nested in treatments ``reader`` holds both
    variances of readers and ``treatment_reader`` is NaN.
    """

    reader: float
    treatment_reader: float
    error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, slots=True)
class ErrorTerm:
    """What a contrast of means is judged by.

    Parameters
    ----------
    term
        ``mean_square`` (or the error's part, with fixed readers) plus ``covariance``.
    df
        Degrees of freedom, infinite with fixed readers.
    share
        Variance of the contrast as a share of the term: 2 / readers for a difference.
    mean_square, covariance
        The two parts; the second is not below 0.
    """

    term: float
    df: float
    share: float
    mean_square: float
    covariance: float

    @property
    def standard_error(self) -> float:
        """Standard error of the contrast."""
        return math.sqrt(max(self.term, 0.0) * self.share)

    def interval(self, value: float, level: float, method: str, n: int) -> Estimate:
        """Put the interval around a contrast; ``n`` counts readers."""
        tail = (1 + level) / 2
        infinite = math.isinf(self.df)
        quantile = float(special.ndtri(tail) if infinite else special.stdtrit(self.df, tail))
        half = quantile * self.standard_error
        if math.isnan(half):
            reason = "one reader: no freedom to say how readers vary"
            return Estimate(value, math.nan, math.nan, level, method, n, reason)
        return Estimate(value, value - half, value + half, level, method, n)


@dataclass(frozen=True, slots=True, eq=False)
class ReaderAnalysis:
    """Result of a multi-reader multi-case analysis.

    Parameters
    ----------
    values
        Figure of merit, shape (treatments, readers); NaN where a reader is not in a treatment.
    design
        Who read what, as :func:`osteon.statistics.mrmc_designs.study_design` names it.
    components, mean_squares
        Variance components; mean squares of the figures.
    equality
        Test that all treatments are equal; ``statistic`` is F, or chi-square with fixed readers.
    error
        What ``equality`` is judged by.
    differences
        For each pair of treatments (i, j), i < j: mean of i minus mean of j.
    means, mean_errors
        Mean over readers of each treatment, and what its interval rests on.
    reader_means
        For treatment i and reader k: the figure of this reader alone, cases random.
    reader_differences
        For treatments i, j and reader k: the reader's own difference, cases random.
    """

    values: Floats
    design: Design
    components: VarianceComponents
    mean_squares: MeanSquares
    equality: TestResult
    error: ErrorTerm
    differences: dict[tuple[int, int], TestResult]
    means: tuple[Estimate, ...]
    mean_errors: tuple[ErrorTerm, ...]
    reader_means: dict[tuple[int, int], Estimate]
    reader_differences: dict[tuple[int, int, int], TestResult]


def inside_unit(mean: Estimate) -> Estimate:
    """Cut the interval of a figure that lies in [0, 1] to it."""
    if not 0 <= mean.value <= 1 or math.isnan(mean.low):
        return mean
    return replace(mean, low=max(0.0, mean.low), high=min(1.0, mean.high))


def contrast_test(gap: Estimate, error: ErrorTerm, margin: float = 0.0) -> TestResult:
    """Test a contrast against 0, or one-sided against ``-margin`` where that is above 0."""
    if not error.standard_error > 0:
        return TestResult(math.nan, math.nan, gap.method, gap, "the error term is zero")
    statistic = (gap.value + margin) / error.standard_error
    below = -statistic if margin else -abs(statistic)
    tail = float(special.ndtr(below) if math.isinf(error.df) else special.stdtr(error.df, below))
    if margin:
        return TestResult(
            statistic, tail, f"{gap.method}, one-sided against a margin of {margin:g}", gap
        )
    told = ", z" if math.isinf(error.df) else f", t with {error.df:.2f} df"
    return TestResult(statistic, 2 * tail, gap.method + told, gap)


def too_few_cases(few: int, least: int) -> str:
    """Say why areas of so few cases have no interval, and what gives one all the same."""
    return (
        f"cases or patients in the smaller class: {few}, wanted {least} for an interval;"
        f" least_cases={few} gives one that may be too narrow"
    )


def warned_of_means(analysis: ReaderAnalysis, few: int) -> ReaderAnalysis:
    """Say that symmetric intervals of areas may be too narrow with few cases of a class."""
    told = warning(few, FEW, "cases or patients in the smaller class")
    return replace(
        analysis,
        means=tuple(replace(mean, method=mean.method + told) for mean in analysis.means),
        reader_means={
            place: replace(mean, method=mean.method + told)
            for place, mean in analysis.reader_means.items()
        },
    )


def without_intervals(analysis: ReaderAnalysis, reason: str) -> ReaderAnalysis:
    """Keep the values and components of an analysis, and withhold its intervals and tests."""
    nan = math.nan

    def bare(estimate: Estimate) -> Estimate:
        return replace(estimate, low=nan, high=nan, reason=reason)

    def untested(test: TestResult) -> TestResult:
        gap = None if test.difference is None else bare(test.difference)
        return TestResult(nan, nan, test.method, gap, reason)

    return replace(
        analysis,
        equality=untested(analysis.equality),
        differences={pair: untested(test) for pair, test in analysis.differences.items()},
        means=tuple(bare(mean) for mean in analysis.means),
        reader_means={place: bare(mean) for place, mean in analysis.reader_means.items()},
        reader_differences={
            place: untested(test) for place, test in analysis.reader_differences.items()
        },
    )
