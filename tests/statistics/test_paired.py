import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from osteon.errors import DataError, UsageError
from osteon.statistics.paired import (
    mcnemar_test,
    newcombe_paired_limits,
    paired_proportion_difference,
    permutation_test,
    tango_limits,
)


def pair(both, first, second, neither):
    a = np.repeat([1, 1, 0, 0], [both, first, second, neither])
    return a, np.repeat([1, 0, 1, 0], [both, first, second, neither])


@given(st.integers(0, 30), st.integers(0, 30))
def test_exact_p_value_by_counting(b, c):
    a, other = pair(5, b, c, 5)
    test = mcnemar_test(a, other, method="exact")
    n, k = b + c, min(b, c)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    wanted = 1.0 if n == 0 else min(1.0, 2 * tail)
    assert test.p_value == pytest.approx(wanted, rel=1e-9)
    mid = mcnemar_test(a, other, method="mid-p")
    assert mid.p_value <= test.p_value + 1e-12


def test_auto_changes_at_25_discordant():
    assert mcnemar_test(*pair(5, 20, 4, 5)).method == "McNemar, exact"
    assert mcnemar_test(*pair(5, 20, 5, 5)).method == "McNemar, asymptotic"
    assert mcnemar_test(*pair(5, 0, 0, 5)).reason == "no discordant rows"
    assert "no rows" in mcnemar_test([], []).reason
    with pytest.raises(UsageError, match="method"):
        mcnemar_test([1], [1], method="yates")


@given(st.integers(0, 25), st.integers(0, 25), st.integers(1, 40))
def test_tango_interval_is_antisymmetric_and_holds_the_estimate(b, c, concordant):
    n = b + c + concordant
    low, high = tango_limits(b, c, n)
    assert -1 <= low <= (b - c) / n + 1e-9
    assert (b - c) / n - 1e-9 <= high <= 1
    other_low, other_high = tango_limits(c, b, n)
    assert (other_low, other_high) == pytest.approx((-high, -low), abs=1e-9)


def test_newcombe_interval_is_the_printed_one():
    """Newcombe 1998 (36, 12, 2, 0); Fagerland, Lydersen and Laake 2014 (1, 1, 7, 12)."""
    found = paired_proportion_difference(*pair(36, 12, 2, 0), method="newcombe")
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    found = paired_proportion_difference(*pair(1, 1, 7, 12), method="newcombe")
    assert (found.low, found.high) == pytest.approx((-0.507, -0.026), abs=5e-4)
    with pytest.raises(DataError, match="independent"):
        paired_proportion_difference([1, 0], [0, 1], cluster=[1, 1], method="newcombe")


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 20), st.integers(0, 20))
def test_newcombe_interval_is_antisymmetric_and_holds_the_estimate(b, c, both, neither):
    n = b + c + both + neither
    assume(n > 0)
    low, high = newcombe_paired_limits(both, b, c, n)
    assert -1 <= low <= (b - c) / n + 1e-9
    assert (b - c) / n - 1e-9 <= high <= 1
    other = newcombe_paired_limits(both, c, b, n)
    assert other == pytest.approx((-high, -low), abs=1e-9)


def test_clusters_widen_the_difference():
    a, b = pair(30, 12, 4, 10)
    ids = np.arange(a.size)
    plain = paired_proportion_difference(a, b, cluster=ids)
    copies = paired_proportion_difference(np.tile(a, 4), np.tile(b, 4), cluster=np.tile(ids, 4))
    assert (copies.low, copies.high) == pytest.approx((plain.low, plain.high))
    assert plain.low == pytest.approx(paired_proportion_difference(a, b).low, abs=0.02)
    one = paired_proportion_difference(a, b, cluster=np.zeros(a.size))
    assert one.reason == "one cluster: no variance"
    flat = paired_proportion_difference([1, 0, 1, 0], [0, 1, 0, 1], cluster=[1, 1, 2, 2])
    assert "same difference" in flat.reason


def test_permutation_p_value_by_enumeration():
    a, b = np.array([3.0, 4, 5, 2, 6]), np.array([1.0, 3.5, 2, 2.5, 1])
    gaps = a - b
    signs = np.array(np.meshgrid(*[[1, -1]] * 5)).reshape(5, -1)
    exact = np.mean(np.abs(signs.T @ gaps) >= abs(gaps.sum()) - 1e-12)
    test = permutation_test(
        lambda x, y: np.mean(x - y), a, b, rng=np.random.default_rng(0), permutations=5000
    )
    assert test.p_value == pytest.approx(exact, abs=0.02)


def test_patients_are_swapped_whole():
    a, b = np.r_[np.ones(50), np.zeros(2)], np.r_[np.zeros(50), np.ones(2)]
    ids = np.r_[np.zeros(50), [1, 2]]

    def mean_gap(x, y):
        return np.mean(x - y)

    rng = np.random.default_rng(0)
    clustered = permutation_test(mean_gap, a, b, cluster=ids, rng=rng, permutations=500)
    rows = permutation_test(mean_gap, a, b, rng=rng, permutations=500)
    assert rows.p_value < 0.01
    assert clustered.p_value > 0.2
    with pytest.raises(DataError, match="permutations"):
        permutation_test(mean_gap, a, b, rng=rng, permutations=0)
    broken = permutation_test(lambda x, y: math.nan, a, b, rng=rng)
    assert broken.reason == "the statistic is undefined"
