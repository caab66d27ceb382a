import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from osteon.statistics.recalibration import (
    calibration_in_the_large,
    calibration_intercept,
    calibration_slope,
    hosmer_lemeshow_test,
    observed_expected_ratio,
    spiegelhalter_test,
)


def data(seed=0, n=3000, slope=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=n)
    truth = rng.random(n) < special.expit(logit)
    return truth, special.expit(logit / slope + shift)


def test_known_distortions_are_recovered():
    truth, chance = data(slope=0.5)
    slope = calibration_slope(truth, chance)
    assert slope.low < 0.5 < slope.high
    truth, chance = data(shift=0.8)
    large = calibration_in_the_large(truth, chance)
    assert large.low < -0.8 < large.high
    assert observed_expected_ratio(truth, chance).high < 1
    assert spiegelhalter_test(truth, chance).p_value < 1e-6


def test_second_opinion():
    truth, chance = data(1, slope=0.7, shift=0.3)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(special.logit(chance)[:, None], truth)
    assert calibration_slope(truth, chance).value == pytest.approx(model.coef_[0, 0], rel=1e-5)
    intercept = calibration_intercept(truth, chance).value
    assert intercept == pytest.approx(model.intercept_[0], rel=1e-4)


def test_honest_probabilities_pass():
    truth, chance = data(2)
    assert spiegelhalter_test(truth, chance).p_value > 0.01
    assert hosmer_lemeshow_test(truth, chance).p_value > 0.01
    ratio = observed_expected_ratio(truth, chance)
    assert ratio.low < 1 < ratio.high


@pytest.mark.parametrize(
    "function", [calibration_slope, calibration_in_the_large, observed_expected_ratio]
)
def test_copies_narrow_nothing(function):
    truth, chance = data(3, 150)
    ids = np.arange(150)
    once = function(truth, chance, cluster=ids)
    copies = function(np.tile(truth, 3), np.tile(chance, 3), cluster=np.tile(ids, 3))
    assert (copies.low, copies.high) == pytest.approx((once.low, once.high), rel=1e-6)


def test_trouble_has_reasons():
    assert "infinite" in calibration_slope([0, 1, 0], [0.0, 0.9, 0.2]).reason
    assert "both classes" in calibration_slope([1, 1], [0.5, 0.9]).reason
    assert "no slope" in calibration_slope([0, 1], [0.5, 0.5]).reason
    separated = calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert "separate" in separated.reason
    assert "no event" in observed_expected_ratio([0, 0], [0.1, 0.2]).reason
    assert "no variance" in spiegelhalter_test([0, 1], [0.5, 0.5]).reason
    assert "fewer than three" in hosmer_lemeshow_test([0, 1, 1], [0.5] * 3).reason
