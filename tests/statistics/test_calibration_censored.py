import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.calibration_censored import (
    calibration_curve_censored,
    calibration_errors_censored,
    calibration_slope_censored,
    observed_expected_ratio_censored,
    smooth_calibration_curve_censored,
)
from osteon.statistics.calibration_smooth import calibration_errors
from osteon.statistics.competing import cumulative_incidence
from osteon.statistics.pseudo_values import pseudo_values
from osteon.statistics.recalibration import calibration_slope, observed_expected_ratio


def data(seed=0, n=600, competing=False, censored=True):
    """True risks by time 1, with follow-up."""
    rng = np.random.default_rng(seed)
    hazard = 0.4 * np.exp(rng.normal(size=n))
    t = rng.exponential(1 / hazard)
    c = rng.uniform(0.4, 3, n) if censored else np.full(n, 9.0)
    cause = np.where(rng.random(n) < 0.4, 2, 1) if competing else np.ones(n, int)
    risk = (0.6 if competing else 1.0) * -np.expm1(-hazard)
    return np.minimum(t, c), np.where(t <= c, cause, 0), risk


def test_complete_follow_up_is_the_binary_answer():
    t, event, risk = data(1, censored=False)
    truth = t <= 1
    np.testing.assert_allclose(pseudo_values(t, event, 1.0), truth, atol=1e-8)
    ratio = observed_expected_ratio_censored(t, event, risk, 1.0)
    plain = observed_expected_ratio(truth, risk)
    assert ratio.value == pytest.approx(plain.value)
    assert ratio.low == pytest.approx(plain.low, rel=0.002)
    slope, binary = calibration_slope_censored(t, event, risk, 1.0), calibration_slope(truth, risk)
    assert slope.value == pytest.approx(binary.value)
    rng = np.random.default_rng(0)
    errors = calibration_errors_censored(t, event, risk, 1.0, rng=rng)
    same = calibration_errors(truth, risk, rng=np.random.default_rng(0))
    assert errors.ici.value == pytest.approx(same.ici.value, abs=1e-8)
    assert errors.e90.high == pytest.approx(same.e90.high, abs=1e-8)


@pytest.mark.parametrize("competing", [False, True])
def test_true_risks_are_calibrated(competing):
    t, event, risk = data(2, 2000, competing)
    ratio = observed_expected_ratio_censored(t, event, risk, 1.0)
    assert ratio.low < 1 < ratio.high
    slope = calibration_slope_censored(t, event, risk, 1.0)
    assert slope.value == pytest.approx(1, abs=0.2 if not competing else 0.4)
    curve = calibration_curve_censored(t, event, risk, 1.0)
    assert len(curve.x) == 10
    assert ((curve.low < curve.x) & (curve.x < curve.high)).sum() >= 7
    half = observed_expected_ratio_censored(t, event, risk / 2, 1.0)
    assert half.value == pytest.approx(2 * ratio.value)


def test_the_ratio_is_aalen_johansen_over_the_mean():
    t, event, risk = data(3, 150, competing=True)
    ratio = observed_expected_ratio_censored(t, event, risk, 0.8)
    assert ratio.value == pytest.approx(cumulative_incidence(t, event, 0.8).value / risk.mean())
    ids = np.tile(np.arange(150), 2)
    copies = observed_expected_ratio_censored(
        np.tile(t, 2), np.tile(event, 2), np.tile(risk, 2), 0.8, cluster=ids
    )
    assert copies.low == pytest.approx(ratio.low, rel=0.01)


def test_pseudo_values_add_up():
    t, event, _ = data(4, 80, competing=True)
    values = pseudo_values(t, event, 0.7)
    assert values.mean() == pytest.approx(cumulative_incidence(t, event, 0.7).value, abs=0.01)


def test_a_smooth_curve_lies_on_the_diagonal():
    t, event, risk = data(5, 800)
    curve = smooth_calibration_curve_censored(t, event, risk, 1.0)
    middle = (curve.x > 0.1) & (curve.x < 0.8)
    assert np.abs(curve.y - curve.x)[middle].max() < 0.15


def test_trouble_has_reasons():
    t, event, risk = data(6, 60)
    rng = np.random.default_rng(0)
    late = observed_expected_ratio_censored(t, event, risk, 99)
    assert "follow-up ends at" in late.reason
    assert "followed beyond 99" in calibration_slope_censored(t, event, risk, 99).reason
    assert "follow-up ends" in calibration_errors_censored(t, event, risk, 99, rng=rng).ici.reason
    assert np.isnan(smooth_calibration_curve_censored(t, event, risk, 99).y).all()
    assert np.isnan(calibration_curve_censored(t, event, risk, 99).y).all()
    assert "no event" in observed_expected_ratio_censored(t, 0 * event, risk, 1.0).reason
    assert (
        "every probability is 0" in observed_expected_ratio_censored(t, event, 0 * risk, 1.0).reason
    )
    assert "exactly 0 or 1" in calibration_slope_censored(t, event, 0 * risk, 1.0).reason
    flat = calibration_slope_censored(t, event, np.full(60, 0.3), 1.0)
    assert "no slope" in flat.reason
    one = observed_expected_ratio_censored(t, event, risk, 1.0, cluster=np.zeros(60))
    assert "one row (cluster)" in one.reason
    with pytest.raises(DataError, match="event holds"):
        calibration_slope_censored(t, event + 5, risk, 1.0)
    with pytest.raises(DataError, match="no rows"):
        calibration_slope_censored([], [], [], 1.0)
