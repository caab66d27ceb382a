import numpy as np
import pytest
from tests.prediction.conftest import make_tuning

from osteon.core.labels import HIP_CLASSES
from osteon.prediction.calibration import calibrate
from osteon.prediction.conformal import fit_conformal, prediction_set
from osteon.prediction.tuning import TuningSet


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_every_class_is_covered_as_promised_on_new_patients(coverage):
    conformal = fit_conformal(
        make_tuning(3000, signal=1.5), None, np.random.default_rng(0), coverage=coverage
    )
    fresh = make_tuning(6000, seed=5, signal=1.5)
    probabilities = calibrate(fresh.logits, None, HIP_CLASSES)
    for index, name in enumerate(HIP_CLASSES.classes):
        mine = fresh.labels == index
        held = np.mean(
            [name in prediction_set(row, conformal, HIP_CLASSES) for row in probabilities[mine]]
        )
        assert held == pytest.approx(coverage, abs=0.04)


def test_the_quantile_is_the_stated_order_statistic():
    logits = np.zeros((9, 6))
    logits[:, 0] = np.linspace(0, 4, 9)
    tuning = TuningSet(
        HIP_CLASSES,
        logits,
        np.zeros(9, dtype=np.int64),
        np.array([str(i) for i in range(9)]),
        np.full(9, "tuning"),
    )
    scores = np.sort(1 - calibrate(logits, None, HIP_CLASSES)[:, 0])
    conformal = fit_conformal(tuning, None, np.random.default_rng(0), coverage=0.8)
    assert conformal.quantiles["no_fracture"] == pytest.approx(scores[7])  # ceil(10 * 0.8) = 8th


def test_a_class_with_too_few_patients_is_never_ruled_out():
    tuning = make_tuning(12)
    conformal = fit_conformal(tuning, None, np.random.default_rng(0), coverage=0.99)
    assert set(conformal.quantiles.values()) == {1.0}
    certain = np.array([1.0, 0, 0, 0, 0, 0])
    assert prediction_set(certain, conformal, HIP_CLASSES)[0] == "no_fracture"
    assert len(prediction_set(certain, conformal, HIP_CLASSES)) == 6


def test_one_image_of_each_patient_counts():
    tuning = make_tuning(200)
    doubled = TuningSet(
        HIP_CLASSES,
        np.repeat(tuning.logits, 3, axis=0),
        np.repeat(tuning.labels, 3),
        np.repeat(tuning.patient_ids, 3),
        np.repeat(tuning.subsets, 3),
    )
    one = fit_conformal(tuning, None, np.random.default_rng(0))
    many = fit_conformal(doubled, None, np.random.default_rng(0))
    assert one.counts == many.counts
    assert sum(one.counts.values()) <= 200


def test_sets_grow_with_coverage(tuning):
    sets = []
    for coverage in (0.6, 0.8, 0.95):
        conformal = fit_conformal(tuning, None, np.random.default_rng(0), coverage=coverage)
        probabilities = calibrate(tuning.logits, None, HIP_CLASSES)
        sets.append([set(prediction_set(row, conformal, HIP_CLASSES)) for row in probabilities])
    assert all(a <= b <= c for a, b, c in zip(*sets, strict=True))
