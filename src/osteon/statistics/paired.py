"""Two tests on the same rows: McNemar, the difference of proportions, permutation.

Sources: McNemar 1947; Fagerland, Lydersen and Laake 2013 (BMC Med Res Methodol 13:91, mid-p);
Tango 1998 (Stat Med 17:891, score interval); Newcombe 1998 (Stat Med 17:2635,
paired); Phipson and Smyth 2010 (permutation p values).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.checks import (
    Bools,
    Floats,
    binary_array,
    cluster_codes,
    finite_array,
    require_choice,
    require_generator,
    require_level,
    same_length,
)
from osteon.statistics.comparison import undefined_test
from osteon.statistics.proportion import proportion_from_counts

__all__ = [
    "mcnemar_test",
    "newcombe_paired_limits",
    "paired_proportion_difference",
    "permutation_test",
    "tango_limits",
]


def mcnemar_test(
    first_right: ArrayLike,
    second_right: ArrayLike,
    *,
    method: str = "auto",
    level: float = 0.95,
) -> TestResult:
    """Compare two proportions on the same rows.

    Parameters
    ----------
    first_right, second_right
        0 or 1 for every row (say, called correctly), shape (n,).
    method
        ``exact`` (binomial), ``mid-p``, ``asymptotic``, ``corrected`` (continuity), or ``auto``:
        exact below 25 discordant rows, asymptotic from there.
    level
        Level of the difference's interval (Tango's score interval).

    Returns
    -------
    TestResult
        ``statistic`` is chi-square with one degree of freedom (asymptotic, corrected) or the
        smaller discordant count (exact, mid-p); ``difference`` first minus second. Rows are taken
        as independent: with several rows for a patient use :func:`paired_proportion_difference`
        with its clusters.

    Examples
    --------
    >>> first, second = [1] * 20 + [0] * 4 + [1] * 30, [0] * 20 + [1] * 4 + [1] * 30
    >>> result = mcnemar_test(first, second)
    >>> result.method, round(result.p_value, 4)
    ('McNemar, exact', 0.0015)
    """
    require_choice("method", method, ("auto", "exact", "mid-p", "asymptotic", "corrected"))
    a, b = binary_array("first_right", first_right), binary_array("second_right", second_right)
    n = same_length(first_right=a, second_right=b)
    if n == 0:
        return undefined_test("no rows", "McNemar", level, 0)
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    gap = paired_proportion_difference(a, b, level=level)
    discordant = only_first + only_second
    if method == "auto":
        method = "exact" if discordant < 25 else "asymptotic"
    name = f"McNemar, {method}"
    if discordant == 0:
        return TestResult(0.0, 1.0, name, gap, "no discordant rows")
    if method in ("exact", "mid-p"):
        smaller = min(only_first, only_second)
        tail = float(special.bdtr(smaller, discordant, 0.5))
        if method == "mid-p":
            tail -= math.comb(discordant, smaller) / 2**discordant / 2
        return TestResult(float(smaller), min(1.0, 2 * tail), name, gap)
    shift = 1 if method == "corrected" else 0
    chi_square = max(abs(only_first - only_second) - shift, 0) ** 2 / discordant
    return TestResult(chi_square, float(special.chdtrc(1, chi_square)), name, gap)


def paired_proportion_difference(
    first_right: ArrayLike,
    second_right: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "tango",
) -> Estimate:
    """Difference of two proportions on the same rows, first minus second.

    Without clusters the interval is Tango's score interval, or with ``method="newcombe"`` the one
    from the two Wilson intervals and the correlation of the pair (Newcombe 1998, method 10); with
    clusters the ratio estimator's variance of the differences and Student's quantile
    (clusters - 1). 0/1 arrays of shape (n,).

    Examples
    --------
    >>> first, second = [1] * 12 + [0] * 2 + [1] * 30, [0] * 12 + [1] * 2 + [1] * 30
    >>> paired_proportion_difference(first, second).formatted(3)
    '0.227 (0.069, 0.386)'
    """
    require_level(level)
    require_choice("method", method, ("tango", "newcombe"))
    if cluster is not None and method == "newcombe":
        raise DataError(
            "Newcombe's interval takes rows as independent", remedy="leave method out with clusters"
        )
    a, b = binary_array("first_right", first_right), binary_array("second_right", second_right)
    n = same_length(first_right=a, second_right=b)
    if n == 0:
        return Estimate.undefined("no rows", level=level, method=method, n=0)
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    value = (only_first - only_second) / n
    if cluster is not None:
        return _clustered_difference(a.astype(float) - b, cluster, level)
    if method == "newcombe":
        low, high = newcombe_paired_limits(int((a & b).sum()), only_first, only_second, n, level)
        return Estimate(value, low, high, level, "Newcombe 1998 paired method 10", n)
    low, high = tango_limits(only_first, only_second, n, level)
    return Estimate(value, low, high, level, "Tango score", n)


def _clustered_difference(gap: Floats, cluster: ArrayLike, level: float) -> Estimate:
    codes = cluster_codes(cluster, gap.size)
    sums = np.bincount(codes, gap - gap.mean())
    value, k = float(gap.mean()), sums.size
    name = "clustered (ratio estimator)"
    if k < 2:
        reason = "one cluster: no variance"
        return Estimate(value, math.nan, math.nan, level, name, gap.size, reason)
    se = math.sqrt(k / (k - 1) * float(np.sum(sums**2))) / gap.size
    if se == 0:
        reason = "every cluster has the same difference: no variance"
        return Estimate(value, math.nan, math.nan, level, name, gap.size, reason)
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * se
    return Estimate(value, value - half, value + half, level, name, gap.size)


def newcombe_paired_limits(
    both: int, only_first: int, only_second: int, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Interval of a paired difference from two Wilson intervals (Newcombe 1998, method 10).

    The correlation of the pair is that of the four-fold table with a continuity correction: a
    positive cross-product difference loses n / 2, down to 0.
    """
    neither = n - both - only_first - only_second
    counts = (both + only_first, both + only_second)
    gaps = []
    for k in counts:
        share = proportion_from_counts(k, n, level=level)
        gaps.append((share.value - share.low, share.high - share.value))
    cross = float(both * neither - only_first * only_second)
    cross = max(cross - n / 2, 0.0) if cross > 0 else cross
    margins = math.prod(count * (n - count) for count in counts)
    phi = cross / math.sqrt(margins) if margins else 0.0
    (below1, above1), (below2, above2) = gaps
    value = (only_first - only_second) / n
    down = math.sqrt(below1**2 - 2 * phi * below1 * above2 + above2**2)
    up = math.sqrt(above1**2 - 2 * phi * above1 * below2 + below2**2)
    return max(value - down, -1.0), min(value + up, 1.0)


