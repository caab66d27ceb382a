"""What a multi-reader multi-case analysis answers with, and what few readers or cases do to it.

Source: Hillis, Berbaum and Metz 2008 (Acad Radiol 15:647); the numbers below which an interval
warns are read off the simulations of docs/coverage.md.
"""

import math
from dataclasses import dataclass, replace

from osteon.core.records import Estimate, TestResult
from osteon.statistics.checks import Floats
from osteon.statistics.limits import warning
from osteon.statistics.mrmc_designs import Design, MeanSquares
from osteon.statistics.mrmc_error import ErrorTerm, Quantile

__all__ = [
    "LEAST_CASES",
    "ReaderAnalysis",
    "VarianceComponents",
    "few_warning",
    "too_few_cases",
    "warned_of_few",
    "without_intervals",
]

LEAST_CASES = 5  # of the smaller class, for an interval of areas
FEW = 30  # of the smaller class: below it symmetric intervals of areas hold less than they say
CASES = "cases or patients it rests on"
FEW_READERS = 5  # below it Hillis' freedom holds less than it says


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
        The p value of two treatments is that of their difference, of more that of Hillis' F.
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


def too_few_cases(few: int, least: int) -> str:
    """Say why areas of so few cases have no interval, and what gives one all the same."""
    return (
        f"cases or patients in the smaller class: {few}, wanted {least} for an interval;"
        f" least_cases={few} gives one that may be too narrow"
    )


def few_warning(method: Quantile, readers: int | None, few: int | None) -> str:
    """Say that an interval may be too narrow, by the number of readers and of cases.

    ``None`` where they are fixed, or not known.
    """
    if method == "cochran":
        return "" if few is None else warning(few, LEAST_CASES, CASES)
    told = "" if readers is None else warning(readers, FEW_READERS, "readers")
    return told if few is None else told + warning(few, FEW, CASES)


def warned_of_few(
    analysis: ReaderAnalysis, method: Quantile, few: int | None, *, random: bool
) -> ReaderAnalysis:
    """Put :func:`few_warning` into the method of every interval; readers count if random."""

    def warned(estimate: Estimate, readers: int | None) -> Estimate:
        return replace(estimate, method=estimate.method + few_warning(method, readers, few))

    def tested(test: TestResult, readers: int | None) -> TestResult:
        gap = None if test.difference is None else warned(test.difference, readers)
        told = test.method + few_warning(method, readers, few)
        return TestResult(test.statistic, test.p_value, told, gap, test.reason)

    def count(estimate: Estimate | None) -> int | None:
        return estimate.n if random and estimate is not None else None

    pairs = analysis.differences.items()
    return replace(
        analysis,
        differences={pair: tested(test, count(test.difference)) for pair, test in pairs},
        means=tuple(warned(mean, count(mean)) for mean in analysis.means),
        reader_means={at: warned(mean, None) for at, mean in analysis.reader_means.items()},
        reader_differences={
            at: tested(test, None) for at, test in analysis.reader_differences.items()
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
