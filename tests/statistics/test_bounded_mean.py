import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from osteon.errors import DataError
from osteon.statistics.bounded_mean import bounded_mean, bounded_mean_limits


@pytest.mark.parametrize(("events", "n"), [(1, 30), (5, 30), (1, 2), (20, 500)])
def test_of_zeros_and_ones_it_is_clopper_and_pearsons(events, n):
    values = np.r_[np.ones(events), np.zeros(n - events)]
    low, high = bounded_mean_limits(values, np.arange(n), (0, 1), 0.95)
    assert low == pytest.approx(special.betaincinv(events, n - events + 1, 0.025), rel=0.04)
    assert high == pytest.approx(special.betaincinv(events + 1, n - events, 0.975), rel=0.01)


def test_the_limits_are_quantiles_of_randomly_weighted_means():
    """Bayesian bootstrap with the imagined unit, drawn instead of by the saddlepoint."""
    rng = np.random.default_rng(0)
    values = rng.beta(1, 5, 40)
    weights = rng.exponential(size=(400_000, 41))
    total = weights.sum(axis=1)
    low, high = bounded_mean_limits(values, np.arange(40), (0, 1), 0.9)
    upper = weights @ np.append(values, 1) / total
    lower = weights @ np.append(values, 0) / total
    assert high == pytest.approx(np.quantile(upper, 0.95), abs=5e-4)
    assert low == pytest.approx(np.quantile(lower, 0.05), abs=5e-4)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([0.5, 0.9, 0.99]))
def test_limits_hold_the_mean_and_move_with_the_scale(seed, n, level):
    values = np.random.default_rng(seed).beta(0.3, 2, n)
    low, high = bounded_mean_limits(values, np.arange(n), (0, 1), level)
    assert 0 <= low <= values.mean() <= high <= 1
    moved = bounded_mean_limits(3 + 2 * values, np.arange(n), (3, 5), level)
    assert moved == pytest.approx((3 + 2 * low, 3 + 2 * high), abs=1e-5)


def test_copies_of_patients_narrow_nothing_and_independent_rows_do():
    rng = np.random.default_rng(1)
    values, ids = rng.random(50), np.arange(50)
    once = bounded_mean_limits(values, ids, (0, 1), 0.95)
    copies = bounded_mean_limits(np.tile(values, 3), np.tile(ids, 3), (0, 1), 0.95)
    assert copies == pytest.approx(once, abs=1e-4)
    others = bounded_mean_limits(rng.random(150), np.tile(ids, 3), (0, 1), 0.95)
    assert others[1] - others[0] < 0.75 * (once[1] - once[0])


def test_missing_values_and_wrong_bounds():
    found = bounded_mean(np.array([0.5, np.nan, 0.7]), ["a", "b", "c"], (0, 1), 0.95)
    assert found.value == pytest.approx(0.6)
    assert found.n == 3
    assert bounded_mean(np.array([np.nan]), None, (0, 1), 0.95).reason == "no value"
    with pytest.raises(DataError, match="inside the bounds"):
        bounded_mean(np.array([2.0]), None, (0, 1), 0.95)