def tango_limits(
    only_first: int, only_second: int, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Score interval of a paired difference of proportions (Tango 1998), by bisection.

    ``only_first`` and ``only_second`` are the discordant counts of n rows.
    """
    z = float(special.ndtri((1 + level) / 2))

    def score(delta: float) -> float:
        b = -only_first - only_second + (2 * n - only_first + only_second) * delta
        c = -only_second * delta * (1 - delta)
        p21 = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
        variance = n * (2 * p21 + delta * (1 - delta))
        gap = only_first - only_second - n * delta
        return gap / math.sqrt(variance) if variance > 1e-14 else math.copysign(math.inf, gap)

    def root(inside: float, outside: float, wanted: float) -> float:
        for _ in range(80):
            middle = (inside + outside) / 2
            within = abs(score(middle)) <= wanted
            inside, outside = (middle, outside) if within else (inside, middle)
        return (inside + outside) / 2

    value = (only_first - only_second) / n
    low = -1.0 if value == -1 else root(value, -1.0, z)
    high = 1.0 if value == 1 else root(value, 1.0, z)
    return low, high


def permutation_test(
    statistic: Callable[..., Any],
    first: ArrayLike,
    second: ArrayLike,
    *,
    rng: np.random.Generator | None,
    cluster: ArrayLike | None = None,
    permutations: int = 10_000,
) -> TestResult:
    """Test by permutation whether ``first`` and ``second`` are exchangeable on the same rows.

    In every permutation each patient's pair is swapped or not, all rows of a patient together.

    Parameters
    ----------
    statistic
        Called with two arrays of shape (n,); returns a number that is larger when ``first`` is
        better, such as a difference of means.
    first, second
        Values of the two on the same rows, shape (n,).
    rng, cluster, permutations
        Generator, patient of every row, number of permutations.

    Returns
    -------
    TestResult
        Two-sided p value ``(1 + #{|t*| >= |t|}) / (1 + permutations)`` (Phipson and Smyth 2010).
    """
    generator = require_generator(rng)
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(first=a, second=b)
    if permutations < 1:
        raise DataError(f"permutations is {permutations}, wanted at least 1")
    codes = cluster_codes(cluster, n)
    if n == 0:
        return TestResult(math.nan, math.nan, "permutation", None, "no rows")
    observed = float(statistic(a, b))
    if math.isnan(observed):
        return TestResult(math.nan, math.nan, "permutation", None, "the statistic is undefined")
    extreme = 0
    for _ in range(permutations):
        swap: Bools = generator.random(int(codes.max()) + 1)[codes] < 0.5
        drawn = float(statistic(np.where(swap, b, a), np.where(swap, a, b)))
        extreme += abs(drawn) >= abs(observed) * (1 - 1e-12)
    p_value = (1 + extreme) / (1 + permutations)
    return TestResult(observed, p_value, f"paired permutation, {permutations} permutations")
