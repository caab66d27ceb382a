"""A model that reads alone, against the readers of a study.

Sources: Hillis 2007 (Stat Med 26:596, degrees of freedom); Chakraborty 2017, Observer Performance
Methods for Diagnostic Imaging, chapter 22 (standalone against readers).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import (
    binary_array,
    cluster_codes,
    number_table,
    require_level,
)
from osteon.statistics.limits import smaller_class
from osteon.statistics.mrmc_covariance import Figure, reader_covariance
from osteon.statistics.mrmc_result import (
    LEAST_CASES,
    ErrorTerm,
    contrast_test,
    too_few_cases,
)

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
    least_cases: int = LEAST_CASES,
) -> TestResult:
    """Compare a model with a population of readers (random readers, random cases).

    Estimand: figure of the model minus the readers' mean figure. With d_k the model minus reader k,
    the standard error is ``sqrt((var(d) + max(K Cov2, 0)) / K)``, Cov2 the mean covariance of two
    readers' differences by jackknife, with Hillis' degrees of freedom; for one reader the jackknife
    variance of the difference and the normal quantile.

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
    least_cases
        With fewer cases (or patients with one) of the smaller class areas get no interval and no
        test: the degrees of freedom speak of readers only, and it would be too narrow.

    Returns
    -------
    TestResult
        ``difference`` is model minus readers.
    """
    require_level(level)
    if math.isnan(margin) or margin < 0:
        raise UsageError(f"margin is {margin}, wanted 0 or more", remedy="state it as a width")
    own = number_table("model", model, "(n)")
    others = number_table("readers", np.atleast_2d(np.asarray(readers)), "(K, n)", missing=True)
    if others.shape[1:] != own.shape or len(others) == 0:
        raise DataError(f"model has shape {own.shape}, readers {others.shape}, wanted (n,), (K, n)")
    stacked = np.vstack([own[None, :], others])[None, :, :]
    values, matrix = reader_covariance(reference_standard, stacked, figure=figure, cluster=cluster)
    k = len(others)
    contrast = np.hstack([np.ones((k, 1)), -np.eye(k)])
    gaps, spread = contrast @ values[0], contrast @ matrix @ contrast.T
    if k == 1:
        error = ErrorTerm(float(spread[0, 0]), math.inf, 1.0, float(spread[0, 0]), 0.0)
    else:
        cov2 = float((spread.sum() - np.trace(spread)) / (k * (k - 1)))
        between, added = float(gaps.var(ddof=1)), max(k * cov2, 0.0)
        term = between + added
        df = (k - 1) * (term / between) ** 2 if between > 0 else math.inf
        error = ErrorTerm(term, df, 1 / k, between, added)
    name = f"model against {k} readers, random readers and cases"
    codes = None if cluster is None else cluster_codes(cluster, own.size)
    few = smaller_class(binary_array("reference_standard", reference_standard), codes)
    if figure == "auroc" and few < least_cases:
        reason = too_few_cases(few, least_cases)
        gap = Estimate(float(gaps.mean()), math.nan, math.nan, level, name, k, reason)
        return TestResult(math.nan, math.nan, name, gap, reason)
    return contrast_test(error.interval(float(gaps.mean()), level, name, k), error, margin)
