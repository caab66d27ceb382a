"""Several readers read the same cases in several ways: Obuchowski-Rockette.

Sources: Obuchowski and Rockette 1995 (Communications in Statistics 24:285); Cochran 1964
(Biometrics 20:191, weighted quantile); Hillis 2007 (Stat Med 26:596, degrees of freedom); Hillis,
Berbaum and Metz 2008 (Acad Radiol 15:647); Obuchowski, Gallas and Hillis 2012 (Acad Radiol 19:1508)
and Hillis 2014 (Stat Med 33:330) for designs other than the factorial one.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.checks import (
    number_table,
    require_choice,
    require_level,
)
from osteon.statistics.mrmc_covariance import (
    Covariance,
    Figure,
    deciding_cases,
    reader_covariance,
)
from osteon.statistics.mrmc_designs import Layout, MeanSquares, make_layout, study_design
from osteon.statistics.mrmc_error import ErrorTerm, Quantile, contrast_test
from osteon.statistics.mrmc_result import (
    LEAST_CASES,
    ReaderAnalysis,
    VarianceComponents,
    too_few_cases,
    warned_of_few,
    without_intervals,
)
from osteon.statistics.mrmc_terms import Effect, contrast_term, mean_term, overall_term

__all__ = ["analyse_readers", "obuchowski_rockette"]


def _components(layout: Layout, squares: MeanSquares) -> VarianceComponents:
    error, cov1, cov2, cov3 = layout.covariances()
    between = squares.interaction - error + cov1 + cov2 - cov3
    if layout.design == "readers_in_treatments":
        return VarianceComponents(
            squares.interaction - error + cov2, math.nan, error, cov1, cov2, cov3
        )
    reader = (squares.reader - squares.interaction) / layout.t - cov1 + cov3
    return VarianceComponents(reader, between, error, cov1, cov2, cov3)


def _equality(layout: Layout, own: float, error: ErrorTerm, name: str) -> TestResult:
    if not error.term > 0:
        return TestResult(math.nan, math.nan, name, None, "the error term is not positive")
    if math.isinf(error.df):
        statistic = (layout.t - 1) * own / error.term
        p_value = float(special.chdtrc(layout.t - 1, statistic))
        return TestResult(statistic, p_value, f"{name}, chi-square with {layout.t - 1} df")
    statistic = own / error.term
    p_value = float(special.fdtrc(layout.t - 1, error.df, statistic))
    told = f"{name}, Hillis' F with {layout.t - 1} and {error.df:.2f} df"
    return TestResult(statistic, p_value, told)


def _told(cases_df: float | None) -> str:
    return "Hillis' freedom" if cases_df is None else "Cochran's quantile"


def _single_readers(
    layout: Layout, level: float, cases_df: float | None
) -> tuple[dict[tuple[int, int], Estimate], dict[tuple[int, int, int], TestResult]]:
    """Every reader alone: the variance is that over cases."""
    means, gaps, name = {}, {}, f"one reader, random cases, {_told(cases_df)}"

    def over_cases(variance: float) -> ErrorTerm:
        return ErrorTerm(variance, math.inf, 1.0, variance, 0.0, cases_df=cases_df)

    for k in range(layout.values.shape[1]):
        mine = np.flatnonzero(~np.isnan(layout.values[:, k])).tolist()
        block = layout.blocks[:, k, :, k]
        for place, i in enumerate(mine):
            value, own = float(layout.values[i, k]), over_cases(float(block[i, i]))
            means[i, k] = own.share_interval(value, level, name, 1)
            for j in mine[place + 1 :]:
                error = over_cases(float(block[i, i] + block[j, j] - 2 * block[i, j]))
                gap = value - float(layout.values[j, k])
                gaps[i, j, k] = contrast_test(error.interval(gap, level, name, 1), error)
    return means, gaps


def _analyse(
    layout: Layout,
    readers: Effect,
    cases: Effect,
    level: float,
    *,
    cases_df: float | None,
    missing: int = 0,
) -> ReaderAnalysis:
    """Analyse by Cochran's quantile with these degrees of freedom of cases, or Hillis' freedom."""
    require_level(level)
    for name, effect in (("readers", readers), ("cases", cases)):
        require_choice(name, effect, ("random", "fixed"))
    if readers == cases == "fixed":
        raise DataError("readers and cases are both fixed: there is nothing left that varies")
    effects = (readers, cases)
    squares = layout.mean_squares()
    if readers == "random" and squares.interaction_df < 1:
        raise DataError(
            "no group has two readers: nothing tells how readers vary",
            remedy='readers="fixed" speaks of these readers alone',
        )
    name = f"Obuchowski-Rockette, {readers} readers, {cases} cases"
    if layout.design != "factorial":
        name += f", {layout.design.replace('_', ' ')}"
    if layout.design == "incomplete":
        name += f" ({missing} readings missing)"
    rows, n = np.nanmean(layout.values, axis=1), layout.values.shape[1]
    told, differences = f"{name}, {_told(cases_df)}", {}
    for i in range(layout.t):
        for j in range(i + 1, layout.t):
            error = replace(contrast_term(layout, effects, i, j), cases_df=cases_df)
            gap = error.interval(float(rows[i] - rows[j]), level, told, n)
            differences[i, j] = contrast_test(gap, error)
    overall = contrast_term(layout, effects, 0, 0 if layout.t == 1 else 1)
    if layout.design == "readers_in_treatments":
        overall = overall_term(layout, effects)
    overall = replace(overall, cases_df=cases_df)
    errors = tuple(
        replace(mean_term(layout, effects, i), cases_df=cases_df) for i in range(layout.t)
    )
    means = tuple(
        error.share_interval(float(row), level, told, int(count))
        for row, error, count in zip(rows, errors, layout.readers, strict=True)
    )
    equality = _equality(layout, squares.treatment, overall, name)
    if layout.t == 2 and cases_df is not None:
        test = differences[0, 1]
        equality = replace(equality, p_value=test.p_value, method=f"{test.method}, squared")
    return ReaderAnalysis(
        layout.values, layout.design, _components(layout, squares), squares,
        equality, overall, differences, means, errors, *_single_readers(layout, level, cases_df),
    )  # fmt: skip


def analyse_readers(
    values: ArrayLike,
    covariance: ArrayLike,
    *,
    readers: Effect = "random",
    cases: Effect = "random",
    level: float = 0.95,
    smaller_class: int | None = None,
) -> ReaderAnalysis:
    """Analyse figures of merit of a factorial study and their covariance over cases.

    Parameters
    ----------
    values
        Shape (treatments, readers), at least two of each.
    covariance
        Shape (treatments * readers, treatments * readers), treatments slowest: covariance of the
        figures when cases are drawn anew.
    readers, cases
        ``random`` to speak of other readers (cases) too, ``fixed`` to speak of these alone; not
        both fixed.
    level
        Confidence level.
    smaller_class
        Cases (patients) in the smaller class, two or more: the intervals are then those that
        :func:`obuchowski_rockette` gives by Cochran's quantile. Without it, which nothing in the
        covariance tells, they have Hillis' freedom, and say where that may be too narrow.

    Returns
    -------
    ReaderAnalysis
        Its ``error`` and ``mean_errors`` hold both parts of every variance, and Hillis' freedom.
    """
    table = number_table("values", values, "(treatments, readers)")
    matrix = number_table("covariance", covariance, "(figures, figures)")
    if min(table.shape) < 2:
        raise DataError(f"values have shape {table.shape}, wanted (treatments, readers), 2 or more")
    if matrix.shape != (table.size, table.size):
        raise DataError(f"covariance has shape {matrix.shape}, wanted {(table.size, table.size)}")
    if smaller_class is not None and smaller_class < 2:
        raise DataError(f"the smaller class has {smaller_class} cases, wanted 2 or more")
    layout = make_layout(table, matrix, np.ones((*table.shape, 1), bool), "factorial")
    cases_df = None if smaller_class is None else float(smaller_class - 1)
    found = _analyse(layout, readers, cases, level, cases_df=cases_df)
    method: Quantile = "hillis" if smaller_class is None else "cochran"
    return warned_of_few(found, method, smaller_class, random=readers == "random")


def obuchowski_rockette(
    reference_standard: ArrayLike,
    ratings: ArrayLike,
    *,
    figure: Figure = "auroc",
    covariance: Covariance = "jackknife",
    readers: Effect = "random",
    cases: Effect = "random",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: Quantile = "cochran",
    least_cases: int = LEAST_CASES,
) -> ReaderAnalysis:
    """Compare treatments (arms, or model-aided and unaided reading) over readers and cases.

    Estimand: difference of the treatments' mean figure of merit over readers, for the population
    of readers and of cases that are ``random``.

    The variance of a mean over random readers is a mean square MS, as well known as there are
    readers, plus a covariance C, as well known as there are cases (``docs/statistics.md`` has both
    for every design). The default interval takes Cochran's weighted quantile ``t' = (MS t[df of
    MS] + C t[m - 1]) / (MS + C)`` with m cases (patients) in the smaller class, and is made on the
    logit scale where the mean is one treatment's: ``logit(A) +- t' se / (A (1 - A))``. The p value
    of a difference is the level at which its interval ends at 0. With fixed readers, and for one
    reader, all of the variance comes from cases: Student's quantile with m - 1.

    Parameters
    ----------
    reference_standard
        0 or 1 for every case, shape (n,).
    ratings
        Shape (treatments, readers, n), two or more of each; 0/1 calls for sensitivity,
        specificity, accuracy. NaN where a reading did not take place: the design is read off
        them (:func:`osteon.statistics.mrmc_designs.study_design`), and ``method`` names it.
        ``incomplete`` ones average the covariances of all pairs, which is approximate:
        :func:`u_statistic_analysis` needs no such average.
    figure
        ``auroc``, ``sensitivity``, ``specificity`` or ``accuracy``.
    covariance
        ``jackknife``, ``delong`` or ``unbiased`` (the last two for ``auroc`` of complete
        readings), or :class:`osteon.statistics.mrmc_covariance.BootstrapCovariance`.
    readers, cases, level
        As in :func:`analyse_readers`.
    cluster
        Patient of every case, shape (n,): the jackknife leaves whole patients out, the bootstrap
        draws them, ``delong`` becomes Obuchowski's 1997 covariance.
    method
        ``cochran``, or ``hillis`` as other programs have it: Student's t with Hillis' degrees of
        freedom (normal with fixed readers and for one reader), means symmetric. That may be too
        narrow with fewer than five readers or 30 cases of a class, and each ``method`` says so.
        The test of more than two treatments at once is Hillis' F by either.
    least_cases
        As in :func:`standalone_against_readers`: with fewer, areas get no interval and no test.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = np.tile([0, 1], 40)
    >>> skill = np.array([1.5, 0.8])[:, None, None]
    >>> ratings = skill * truth + rng.normal(size=(2, 4, 80))
    >>> analysis = obuchowski_rockette(truth, ratings)
    >>> analysis.differences[0, 1].difference.low > 0
    True
    """
    require_choice("method", method, ("cochran", "hillis"))
    table = number_table("ratings", ratings, "(treatments, readers, cases)", missing=True)
    if min(table.shape[:2]) < 2:
        raise DataError(
            f"ratings have shape {table.shape}, wanted (treatments, readers, cases), 2 or more"
        )
    read = ~np.isnan(table)
    values, matrix = reader_covariance(
        reference_standard, table, figure=figure, method=covariance, cluster=cluster
    )
    few = deciding_cases(figure, reference_standard, cluster)
    layout = make_layout(values, matrix, read, study_design(read))
    cases_df = float(max(few - 1, 1)) if method == "cochran" else None
    found = _analyse(layout, readers, cases, level, cases_df=cases_df, missing=int((~read).sum()))
    found = warned_of_few(found, method, few, random=readers == "random")
    if figure == "auroc" and few < least_cases:
        return without_intervals(found, too_few_cases(few, least_cases))
    return found
