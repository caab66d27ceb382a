import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.competing import (
    aalen_johansen,
    cumulative_incidence,
    cumulative_incidence_replicates,
)
from osteon.statistics.restricted_mean import restricted_mean
from osteon.statistics.survival_comparison import log_rank_test
from osteon.statistics.survival_curves import (
    kaplan_meier,
    median_survival,
    nelson_aalen,
    survival_at,
)


def data(seed=0, n=200, causes=1):
    rng = np.random.default_rng(seed)
    t, c = rng.exponential(5, n), rng.exponential(8, n)
    cause = rng.integers(1, causes + 1, n)
    return np.ceil(np.minimum(t, c) * 4) / 4, np.where(t <= c, cause, 0)


def test_without_censoring_it_is_the_empirical_share():
    t = np.random.default_rng(0).exponential(size=50)
    curve = kaplan_meier(t, np.ones(50))
    np.testing.assert_allclose(curve.y, [(t > x).mean() for x in curve.x], atol=1e-12)
    assert np.isnan(curve.low[-1])
    plain = kaplan_meier(t, np.ones(50), scale="plain")
    s = plain.y[20]
    assert plain.low[20] == pytest.approx(s - 1.959963984540054 * np.sqrt(s * (1 - s) / 50))


def test_event_tied_with_censoring_comes_first():
    assert kaplan_meier([1, 1], [1, 0]).y.tolist() == [0.5]
    assert survival_at([0, 0, 5], [1, 0, 0], 0).value == pytest.approx(2 / 3)


def test_competing_risks_add_up():
    t, event = data(1, causes=2)
    first, second = (aalen_johansen(t, event, cause=c) for c in (1, 2))
    survival = kaplan_meier(t, event > 0)
    np.testing.assert_allclose(first.y + second.y + survival.y, 1, atol=1e-12)
    assert (first.low <= first.y + 1e-12).all()
    assert (first.y <= first.high + 1e-12).all()
    t, event = data(2)
    only = aalen_johansen(t, event, n_causes=1)
    curve = kaplan_meier(t, event)
    np.testing.assert_allclose(only.y, 1 - curve.y, atol=1e-12)
    share, survived = cumulative_incidence(t, event, 4.0), survival_at(t, event, 4.0)
    assert share.value == pytest.approx(1 - survived.value)
    assert (share.low, share.high) == pytest.approx((1 - survived.high, 1 - survived.low))


def test_incidence_of_weights_is_that_of_repeated_rows():
    t, event = data(5, n=40, causes=2)
    weights = np.random.default_rng(0).integers(0, 3, (8, 40)).astype(float)
    found = cumulative_incidence_replicates(t, event, horizon=4.0, weights=weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        k = np.repeat(np.arange(40), row)
        assert value == pytest.approx(cumulative_incidence(t[k], event[k], 4.0).value, nan_ok=True)
    nothing = cumulative_incidence_replicates(t, event, horizon=0.0, weights=np.zeros((1, 40)))
    assert np.isnan(nothing).all()


def test_beyond_follow_up_is_unknown_and_says_until_when():
    late = survival_at([1, 2, 3], [1, 1, 0], 5)
    assert late.reason == "follow-up ends at 3: nothing is known at 5"
    assert "follow-up ends at 3" in restricted_mean([1, 2, 3], [1, 1, 0], 5).reason
    assert "follow-up ends at 2" in cumulative_incidence([1, 2], [1, 0], 5).reason
    early = cumulative_incidence([1, 2], [1, 0], 0.5)
    assert (early.value, early.low) == (0, 0)
    assert early.high == pytest.approx(1 - 0.025**0.5)  # Clopper and Pearson, none of two
    assert cumulative_incidence([], [], 5).reason == "no rows"
    dead = survival_at([1, 2, 3], [1, 1, 1], 5)
    assert dead.value == 0
    assert survival_at([1, 2], [1, 0], 0.5).low == pytest.approx(0.025**0.5)
    assert "stays above 0.5" in median_survival([1, 2, 3], [0, 0, 1 - 1]).reason


def test_scale_of_time_scales_times_only():
    t, event = data(3)
    assert median_survival(t * 365, event).value == pytest.approx(
        365 * median_survival(t, event).value
    )
    assert restricted_mean(t * 365, event, 4 * 365).value == pytest.approx(
        365 * restricted_mean(t, event, 4).value
    )
    np.testing.assert_allclose(kaplan_meier(t * 365, event).y, kaplan_meier(t, event).y)
    hazard = nelson_aalen(t, event)
    assert (np.diff(hazard.y) >= 0).all()


def test_log_rank_ignores_names_and_finds_no_difference_in_copies():
    t, event = data(4)
    group = np.arange(t.size) % 2
    one = log_rank_test(t, event, group)
    other = log_rank_test(t, event, np.where(group, "a", "b"))
    assert other.statistic == pytest.approx(one.statistic)
    twins = log_rank_test(np.tile(t, 2), np.tile(event, 2), np.repeat([0, 1], t.size))
    assert twins.statistic == pytest.approx(0, abs=1e-20)
    assert "fewer than two" in log_rank_test(t, event, np.zeros(t.size)).reason
    assert "stratified" in log_rank_test(t, event, group, stratum=np.arange(t.size) % 3).method


def test_bad_follow_up_is_named():
    with pytest.raises(DataError, match="at least 0"):
        kaplan_meier([-1, 2], [1, 0])
    with pytest.raises(DataError, match="event holds"):
        kaplan_meier([1, 2], [1, 2])
    with pytest.raises(DataError, match="event holds"):
        aalen_johansen([1, 2], [1, 3])
    with pytest.raises(DataError, match="no rows"):
        kaplan_meier([], [])
    with pytest.raises(UsageError, match="cause"):
        aalen_johansen([1, 2], [1, 2], cause=3)
    with pytest.raises(UsageError, match="horizon"):
        survival_at([1, 2], [1, 0], -1)
    assert survival_at([], [], 1).reason == "no rows"


def test_a_hazard_before_the_first_event_has_the_limit_of_survival():
    curve = nelson_aalen([1, 2, 3, 4], [0, 1, 0, 1])
    assert curve.low[0] == 0
    assert np.exp(-curve.high[0]) == pytest.approx(0.025 ** (1 / 4))
    assert survival_at([1, 2, 3, 4], [0, 1, 0, 1], 1).low == pytest.approx(np.exp(-curve.high[0]))
