import math

import numpy as np
import pytest
from scipy import special

from osteon.errors import UsageError
from osteon.statistics.recalibration import calibration_slope, observed_expected_ratio
from osteon.statistics.sample_size_model import (
    sample_size_external,
    sample_size_prediction_model,
    sample_size_survival_model,
    sample_size_validation,
)


def test_published_binary_models(reference):
    for fact in reference("riley.json")["prediction_model"]:
        size = sample_size_prediction_model(fact["prevalence"], fact["parameters"], fact["r2"])
        for name in ("shrinkage", "optimism", "overall_risk"):
            assert math.ceil(getattr(size, name)) == fact[name]


def test_published_survival_models(reference):
    for fact in reference("riley.json")["survival_model"]:
        size = sample_size_survival_model(
            fact["rate"], fact["parameters"], fact["r2"], horizon=fact["horizon"],
            mean_follow_up=fact["mean_follow_up"],
        )  # fmt: skip
        # published whole numbers, made with a rounded shrinkage
        assert size.shrinkage == pytest.approx(fact["shrinkage"], abs=1)
        assert size.optimism == pytest.approx(fact["optimism"], abs=1)
        assert size.events_per_parameter == pytest.approx(fact["events_per_parameter"], abs=0.01)


def test_the_published_validation(reference):
    fact = reference("riley.json")["validation"]
    size = sample_size_validation(
        fact["prevalence"], fact["auroc"], fact["lp_mean"], fact["lp_sd"],
        ratio_width=fact["ratio_width"],
    )  # fmt: skip
    # published from a standard error found in steps of 0.0001
    assert size.observed_expected_ratio == pytest.approx(fact["observed_expected_ratio"], abs=1)
    assert math.ceil(size.auroc) == fact["auroc_n"]
    # published from 1,000 simulated patients, ours by quadrature
    assert size.calibration_slope == pytest.approx(
        fact["calibration_slope_simulated_1000"], rel=0.05
    )


def test_criteria_by_their_meaning():
    size = sample_size_prediction_model(0.2, 20, 0.1)
    expected_shrinkage = 1 + 20 / (size.shrinkage * np.log(1 - 0.1 / 0.9))
    assert expected_shrinkage == pytest.approx(0.9, abs=1e-9)
    assert 1.96 * np.sqrt(0.2 * 0.8 / size.overall_risk) == pytest.approx(0.05)
    logs = -0.508 - 0.544 * np.log(size.prediction_error) + 0.259 * np.log(0.2)
    assert np.exp(logs + 0.504 * np.log(20)) == pytest.approx(0.05)
    parts = (size.shrinkage, size.optimism, size.overall_risk, size.prediction_error)
    assert size.n == int(np.ceil(max(parts)))
    many = sample_size_prediction_model(0.2, 31, 0.1)
    assert math.isnan(many.prediction_error)
    survival = sample_size_survival_model(0.1, 5, 0.3, horizon=3, mean_follow_up=4)
    se = np.sqrt(0.1 / (survival.overall_risk * 4))
    assert np.exp(-(0.1 - 1.96 * se) * 3) - np.exp(-0.3) == pytest.approx(0.05)


def test_validation_sizes_give_the_widths_by_simulation():
    mean, sd = -1.0, 1.2
    nodes, masses = np.polynomial.hermite_e.hermegauss(60)
    prevalence = float(special.expit(mean + sd * nodes) @ masses / masses.sum())
    size = sample_size_validation(prevalence, 0.78, mean, sd, slope_width=0.3, ratio_width=0.3)
    rng, slopes, ratios = np.random.default_rng(0), [], []
    for _ in range(300):
        lp = rng.normal(mean, sd, math.ceil(size.calibration_slope))
        slopes.append(calibration_slope(rng.random(lp.size) < special.expit(lp), special.expit(lp)))
        lp = rng.normal(mean, sd, math.ceil(size.observed_expected_ratio))
        outcome = rng.random(lp.size) < prevalence
        ratios.append(observed_expected_ratio(outcome, np.full(lp.size, prevalence)))
    assert np.mean([e.high - e.low for e in slopes]) == pytest.approx(0.3, rel=0.05)
    assert np.mean([e.high - e.low for e in ratios]) == pytest.approx(0.3, rel=0.05)


def test_external_validation_and_bad_numbers():
    assert sample_size_external(0.047).n == 2128
    assert sample_size_external(0.9).n == 1000
    with pytest.raises(UsageError, match="r2_cox_snell"):
        sample_size_prediction_model(0.2, 20, 0.9)
    with pytest.raises(UsageError, match="prevalence is 1"):
        sample_size_external(1)
    with pytest.raises(UsageError, match="rate is 0"):
        sample_size_survival_model(0, 5, 0.1, horizon=1, mean_follow_up=1)
    with pytest.raises(UsageError, match="lp_sd is 0"):
        sample_size_validation(0.1, 0.8, -2, 0)
    with pytest.raises(UsageError, match="parameters is 0"):
        sample_size_prediction_model(0.2, 0, 0.1)
