"""Weights reproduce parabolas; limits are those of proportions, wider for alike patients."""

import numpy as np
import pytest

from osteon.statistics import smooth_calibration_curve
from osteon.statistics.proportion import proportion_from_counts
from osteon.statistics.smooth_limits import local_weights, smooth_limits


def test_weights_give_back_any_parabola_and_see_the_nearest_rows_only():
    x = np.sort(np.random.default_rng(0).random(60))
    at = np.array([0.1, 0.4, 0.8])
    weights = local_weights(x, at, 0.5)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights @ (3 * x**2 - x + 2), 3 * at**2 - at + 2, atol=1e-5)
    assert ((weights != 0).sum(axis=1) <= 30).all()


def test_limits_are_clopper_and_pearsons_of_the_effective_rows():
    x, at = np.linspace(0, 1, 200), np.array([0.5])
    outcome = (np.arange(200) % 4 == 0).astype(float)
    low, high = smooth_limits(outcome, x, np.arange(200), at, np.array([0.25]), 0.75, 0.95)
    rows = 1 / float((local_weights(x, at, 0.75) ** 2).sum())
    exact = proportion_from_counts(round(rows / 4), round(rows), method="clopper-pearson")
    assert low[0] == pytest.approx(exact.low, abs=0.02)
    assert high[0] == pytest.approx(exact.high, abs=0.02)


def test_no_event_near_a_point_leaves_an_upper_limit_above_zero():
    x = np.linspace(0.01, 0.3, 40)
    curve = smooth_calibration_curve(np.arange(40) == 39, x)
    assert curve.low[20] == 0
    assert 0.05 < curve.high[20] < 0.5


def test_patients_with_alike_rows_have_wider_limits():
    rng = np.random.default_rng(1)
    x = np.repeat(rng.random(100), 2)
    outcome = np.repeat(rng.random(100) < 0.3, 2).astype(int)
    alone = smooth_calibration_curve(outcome, x)
    together = smooth_calibration_curve(outcome, x, cluster=np.repeat(np.arange(100), 2))
    wider = (together.high - together.low) / (alone.high - alone.low)
    assert 1.2 < wider[30:70].mean() < 1.6


def test_the_bootstrap_is_asked_for_by_name_and_says_where_it_is_narrow():
    rng = np.random.default_rng(2)
    x = rng.random(80)
    band = smooth_calibration_curve(
        rng.random(80) < x, x, rng=rng, replicates=20, method="bootstrap"
    )
    assert "may be too narrow" in band.method
    assert "20 replicates" in band.method
