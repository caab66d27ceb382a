import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.decision_curve import (
    decision_curve,
    decision_curve_censored,
    net_benefit_censored_replicates,
    treat_all,
)


def data(seed=0, n=300):
    rng = np.random.default_rng(seed)
    chance = np.round(rng.beta(1, 3, n), 2)
    return rng.random(n) < chance, chance


def test_by_counting():
    truth, chance = data()
    cuts = [0.05, 0.2, 0.21, 0.5]
    curve = decision_curve(truth, chance, thresholds=cuts)
    for t, benefit in zip(cuts, curve.y, strict=True):
        acted = chance >= t
        wanted = (truth & acted).mean() - (~truth & acted).mean() * t / (1 - t)
        assert benefit == pytest.approx(wanted)
    assert (curve.low <= curve.y).all()
    assert (curve.y <= curve.high).all()


def test_the_default_band_has_width_without_events_where_the_percentile_one_has_none():
    truth, chance = np.zeros(30, dtype=bool), np.linspace(0.01, 0.15, 30)
    given = {"thresholds": [0.2], "rng": np.random.default_rng(0)}
    wide, none = (decision_curve(truth, chance, method=m, **given) for m in ("gaffke", "bootstrap"))
    assert none.low[0] == none.high[0] == wide.y[0] == 0
    assert wide.high[0] == pytest.approx(1 - 0.025 ** (1 / 30), abs=2e-3)  # Clopper and Pearson
    assert wide.low[0] == pytest.approx(-0.25 * wide.high[0], abs=1e-3)


def test_all_and_none():
    truth, _ = data(1)
    cuts = np.array([0.1, 0.3])
    everyone = decision_curve(truth, np.ones(300), thresholds=cuts)
    np.testing.assert_allclose(everyone.y, treat_all(truth.mean(), cuts))
    nobody = decision_curve(truth, np.zeros(300), thresholds=cuts)
    assert (nobody.y == 0).all()


def test_complete_follow_up_is_the_binary_curve():
    truth, chance = data(2)
    cuts = np.array([0.1, 0.25, 0.4])
    time = np.where(truth, 1.0, 3.0)
    censored = decision_curve_censored(
        time, truth, chance, horizon=2.0, thresholds=cuts, method="bootstrap",
        rng=np.random.default_rng(0),
    )  # fmt: skip
    exact = decision_curve_censored(time, truth, chance, horizon=2.0, thresholds=cuts)
    wanted = decision_curve(truth, chance, thresholds=cuts)
    np.testing.assert_allclose([exact.low, exact.high], [wanted.low, wanted.high], atol=1e-9)
    binary = decision_curve(
        truth, chance, thresholds=cuts, rng=np.random.default_rng(0), method="bootstrap"
    )
    np.testing.assert_allclose(censored.y, binary.y, atol=1e-12)
    np.testing.assert_allclose(censored.low, binary.low, atol=1e-12)
    late = decision_curve_censored(
        time, truth, chance, horizon=9.0, thresholds=cuts,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert np.isnan(late.y).all()
    assert np.isnan(late.low).all()


def test_competing_events_lower_the_benefit():
    rng = np.random.default_rng(3)
    time, chance = rng.exponential(2, 400), rng.uniform(0.3, 0.9, 400)
    event = rng.integers(0, 3, 400)
    cuts = np.array([0.2])
    with_death, ignored = (
        net_benefit_censored_replicates(time, codes, chance, horizon=2.0, thresholds=cuts)[0, 0]
        for codes in (event, np.where(event == 2, 0, event))
    )
    assert with_death < ignored


def test_bad_input_is_named():
    with pytest.raises(UsageError, match="thresholds must lie"):
        decision_curve([0, 1], [0.1, 0.2], thresholds=[0.0])
    with pytest.raises(DataError, match="no rows"):
        decision_curve([], [])
