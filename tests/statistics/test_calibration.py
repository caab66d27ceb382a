import numpy as np
import pytest
from sklearn import metrics

from osteon.errors import DataError, UsageError
from osteon.statistics.calibration import (
    brier_decomposition,
    expected_calibration_error,
    reliability_curve,
)
from osteon.statistics.losses import brier_score, brier_skill, log_loss


def data(seed=0, n=500):
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.98, n)
    return rng.random(n) < chance, chance


def test_sklearn_agrees():
    truth, chance = data()
    assert brier_score(truth, chance).value == pytest.approx(
        metrics.brier_score_loss(truth, chance)
    )
    assert log_loss(truth, chance).value == pytest.approx(metrics.log_loss(truth, chance))


def test_decomposition_adds_up():
    truth, chance = data(1)
    parts = brier_decomposition(truth, chance, n_bins=7)
    codes = np.searchsorted(np.linspace(0, 1, 8)[1:-1], chance)
    binned = np.array([chance[codes == c].mean() for c in range(7)])[codes]
    total = parts.reliability - parts.resolution + parts.uncertainty
    assert total == pytest.approx(np.mean((truth - binned) ** 2))
    whole = total + parts.within_bin_variance - 2 * parts.within_bin_covariance
    assert whole == pytest.approx(np.mean((truth - chance) ** 2))


def test_curve_of_honest_probabilities_lies_on_the_diagonal():
    truth, chance = data(2, 20_000)
    curve = reliability_curve(truth, chance)
    assert len(curve.x) == 10
    assert np.abs(curve.x - curve.y).max() < 0.04
    assert ((curve.low < curve.x) & (curve.x < curve.high)).sum() >= 8


def test_copies_narrow_nothing():
    truth, chance = data(3, 60)
    ids = np.arange(60)
    for function in (brier_score, log_loss):
        once = function(truth, chance, cluster=ids)
        copies = function(np.tile(truth, 4), np.tile(chance, 4), cluster=np.tile(ids, 4))
        assert (copies.low, copies.high) == pytest.approx((once.low, once.high))
        assert once.low == pytest.approx(function(truth, chance).low)


def test_bins_are_stated_and_ties_merge_them():
    truth, chance = data(4)
    coarse = np.round(chance)
    ece = expected_calibration_error(
        truth, coarse, bins="quantile", rng=np.random.default_rng(0), replicates=20
    )
    assert "10 bins of equal quantile" in ece.method
    wanted = sum(
        abs(truth[coarse == v].mean() - v) * (coarse == v).mean() for v in np.unique(coarse)
    )
    assert ece.value == pytest.approx(wanted)
    assert len(reliability_curve(truth, coarse).x) == 2


def test_trouble_has_reasons():
    assert "probability 0" in log_loss([1, 0], [0.0, 0.5]).reason
    assert np.isnan(brier_skill([1, 1], [0.5, 0.9]))
    assert brier_score([], []).reason == "no rows"
    assert brier_score([1], [0.5], method="student").reason == "one row (cluster): no variance"
    certain = log_loss([1, 0], [1.0, 0.5])
    assert certain.value == pytest.approx(-np.log(0.5) / 2)
    assert np.isnan(certain.low)
    assert "method='student'" in certain.reason
    assert not np.isnan(log_loss([1, 0], [1.0, 0.5], method="student").low)
    assert reliability_curve([], []).x.size == 0
    with pytest.raises(DataError, match="probability in"):
        brier_score([1, 0], [1.2, 0.5])
    with pytest.raises(DataError, match="no rows"):
        brier_decomposition([], [])
    with pytest.raises(UsageError, match="bins"):
        reliability_curve([1, 0], [0.2, 0.5], bins="deciles")
    with pytest.raises(DataError, match="n_bins"):
        reliability_curve([1, 0], [0.2, 0.5], n_bins=0)
