"""A model that reads alone, against the readers of a study.

Sources: Chakraborty 2017, Observer Performance Methods for Diagnostic Imaging, chapter 22
(standalone against readers); Cochran 1964 (Biometrics 20:191, weighted quantile); Hillis 2007 (Stat
Med 26:596, degrees of freedom).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import Floats, number_table, require_choice, require_level
from osteon.statistics.mrmc_covariance import Figure, deciding_cases, reader_covariance
from osteon.statistics.mrmc_error import ErrorTerm, Quantile, contrast_test
from osteon.statistics.mrmc_result import LEAST_CASES, few_warning, too_few_cases

__all__ = ["standalone_against_readers"]


def standalone_against_readers(
    reference_standard: ArrayLike,
    model: ArrayLike,
    readers: ArrayLike,
    *,
    figure: Figure = "auroc",
    margin: float = 0.0,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: Quantile = "cochran",
    least_cases: int = LEAST_CASES,
) -> TestResult:
    """Compare a model with a population of readers (random readers, random cases).

    Estimand: figure of the model minus the readers' mean figure. With d_k the model minus reader k,
    the standard error is ``sqrt((var(d) + max(K Cov2, 0)) / K)``, Cov2 the mean covariance of two
    readers' differences by jackknife. The quantile weighs Student's with K - 1 degrees of freedom
    by var(d) and that with m - 1 by K Cov2, m the cases (patients) in the smaller class (Cochran);
    for one reader it is Student's with m - 1, and the variance the jackknife's.

    Parameters
    ----------
    reference_standard
        Shape (n,).
    model
        Scores (or calls) of the model, shape (n,).
    readers
        Ratings (or calls), shape (K, n); NaN where a reading did not take place.
    figure, cluster
        As in :func:`obuchowski_rockette`.
    margin
        Above 0 asks for non-inferiority: the p value is then one-sided against -margin.
    level
        Confidence level.
    method
        ``cochran``, or ``hillis``: Student's t with Hillis' degrees of freedom (for one reader the
        normal quantile), which may be too narrow with fewer than five readers or 30 cases of a
        class, and says so.
    least_cases
        With fewer cases (or patients with one) of the smaller class areas get no interval and no
        test: the degrees of freedom speak of readers only, and it would be too narrow.

    Returns
    -------
    TestResult
        ``difference`` is model minus readers.
    """
    require_level(level)
    require_choice("method", method, ("cochran", "hillis"))
    if math.isnan(margin) or margin < 0:
        raise UsageError(f"margin is {margin}, wanted 0 or more", remedy="state it as a width")
    own = number_table("model", model, "(n)")
    others = number_table("readers", np.atleast_2d(np.asarray(readers)), "(K, n)", missing=True)
    if others.shape[1:] != own.shape or len(others) == 0:
        raise DataError(f"model has shape {own.shape}, readers {others.shape}, wanted (n,), (K, n)")
    stacked = np.vstack([own[None, :], others])[None, :, :]
    values, matrix = reader_covariance(reference_standard, stacked, figure=figure, cluster=cluster)
    k, few = len(others), deciding_cases(figure, reference_standard, cluster)
    contrast = np.hstack([np.ones((k, 1)), -np.eye(k)])
    gaps, spread = contrast @ values[0], contrast @ matrix @ contrast.T
    error = _error(gaps, spread, float(max(few - 1, 1)) if method == "cochran" else None)
    told = "Cochran's quantile" if method == "cochran" else "Hillis' freedom"
    name = f"model against {k} readers, random readers and cases, {told}"
    name += few_warning(method, None if k == 1 else k, few)
    if figure == "auroc" and few < least_cases:
        reason = too_few_cases(few, least_cases)
        gap = Estimate(float(gaps.mean()), math.nan, math.nan, level, name, k, reason)
        return TestResult(math.nan, math.nan, name, gap, reason)
    return contrast_test(error.interval(float(gaps.mean()), level, name, k), error, margin)


def _error(gaps: Floats, spread: Floats, cases_df: float | None) -> ErrorTerm:
    """Error term of the mean of the differences, shape (K,), from their covariance over cases."""
    k = gaps.size
    if k == 1:
        variance = float(spread[0, 0])
        return ErrorTerm(variance, math.inf, 1.0, variance, 0.0, cases_df=cases_df)
    cov2 = float((spread.sum() - np.trace(spread)) / (k * (k - 1)))
    between, added = float(gaps.var(ddof=1)), max(k * cov2, 0.0)
    term = between + added
    df = (k - 1) * (term / between) ** 2 if between > 0 else math.inf
    return ErrorTerm(term, df, 1 / k, between, added, k - 1, cases_df)
