"""Tests that there is no agreement, and the parts of a coefficient.

A test of kappa = 0 rarely answers a reader study's question; an interval does. Sources: Fleiss,
Cohen and Everitt 1969 (Psychol Bull 72:323, null variance of weighted kappa); Fleiss, Nee and
Landis 1979 (Psychol Bull 86:974, null variance for several raters); Shrout and Fleiss 1979 (F).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.agreement import (
    KappaWeights,
    agreement_weights,
    code_categories,
    cohen_kappa_replicates,
)
from osteon.statistics.agreement_many import rating_counts
from osteon.statistics.checks import require_choice, require_one_dimension
from osteon.statistics.measurement import IccForm, mean_squares

__all__ = [
    "CategoryKappa",
    "fleiss_kappa_by_category",
    "fleiss_kappa_test",
    "icc_test",
    "kappa_test",
]


def kappa_test(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weighting: KappaWeights = "unweighted",
    categories: ArrayLike | None = None,
) -> TestResult:
    """Test that two raters agree no better than by chance (kappa = 0).

    Arguments as in :func:`cohen_kappa`, rows independent. ``statistic`` is z, with the variance
    under independence: not the one behind kappa's interval.

    Examples
    --------
    >>> round(kappa_test([0, 0, 1, 1, 1, 0, 1, 0], [0, 0, 1, 1, 0, 0, 1, 1]).p_value, 3)
    0.157
    """
    (a, b), k = code_categories((first, second), categories)
    require_one_dimension(first=a, second=b)
    name = f"kappa = 0, {weighting}, z"
    agreement = agreement_weights(k, weighting)
    if a.size == 0:
        return TestResult(math.nan, math.nan, name, None, "no rows")
    kappa = float(cohen_kappa_replicates(a, b, agreement=agreement)[0])
    if math.isnan(kappa):
        reason = "both raters use one category throughout: chance agreement is complete"
        return TestResult(math.nan, math.nan, name, None, reason)
    rows = np.bincount(a, minlength=k) / a.size
    columns = np.bincount(b, minlength=k) / a.size
    expected = float(rows @ agreement @ columns)
    apart = agreement - (agreement @ columns)[:, None] - (rows @ agreement)[None, :]
    spread = float(rows @ apart**2 @ columns) - expected**2
    return _by_normal(kappa, spread / (a.size * (1 - expected) ** 2), name, a.size)


def _by_normal(value: float, variance: float, name: str, n: int) -> TestResult:
    reason = "the variance is that under no agreement: no interval"
    shown = Estimate(value, math.nan, math.nan, 0.95, name, n, reason)
    if variance <= 1e-15:
        return TestResult(math.nan, math.nan, name, shown, "the variance under chance is zero")
    z = value / math.sqrt(variance)
    return TestResult(z, float(2 * special.ndtr(-abs(z))), name, shown)


@dataclass(frozen=True, slots=True)
class CategoryKappa:
    """Fleiss' kappa of one category against all others; ``test.difference`` holds the value."""

    category: str
    test: TestResult


def _complete(ratings: ArrayLike) -> tuple[np.ndarray, np.ndarray, int]:
    """Count a table without missing ratings; its categories' names and number of raters."""
    counts, _ = rating_counts(ratings)
    raters = counts.sum(axis=1)
    if counts.shape[0] == 0 or raters.min() < 2 or np.ptp(raters) > 0:
        raise DataError("the null variance needs two or more ratings of every subject, all alike")
    table = np.asarray(ratings)
    names = np.unique(table if table.dtype.kind in "fiub" else table.astype(str))
    return counts, names, int(raters[0])


def fleiss_kappa_test(ratings: ArrayLike) -> TestResult:
    """Test that raters agree no better than by chance (Fleiss' kappa = 0).

    ``ratings`` has shape (subjects, raters), complete. ``statistic`` is z.

    Examples
    --------
    >>> table = [[1, 1, 1], [1, 2, 1], [2, 2, 2], [1, 1, 2], [2, 2, 2]]
    >>> round(fleiss_kappa_test(table).statistic, 2)
    1.8
    """
    counts, _, m = _complete(ratings)
    n, shares = counts.shape[0], counts.mean(axis=0) / m
    name, spread = "Fleiss' kappa = 0, z", float(np.sum(shares * (1 - shares)))
    if spread <= 1e-12:
        reason = "one category throughout: chance agreement is complete"
        return TestResult(math.nan, math.nan, name, None, reason)
    kappa = 1 - float(np.sum(counts * (m - counts))) / (n * m * (m - 1) * spread)
    skew = float(np.sum(shares * (1 - shares) * (1 - 2 * shares)))
    variance = 2 * (spread**2 - skew) / (n * m * (m - 1) * spread**2)
    return _by_normal(kappa, variance, name, n)


def fleiss_kappa_by_category(ratings: ArrayLike) -> tuple[CategoryKappa, ...]:
    """Fleiss' kappa of each category against the others, tested against 0.

    ``ratings`` has shape (subjects, raters), complete; categories in sorted order.

    Examples
    --------
    >>> found = fleiss_kappa_by_category([["a", "a"], ["b", "b"], ["a", "c"]])
    >>> [(one.category, round(one.test.difference.value, 2)) for one in found]
    [('a', 0.33), ('b', 1.0), ('c', -0.2)]
    """
    counts, names, m = _complete(ratings)
    n, shares = counts.shape[0], counts.mean(axis=0) / m
    found = []
    for category, count, share in zip(names.tolist(), counts.T, shares.tolist(), strict=True):
        name = "Fleiss' kappa of a category = 0, z"
        if share in (0.0, 1.0):
            reason = "one category throughout: chance agreement is complete"
            test = TestResult(math.nan, math.nan, name, None, reason)
        else:
            apart = float(np.sum(count * (m - count)))
            kappa = 1 - apart / (n * m * (m - 1) * share * (1 - share))
            test = _by_normal(kappa, 2 / (n * m * (m - 1)), name, n)
        found.append(CategoryKappa(str(category), test))
    return tuple(found)


def icc_test(ratings: ArrayLike, *, form: IccForm = "2,1") -> TestResult:
    """Test that subjects do not differ more than ratings of one subject do (ICC = 0).

    Arguments as in :func:`intraclass_correlation`. ``statistic`` is F: between subjects over
    within them (forms 1), or over the error left when raters are taken out (forms 2 and 3).

    Examples
    --------
    >>> icc_test([[9, 2, 5], [6, 1, 3], [8, 4, 6], [7, 1, 2]], form="3,1").method
    'ICC(3,1) = 0, F with 3 and 6 df'
    """
    require_choice("form", form, ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k"))
    s = mean_squares(ratings)
    noise, df = (s.within, s.n * (s.k - 1)) if form[0] == "1" else (s.error, (s.n - 1) * (s.k - 1))
    name = f"ICC({form}) = 0, F with {s.n - 1} and {df} df"
    if noise <= 0:
        return TestResult(math.nan, math.nan, name, None, "no variance within subjects: no F")
    statistic = s.rows / noise
    return TestResult(statistic, float(special.fdtrc(s.n - 1, df, statistic)), name)
