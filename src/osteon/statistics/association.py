"""Are groups alike? Chi-square, Fisher's exact and Kruskal-Wallis tests, standardised differences.

Sources: Pearson 1900; Fisher 1935; Kruskal and Wallis 1952 (J Am Stat Assoc 47:583); Austin 2009
(Stat Med 28:3083), Yang and Dalton 2012 (SAS Global Forum 335, several categories).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import TestResult
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import Floats, cluster_codes, finite_array, number_table

__all__ = [
    "chi_square_test",
    "fisher_exact_test",
    "kruskal_wallis_test",
    "standardised_mean_difference",
    "standardised_share_difference",
]


LARGEST_EXACT = 10_000_000


def _table(counts: ArrayLike) -> Floats:
    table = number_table("counts", counts, "(rows, columns)")
    if (table < 0).any():
        raise DataError(f"counts hold {table.min()}, wanted a table of counts of at least 0")
    return table


def chi_square_test(counts: ArrayLike, *, correction: bool = False) -> TestResult:
    """Pearson's chi-square of a table of counts.

    Rows and columns without counts are left out. ``correction`` is Yates', for 2 x 2 tables.

    Parameters
    ----------
    counts
        Shape (rows, columns), for example splits by classes.

    Returns
    -------
    TestResult
        Undefined with a reason when fewer than two rows or columns are left. ``method`` gives the
        degrees of freedom and warns when an expected count is below 5.

    Examples
    --------
    >>> round(chi_square_test([[30, 20], [20, 30]]).p_value, 4)
    0.0455
    """
    table = _table(counts)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape, default=0) < 2:
        reason = "fewer than two rows or columns have counts"
        return TestResult(math.nan, math.nan, "Pearson chi-square", None, reason)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    gap = np.abs(table - expected)
    if correction and table.shape == (2, 2):
        gap = gap - np.minimum(0.5, gap)
    statistic = float(np.sum(gap**2 / expected))
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    name = f"Pearson chi-square, {df} df" + (", Yates" if correction and df == 1 else "")
    if expected.min() < 5:
        name += f", smallest expected count {expected.min():.1f}"
    return TestResult(statistic, float(special.chdtrc(df, statistic)), name)


def fisher_exact_test(counts: ArrayLike) -> TestResult:
    """Fisher's exact test of a 2 x 2 table, two-sided (tables no more likely than this one).

    ``statistic`` is the sample's odds ratio, infinite when a discordant cell is empty.

    Examples
    --------
    >>> round(fisher_exact_test([[3, 1], [1, 3]]).p_value, 4)
    0.4857
    """
    table = _table(counts)
    if table.shape != (2, 2):
        raise DataError(f"counts have shape {table.shape}, wanted (2, 2)")
    if table.sum() > LARGEST_EXACT:
        raise UsageError(
            f"the table holds {table.sum():g} rows, the exact test takes {LARGEST_EXACT:g} at most",
            remedy="chi_square_test is as good for so many",
        )
    (a, b), (c, d) = table
    top = np.arange(max(0, a - d), min(a + b, a + c) + 1)

    def log_choose(n: Floats, k: Floats) -> Floats:
        return np.asarray(
            special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
        )

    logs = log_choose(a + b, top) + log_choose(c + d, a + c - top)
    chances = np.exp(logs - special.logsumexp(logs))
    own = chances[np.flatnonzero(top == a)[0]]
    p_value = float(chances[chances <= own * (1 + 1e-7)].sum())
    odds = a * d / (b * c) if b * c else (math.inf if a * d else math.nan)
    return TestResult(float(odds), min(p_value, 1.0), "Fisher, exact")


def kruskal_wallis_test(values: ArrayLike, group: ArrayLike) -> TestResult:
    """Kruskal and Wallis' rank test that groups have one distribution, corrected for ties.

    Parameters
    ----------
    values
        Shape (n,), finite, rows independent.
    group
        Group of every row, shape (n,).

    Returns
    -------
    TestResult
        ``statistic`` is chi-square; undefined with a reason when there is one group or all values
        are equal.

    Examples
    --------
    >>> found = kruskal_wallis_test([1, 2, 3, 4, 5, 6], list("aaabbb"))
    >>> round(found.p_value, 4), found.method
    (0.0495, 'Kruskal-Wallis, chi-square with 1 df')
    """
    array = finite_array("values", values)
    codes = cluster_codes(group, array.size)
    k, n = int(codes.max(initial=-1)) + 1, array.size
    name = f"Kruskal-Wallis, chi-square with {k - 1} df"
    if k < 2 or np.ptp(array) == 0:
        reason = "fewer than two groups, or all values equal"
        return TestResult(math.nan, math.nan, "Kruskal-Wallis", None, reason)
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    sums, sizes = np.bincount(codes, rank), np.bincount(codes)
    plain = 12 / (n * (n + 1)) * float(np.sum(sums**2 / sizes)) - 3 * (n + 1)
    statistic = plain / (1 - float(np.sum(counts**3 - counts)) / (n**3 - n))
    return TestResult(statistic, float(special.chdtrc(k - 1, statistic)), name)


def standardised_mean_difference(first: ArrayLike, second: ArrayLike) -> float:
    """Difference of means over the root of the mean variance; values of shapes (m,) and (n,).

    NaN when a group has fewer than two values or neither varies.
    """
    a, b = finite_array("first", first), finite_array("second", second)
    if a.size < 2 or b.size < 2:
        return math.nan
    spread = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return float((a.mean() - b.mean()) / spread) if spread > 0 else math.nan


def standardised_share_difference(first: ArrayLike, second: ArrayLike) -> float:
    """Distance of two groups' shares over k categories (Yang and Dalton 2012), at least 0.

    Counts of each category, shape (k,). For two categories it is the absolute standardised
    difference of one share. NaN for an empty group; infinite when shares differ and neither varies.

    Examples
    --------
    >>> round(standardised_share_difference([50, 50], [40, 60]), 3)
    0.202
    """
    a, b = finite_array("first", first), finite_array("second", second)
    if a.shape != b.shape or a.sum() == 0 or b.sum() == 0:
        return math.nan
    p, q = a / a.sum(), b / b.sum()
    gap = (p - q)[1:]
    if not gap.any():
        return 0.0
    p, q = p[1:], q[1:]
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    if np.linalg.matrix_rank(spread) == 0:
        return math.inf
    return float(math.sqrt(max(gap @ np.linalg.pinv(spread) @ gap, 0.0)))
