import numpy as np
import pytest
from scipy import special

from osteon.statistics.recalibration import calibration_slope, logistic_fit
from osteon.statistics.sandwich import plain_sandwich, robust_half_width, without_leverage


def fitted(n=24, seed=0):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=n)])
    truth = rng.random(n) < special.expit(design @ [-0.3, 0.8])
    return design, truth, logistic_fit(design, truth, np.zeros(n)), np.arange(n) // 3


def test_mancl_and_derouen_by_their_own_formula():
    """The residuals of each patient times (I - H)^-1, as printed, instead of the scores."""
    design, truth, fit, codes = fitted()
    chance = special.expit(design @ fit.beta)
    meat = np.zeros((2, 2))
    for patient in np.unique(codes):
        rows = codes == patient
        d = design[rows] * (chance * (1 - chance))[rows, None]
        inverse = np.diag(1 / (chance * (1 - chance))[rows])
        hat = d @ fit.naive @ d.T @ inverse
        part = d.T @ inverse @ np.linalg.inv(np.eye(rows.sum()) - hat) @ (truth - chance)[rows]
        meat += np.outer(part, part)
    wanted = fit.naive @ meat @ fit.naive
    np.testing.assert_allclose(without_leverage(fit, codes), wanted, rtol=1e-9)
    plain = plain_sandwich(fit.naive, fit.scores, codes)
    assert (np.diag(wanted) > np.diag(plain)).all()


def test_they_meet_in_large_studies_and_copies_narrow_nothing():
    design, truth, fit, codes = fitted(6000, 1)
    large = without_leverage(fit, codes)
    np.testing.assert_allclose(large, plain_sandwich(fit.naive, fit.scores, codes), rtol=0.01)
    chance = special.expit(design[:90] @ [-0.3, 0.8])
    once = calibration_slope(truth[:90], chance, cluster=codes[:90])
    copies = calibration_slope(
        np.tile(truth[:90], 3), np.tile(chance, 3), cluster=np.tile(codes[:90], 3)
    )
    assert (copies.low, copies.high) == pytest.approx((once.low, once.high))


def test_few_patients_widen_and_one_has_no_interval():
    assert robust_half_width(1.0, 2, 0.95, "mancl-derouen") == pytest.approx(4.3027, abs=1e-4)
    assert robust_half_width(1.0, 2, 0.95, "sandwich") == pytest.approx(1.96, abs=1e-4)
    assert np.isnan(robust_half_width(1.0, 0, 0.95, "mancl-derouen"))
    truth = [0, 0, 1, 1, 0, 0, 0, 0]
    chance = [0.1, 0.2, 0.6, 0.3, 0.15, 0.4, 0.35, 0.05]
    found = calibration_slope(truth, chance, cluster=list("aabbccdd"))
    assert not np.isnan(found.value)
    assert np.isnan(found.low)
    assert "1, wanted 2" in found.reason
    named = calibration_slope(truth, chance, cluster=list("aabbccdd"), method="sandwich")
    assert named.low < found.value < named.high
    assert "may be too narrow" in named.method
