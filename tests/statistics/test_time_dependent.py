import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.losses import brier_score
from osteon.statistics.roc import auroc
from osteon.statistics.survival_curves import kaplan_meier
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
    cumulative_dynamic_auroc_replicates,
)
from osteon.statistics.time_dependent_brier import (
    brier_score_ipcw,
    brier_score_ipcw_replicates,
    integrated_brier_score,
)


def data(seed=0, n=150, competing=False):
    rng = np.random.default_rng(seed)
    score = np.round(rng.normal(size=n), 1)
    t, c = rng.exponential(np.exp(-score)), rng.exponential(2.0, n)
    cause = np.where(rng.random(n) < 0.3, 2, 1) if competing else 1
    return np.minimum(t, c), np.where(t <= c, cause, 0).astype(int), score


def test_without_censoring_it_is_the_plain_area_and_score():
    rng = np.random.default_rng(1)
    score = rng.normal(size=100)
    time = rng.exponential(np.exp(-score))
    ones, truth = np.ones(100, int), time <= 0.7
    area = cumulative_dynamic_auroc(time, ones, score, 0.7)
    plain = auroc(truth, score)
    assert area.value == pytest.approx(plain.value)
    assert area.high - area.low == pytest.approx(plain.high - plain.low, rel=0.03)
    risk = 1 / (1 + np.exp(-score))
    brier = brier_score_ipcw(time, ones, risk, 0.7)
    straight = brier_score(truth, risk)
    assert brier.value == pytest.approx(straight.value)
    assert brier.low == pytest.approx(straight.low, abs=0.003)


def by_pairs(time, event, score, horizon, competing):
    g = kaplan_meier(time, event == 0)

    def before(t):
        return g.y[g.x < t][-1] if (g.x < t).any() else 1.0

    won = pairs = 0.0
    for i in np.flatnonzero((time <= horizon) & (event == 1)):
        for j in range(len(time)):
            if time[j] > horizon:
                weight = 1 / before(time[i]) / before(np.nextafter(horizon, 99))
            elif event[j] == 2 and competing == "controls":
                weight = 1 / before(time[i]) / before(time[j])
            else:
                continue
            pairs += weight
            won += weight * ((score[i] > score[j]) + (score[i] == score[j]) / 2)
    return won / pairs


@pytest.mark.parametrize("competing", ["controls", "excluded"])
def test_by_all_pairs(competing):
    time, event, score = data(2, 80, competing=True)
    got = cumulative_dynamic_auroc_replicates(time, event, score, horizon=0.6, competing=competing)[
        0
    ]
    assert got == pytest.approx(by_pairs(time, event, score, 0.6, competing))


def test_weights_are_repeated_rows():
    time, event, score = data(3, 60, competing=True)
    risk = 1 / (1 + np.exp(-score))
    weights = np.random.default_rng(0).integers(0, 3, (6, 60)).astype(float)
    areas = cumulative_dynamic_auroc_replicates(time, event, score, horizon=0.5, weights=weights)
    briers = brier_score_ipcw_replicates(time, event, risk, horizon=0.5, weights=weights)
    for row, area, brier in zip(weights.astype(int), areas, briers, strict=True):
        k = np.repeat(np.arange(60), row)
        own = cumulative_dynamic_auroc_replicates(time[k], event[k], score[k], horizon=0.5)[0]
        assert area == pytest.approx(own)
        own = brier_score_ipcw_replicates(time[k], event[k], risk[k], horizon=0.5)[0]
        assert brier == pytest.approx(own)


def test_jackknife_is_near_the_bootstrap_and_copies_narrow_nothing():
    time, event, score = data(4, 200)
    jackknife = cumulative_dynamic_auroc(time, event, score, 0.5)
    drawn = cumulative_dynamic_auroc(time, event, score, 0.5, rng=np.random.default_rng(0))
    assert drawn.low == pytest.approx(jackknife.low, abs=0.02)
    ids = np.tile(np.arange(200), 2)
    copies = cumulative_dynamic_auroc(
        np.tile(time, 2), np.tile(event, 2), np.tile(score, 2), 0.5, cluster=ids
    )
    assert copies.high - copies.low == pytest.approx(jackknife.high - jackknife.low, rel=0.01)


def test_difference_is_paired():
    time, event, score = data(5, 150)
    noisy = score + 0.2 * np.random.default_rng(0).normal(size=150)
    test = cumulative_dynamic_auroc_difference(time, event, score, noisy, 0.5)
    alone = cumulative_dynamic_auroc(time, event, score, 0.5)
    assert test.difference.high - test.difference.low < 0.6 * (alone.high - alone.low)
    back = cumulative_dynamic_auroc_difference(time, event, noisy, score, 0.5)
    assert back.statistic == pytest.approx(-test.statistic)
    assert cumulative_dynamic_auroc_difference(time, event, score, 2 * score, 0.5).p_value == 1


def test_censoring_tied_with_events():
    g = censoring_survival(np.array([1.0, 1, 2, 2]), np.array([0, 1, 1, 0], bool), np.ones((1, 4)))
    # at 1 the event leaves first: 3 are at risk of censoring; at 2 only the censored one is left
    np.testing.assert_allclose(g.after, [[2 / 3, 0]])
    np.testing.assert_allclose(g.before(np.array([1.0, 2.0, 3.0])), [[1, 2 / 3, 0]])
    np.testing.assert_allclose(g.at(np.array([0.5, 1.0])), [[1, 2 / 3]])


def test_beyond_follow_up_and_before_the_first_event():
    time, event, score = data(6, 40)
    late = cumulative_dynamic_auroc(time, event, score, 99)
    assert late.reason.startswith("nobody is followed beyond 99")
    assert not brier_score_ipcw(time, event, np.full(40, 0.5), 99).is_defined
    early = cumulative_dynamic_auroc(time, event, score, time.min() / 2)
    assert early.reason.startswith("no event happened by")
    test = cumulative_dynamic_auroc_difference(time, event, score, -score, 99)
    assert np.isnan(test.p_value)
    with pytest.raises(UsageError, match="horizon"):
        cumulative_dynamic_auroc(time, event, score, 0)
    with pytest.raises(DataError, match="event holds"):
        cumulative_dynamic_auroc(time, event + 2, score, 1)


def test_integrated_score_is_the_trapezoid_of_the_scores():
    time, event, score = data(7, 120, competing=True)
    horizons = np.array([0.2, 0.4, 0.8])
    risk = 1 - np.exp(-np.exp(score)[:, None] * horizons)
    each = [brier_score_ipcw(time, event, risk[:, i], h).value for i, h in enumerate(horizons)]
    found = integrated_brier_score(time, event, risk, horizons)
    assert found.value == pytest.approx(np.trapezoid(each, horizons) / 0.6)
    assert found.low < found.value < found.high
    flat = integrated_brier_score(time, event, risk[:, [0, 0]], [0.2, 0.200001])
    alone = brier_score_ipcw(time, event, risk[:, 0], 0.2)
    assert (flat.low, flat.high) == pytest.approx((alone.low, alone.high), abs=1e-4)
    late = integrated_brier_score(time, event, risk, [0.2, 0.4, 99])
    assert late.reason.startswith("nobody is followed beyond 99")
    with pytest.raises(UsageError, match="rise"):
        integrated_brier_score(time, event, risk[:, :2], [1, 1])
    with pytest.raises(DataError, match="wanted \\(120, 2\\)"):
        integrated_brier_score(time, event, risk, [1, 2])
