import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import DataError, UsageError
from osteon.statistics.proportion import (
    PROPORTION_METHODS,
    accuracy,
    clustered_variance,
    proportion,
    proportion_difference,
    proportion_from_counts,
    proportion_replicates,
    sensitivity,
    specificity,
)

INSIDE = ("wilson", "clopper-pearson", "jeffreys")


@given(n=st.integers(1, 400), data=st.data(), method=st.sampled_from(INSIDE))
def test_intervals_hold_the_estimate_and_stay_inside(n, data, method):
    x = data.draw(st.integers(0, n))
    estimate = proportion_from_counts(x, n, method=method)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    mirrored = proportion_from_counts(n - x, n, method=method)
    assert mirrored.low == pytest.approx(1 - estimate.high, abs=1e-9)
    wider = proportion_from_counts(x, n, method=method, level=0.99)
    assert wider.low <= estimate.low
    assert wider.high >= estimate.high


def test_clopper_pearson_limits_are_where_the_binomial_tail_is_half_alpha():
    estimate = proportion_from_counts(7, 25, method="clopper-pearson")

    def tail(p, counts):
        return sum(math.comb(25, k) * p**k * (1 - p) ** (25 - k) for k in counts)

    assert tail(estimate.low, range(7, 26)) == pytest.approx(0.025, abs=1e-10)
    assert tail(estimate.high, range(8)) == pytest.approx(0.025, abs=1e-10)


@pytest.mark.parametrize("method", PROPORTION_METHODS)
def test_all_and_none(method):
    for x, n in ((0, 12), (12, 12)):
        estimate = proportion_from_counts(x, n, method=method)
        assert estimate.value == x / n
        if method in ("wald", "logit"):
            assert "no " in estimate.reason
        else:
            assert estimate.high - estimate.low > 0.1
    assert proportion_from_counts(0, 0, method=method).reason == "no observations"


def test_one_row_for_each_patient_is_nearly_no_clustering():
    rng = np.random.default_rng(0)
    success = rng.random(400) < 0.7
    plain, single = proportion(success), proportion(success, cluster=np.arange(400))
    assert single.low == pytest.approx(plain.low, abs=2e-3)
    assert single.high == pytest.approx(plain.high, abs=2e-3)


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_duplicated_images_narrow_no_cluster_interval(copies, seed):
    rng = np.random.default_rng(seed)
    success, ids = rng.random(40) < 0.8, np.arange(40)
    once = proportion(success, cluster=ids)
    more = proportion(np.tile(success, copies), cluster=np.tile(ids, copies))
    assert (more.low, more.high) == pytest.approx((once.low, once.high), abs=1e-12)


def test_order_and_names_of_patients_do_not_matter():
    rng = np.random.default_rng(1)
    success, ids = rng.random(60) < 0.6, rng.integers(0, 20, 60)
    order = rng.permutation(60)
    one = proportion(success, cluster=ids)
    other = proportion(success[order], cluster=[f"p{i}" for i in ids[order]])
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-14)


def test_one_giant_patient_widens_the_interval():
    success = np.r_[np.ones(200), [0, 1, 0, 1, 0, 1, 0, 1]]
    ids = np.r_[np.zeros(200), np.arange(1, 9)]
    clustered, plain = proportion(success, cluster=ids), proportion(success)
    assert clustered.high - clustered.low > 3 * (plain.high - plain.low)


def test_agreeing_rows_count_patients_not_images():
    clustered = proportion(np.ones(100), cluster=np.repeat(np.arange(10), 10))
    ten = proportion_from_counts(10, 10)
    assert clustered.low < ten.low + 1e-12  # Student's quantile is a little wider still
    assert proportion(np.ones(5), cluster=np.zeros(5)).reason == "one cluster: no variance"


def test_variance_matches_the_jackknife_for_equal_clusters():
    rng = np.random.default_rng(2)
    values, sizes = rng.integers(0, 4, 50).astype(float), np.full(50, 3.0)
    left_out = (values.sum() - values) / (sizes.sum() - sizes)
    jackknife = 49 / 50 * np.sum((left_out - left_out.mean()) ** 2)
    assert clustered_variance(values, sizes) == pytest.approx(jackknife, rel=1e-12)


def test_sensitivity_and_specificity_use_their_own_rows():
    truth, called = [1, 1, 1, 0, 0], [1, 1, 0, 0, 1]
    assert sensitivity(truth, called).n == 3
    assert specificity(truth, called).value == 0.5
    assert accuracy(["a", "b", "c"], ["a", "b", "b"]).value == pytest.approx(2 / 3)
    assert sensitivity([0, 0], [1, 0]).reason == "no observations"
    assert sensitivity(truth, called, cluster=[1, 1, 2, 3, 3]).method.endswith("(ratio estimator)")


def test_replicates_are_weighted_proportions():
    weights = np.array([[1.0, 1, 1, 1], [2, 0, 0, 2], [0, 0, 1, 1]])
    got = proportion_replicates([1, 0, 1, 0], [1, 1, 0, 0], weights=weights)
    np.testing.assert_array_equal(got, [0.5, 1.0, np.nan])


def test_difference_of_empty_group_is_undefined():
    assert proportion_difference([], [1, 0]).reason == "a group has no rows"


def test_bad_input_is_named():
    with pytest.raises(DataError, match="wanted 0 or 1"):
        proportion([0, 1, 2])
    with pytest.raises(DataError, match="not finite"):
        proportion([0, 1, np.nan])
    with pytest.raises(DataError, match="holds text"):
        proportion(["yes", "no"])
    with pytest.raises(DataError, match="one length"):
        sensitivity([1, 0], [1])
    with pytest.raises(DataError, match="successes"):
        proportion_from_counts(5, 4)
    with pytest.raises(UsageError, match="level"):
        proportion([1], level=95)
    with pytest.raises(UsageError, match="method"):
        proportion([1], method="score")
