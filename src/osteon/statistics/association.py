"""Are groups alike? Chi-square, Fisher's exact and Kruskal-Wallis tests, standardised differences.

Sources: Pearson 1900; Fisher 1935; Kruskal and Wallis 1952 (JASA 47:583); Austin 2009 (Stat Med
28:3083), Yang and Dalton 2012 (SAS Global Forum 335, several categories).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from osteon.core.records import TestResult
from osteon.errors import DataError
from osteon.statistics.checks import Floats, finite_array

__all__ = [
    "chi_square_test",
    "fisher_exact_test",
    "kruskal_wallis_test",
    "standardised_mean_difference",
    "standardised_share_difference",
]


def _table(counts: ArrayLike) -> Floats:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise DataError(f"counts have shape {table.shape}, wanted a table of counts of at least 0")
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


def kruskal_wallis_test(groups: Sequence[ArrayLike]) -> TestResult:
    """Kruskal and Wallis's test whether one group's values tend to be larger than another's.

    ``H = 12 / (N (N + 1)) sum(R_i^2 / n_i) - 3 (N + 1)`` over the rank sums R_i, divided by
    ``1 - sum(t^3 - t) / (N^3 - N)`` for ties of t values; against chi-square with k - 1 degrees of
    freedom.

    Parameters
    ----------
    groups
        Values of each group, each of shape (n_i,); empty groups are left out.

    Returns
    -------
    TestResult
        Undefined with a reason when fewer than two groups have values or all values are equal.

    Examples
    --------
    >>> round(
    ...     kruskal_wallis_test(
    ...         [[2.9, 3.0, 2.5, 2.6, 3.2], [3.8, 2.7, 4.0, 2.4], [2.8, 3.4, 3.7, 2.2, 2.0]]
    ...     ).p_value,
    ...     2,
    ... )
    0.68
    """
    arrays = [finite_array("group", group) for group in groups]
    arrays = [array for array in arrays if array.size]
    if len(arrays) < 2 or np.ptp(np.concatenate(arrays)) == 0:
        reason = "fewer than two groups with values, or all values are equal"
        return TestResult(math.nan, math.nan, "Kruskal-Wallis", None, reason)
    pooled = np.concatenate(arrays)
    ranks, n = stats.rankdata(pooled), pooled.size
    parts = np.split(ranks, np.cumsum([array.size for array in arrays])[:-1])
    statistic = 12 / (n * (n + 1)) * sum(part.sum() ** 2 / part.size for part in parts)
    ties = np.unique(pooled, return_counts=True)[1].astype(np.float64)
    statistic = (statistic - 3 * (n + 1)) / (1 - (ties**3 - ties).sum() / (float(n) ** 3 - n))
    df = len(arrays) - 1
    return TestResult(
        float(statistic), float(special.chdtrc(df, statistic)), f"Kruskal-Wallis, {df} df"
    )


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
