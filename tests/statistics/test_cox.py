import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.cox import cox_regression
from osteon.statistics.proportional_hazards import proportional_hazards_test
from osteon.statistics.survival_comparison import log_rank_test
from osteon.statistics.survival_curves import nelson_aalen


def data(seed=0, n=200, ties=True):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.4])
    t = rng.exponential(np.exp(-(x @ [0.7, -0.5])))
    c = rng.exponential(2.0, n)
    time = np.minimum(t, c)
    return (np.ceil(time * 10) if ties else time), (t <= c).astype(int), x


def log_likelihood(time, event, x, beta):
    """Breslow's partial likelihood by its definition."""
    eta = x @ beta
    return sum(eta[i] - np.log(np.exp(eta[time >= time[i]]).sum()) for i in np.flatnonzero(event))


def test_maximum_by_its_definition():
    time, event, x = data()
    model = cox_regression(time, event, x, ties="breslow")
    beta = model.coefficients
    top = log_likelihood(time, event, x, beta)
    assert model.log_likelihood == pytest.approx(top)
    for step in np.vstack([np.eye(2), -np.eye(2)]) * 1e-3:
        assert log_likelihood(time, event, x, beta + step) < top


def test_efron_is_breslow_without_ties():
    time, event, x = data(1, ties=False)
    one, other = (cox_regression(time, event, x, ties=t).coefficients for t in ("efron", "breslow"))
    np.testing.assert_allclose(one, other)


def test_score_test_of_two_groups_is_the_log_rank_test():
    time, event, x = data(2, ties=False)
    score = cox_regression(time, event, x[:, 1]).score
    assert score.statistic == pytest.approx(log_rank_test(time, event, x[:, 1]).statistic)


def test_shift_and_scale():
    time, event, x = data(3)
    one = cox_regression(time, event, x)
    other = cox_regression(time * 30, event, x * [10, 1] + [5, -2])
    np.testing.assert_allclose(other.coefficients, one.coefficients / [10, 1])
    assert other.likelihood_ratio.statistic == pytest.approx(one.likelihood_ratio.statistic)
    a, b = one.survival_probability(x, 8), other.survival_probability(x * [10, 1] + [5, -2], 240)
    np.testing.assert_allclose(a, b)


def test_robust_variance_is_near_the_jackknife_and_ignores_copies():
    time, event, x = data(4, 120)
    robust = cox_regression(time, event, x, cluster=np.arange(120))
    left_out = np.array([
        cox_regression(np.delete(time, i), np.delete(event, i), np.delete(x, i, 0)).coefficients
        for i in range(120)
    ])  # fmt: skip
    gaps = left_out - left_out.mean(axis=0)
    jackknife = 119 / 120 * gaps.T @ gaps
    np.testing.assert_allclose(np.sqrt(np.diag(robust.covariance)), np.sqrt(np.diag(jackknife)),
                               rtol=0.1)  # fmt: skip
    ids = np.tile(np.arange(120), 3)
    copies = cox_regression(
        np.tile(time, 3), np.tile(event, 3), np.tile(x, (3, 1)), ties="breslow", cluster=ids
    )
    once = cox_regression(time, event, x, ties="breslow", cluster=np.arange(120))
    np.testing.assert_allclose(copies.covariance, once.covariance, rtol=1e-6)


def test_without_effect_the_baseline_is_nelson_aalen():
    time, event, _ = data(5, ties=False)
    flat = np.tile([0.0, 1.0], 100)
    model = cox_regression(time, event, flat)
    hazard = nelson_aalen(time, event)
    ours = model.baseline().y * np.exp(model.coefficients[0] / 2)
    theirs = hazard.y[np.searchsorted(hazard.x, model.baseline_time)]
    np.testing.assert_allclose(ours, theirs, rtol=0.08)
    assert np.isnan(model.survival_probability([[0.0]], time.max() + 1)).all()
    assert model.survival_probability([[0.0]], 0.0)[0] == 1


def test_proportionality():
    rng = np.random.default_rng(6)
    group = np.repeat([0.0, 1.0], 300)
    crossing = np.where(group == 0, rng.exponential(1, 600), rng.weibull(3, 600))
    tests = proportional_hazards_test(crossing, np.ones(600), group, names=("arm",))
    assert tests["arm"].p_value < 1e-6
    assert tests["GLOBAL"].statistic == pytest.approx(tests["arm"].statistic)
    time, event, x = data(7)
    assert proportional_hazards_test(time, event, x)["GLOBAL"].p_value > 0.001


def test_trouble_is_named():
    time, event, x = data(8)
    with pytest.raises(DataError, match="no event"):
        cox_regression(time, np.zeros(200), x)
    with pytest.raises(DataError, match="no finite maximum"):
        cox_regression(time, event, np.column_stack([x[:, 0], 2 * x[:, 0]]))
    with pytest.raises(DataError, match="no finite maximum"):
        cox_regression([1, 2, 3, 4], [1, 1, 0, 0], [1.0, 1, 0, 0])
    with pytest.raises(DataError, match="missing values"):
        cox_regression(time, event, np.where(x > 2, np.nan, x))
    with pytest.raises(DataError, match="wanted \\(200, p\\)"):
        cox_regression(time, event, x[:10])
    with pytest.raises(DataError, match="names"):
        cox_regression(time, event, x, names=("a",))


def test_a_score_that_separates_the_events_has_no_maximum_whatever_rounding_leaves():
    """One event, at the highest score of those at risk: the likelihood rises for ever."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        time, score = rng.exponential(1, 30), rng.normal(size=30)
        event = np.zeros(30)
        at_risk = time >= np.median(time)
        event[np.flatnonzero(at_risk)[np.argmin(time[at_risk])]] = 1
        score[event == 1] = score.max() + rng.exponential(1)
        for cluster in (None, np.arange(30) // 2):
            with pytest.raises(DataError, match="no finite maximum"):
                cox_regression(time, event, score, cluster=cluster)
