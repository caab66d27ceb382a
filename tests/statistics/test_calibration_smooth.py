import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.calibration_smooth import (
    calibration_errors,
    integrated_calibration_index,
    smooth_calibration_curve,
    smoothed,
)


def data(seed=0, n=400, power=1.0):
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.98, n)
    return (rng.random(n) < chance**power).astype(float), chance


def by_hand(y, p, at, span=0.75):
    """Local parabola with tricube weights over the nearest rows, written out."""
    k = int(np.floor(span * p.size + 1e-5))
    found = []
    for x in at:
        distance = np.abs(p - x)
        reach = np.sort(distance)[k - 1]
        weight = np.sqrt(np.clip(1 - (distance / reach) ** 3, 0, None) ** 3)
        design = np.vander(p - x, 3, increasing=True)
        found.append(np.linalg.lstsq(design * weight[:, None], y * weight, rcond=None)[0][0])
    return np.array(found)


def test_the_smoother_is_a_local_parabola():
    y, p = data()
    grid = np.linspace(0.1, 0.9, 9)
    # loess interpolates between the vertices of its tree: close to the direct fit, not equal
    np.testing.assert_allclose(smoothed(y, p, grid), by_hand(y, p, grid), atol=0.01)
    np.testing.assert_allclose(smoothed(p**2, p, grid), grid**2, atol=1e-8)


def test_honest_probabilities_have_a_small_index_and_squared_ones_the_known_one():
    y, p = data(1, 20_000)
    rng = np.random.default_rng(0)
    assert integrated_calibration_index(y, p, rng=rng, replicates=5).value < 0.02
    y, p = data(2, 20_000, power=2.0)
    found = calibration_errors(y, p, rng=rng, replicates=5)
    uniform = np.linspace(0.02, 0.98, 10_001)
    gap = uniform - uniform**2
    assert found.ici.value == pytest.approx(gap.mean(), abs=0.01)
    assert found.e50.value == pytest.approx(np.median(gap), abs=0.015)
    assert found.e90.value == pytest.approx(np.quantile(gap, 0.9), abs=0.015)
    assert found.e50.value <= found.e90.value <= found.emax.value


def test_interval_and_band_hold_the_known_truth():
    y, p = data(5, 400, power=2.0)
    rng = np.random.default_rng(0)
    found = calibration_errors(y, p, rng=rng, replicates=200)
    assert found.ici.low < 0.16 < found.ici.high
    curve = smooth_calibration_curve(y, p)
    inside = (curve.low <= curve.x**2) & (curve.x**2 <= curve.high)
    assert inside.mean() > 0.8
    assert "loess of degree 2" in curve.method
    ids = np.repeat(np.arange(200), 2)
    again = calibration_errors(y, p, rng=np.random.default_rng(0), cluster=ids, replicates=50)
    assert again.ici.value == found.ici.value


def test_trouble_has_reasons():
    rng = np.random.default_rng(0)
    few = calibration_errors([0, 1, 1], [0.2, 0.3, 0.9], rng=rng)
    assert "fewer than 10 distinct probabilities" in few.ici.reason
    y, p = data(4, 60)
    rare = calibration_errors(np.arange(60) == 7, p, rng=rng, replicates=5)
    assert (rare.emax.reason or "").startswith("patients with the event (or without): 1, wanted 2")
    assert rare.ici.value > 0
    flat = smooth_calibration_curve(y, np.full(60, 0.5))
    assert np.isnan(flat.y).all()
    with pytest.raises(UsageError, match="span is 2"):
        calibration_errors(y, p, rng=rng, span=2)
    with pytest.raises(DataError, match="no rows"):
        smooth_calibration_curve([], [])
    with pytest.raises(UsageError, match="random generator"):
        calibration_errors(y, p, rng=None)
