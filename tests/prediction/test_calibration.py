import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import softmax
from tests.prediction.conftest import draw_logits, make_tuning

from osteon.core.labels import HIP_CLASSES, LabelSet
from osteon.errors import DataError
from osteon.models.card_classifier import Calibrator
from osteon.prediction.calibration import (
    calibrate,
    fit_calibrator,
    group_log_odds,
    log_loss,
    positive_probability,
    with_probabilities,
)
from osteon.prediction.tuning import TuningSet

KINDS = ("temperature", "vector", "platt")


def test_isotonic_is_the_regression_of_another_library_but_for_the_edges():
    sklearn = pytest.importorskip("sklearn.isotonic")
    tuning = make_tuning(800)
    log_odds = group_log_odds(tuning.logits, HIP_CLASSES)
    theirs = sklearn.IsotonicRegression().fit(log_odds, tuning.is_positive).predict(log_odds)
    ours = positive_probability(
        calibrate(tuning.logits, fit_calibrator(tuning, "isotonic"), HIP_CLASSES), HIP_CLASSES
    )
    middle = (theirs > 0.05) & (theirs < 0.95)
    assert middle.sum() > 100
    assert np.abs(ours - theirs)[middle].mean() < 0.03
    order = np.argsort(log_odds)
    assert np.diff(ours[order]).min() > -1e-12
    assert ours.min() > 0
    assert ours.max() < 1


@pytest.mark.parametrize("knots", [(), ((0.0, 0.5), (-1.0, 0.6)), ((0.0, 0.5), (1.0, 0.4))])
def test_steps_that_fall_are_refused(knots):
    with pytest.raises(ValueError, match="knots"):
        Calibrator(
            kind="isotonic", knots=knots, log_loss_before=1, log_loss_after=1, n_cases=1,
            n_patients=1,
        )  # fmt: skip


def test_temperature_finds_the_factor_it_was_distorted_by():
    honest = fit_calibrator(make_tuning(4000), "temperature").scale[0]
    tripled = fit_calibrator(make_tuning(4000, scale=3.0), "temperature").scale[0]
    assert tripled == pytest.approx(honest / 3, rel=0.01)


def test_vector_takes_back_a_bias_that_class_weights_would_cause():
    bias = np.array([0, 0, 3.0, 0, 0, 0])
    honest, biased = make_tuning(3000), make_tuning(3000, bias=bias)
    calibrator = fit_calibrator(biased, "vector")
    mended = calibrate(biased.logits, calibrator, HIP_CLASSES)
    best = calibrate(honest.logits, fit_calibrator(honest, "vector"), HIP_CLASSES)
    assert log_loss(mended, biased.labels) == pytest.approx(log_loss(best, honest.labels), abs=4e-3)
    np.testing.assert_allclose(mended.mean(axis=0), np.bincount(biased.labels) / 3000, atol=0.01)


@pytest.mark.parametrize("kind", [*KINDS, "isotonic"])
def test_calibration_lowers_the_log_loss_of_new_patients(kind):
    calibrator = fit_calibrator(make_tuning(600, scale=8.0), kind)
    fresh = make_tuning(600, seed=9, scale=8.0)
    if kind in ("platt", "isotonic"):
        positive = fresh.is_positive.astype(int)

        def loss(used):
            p = positive_probability(calibrate(fresh.logits, used, HIP_CLASSES), HIP_CLASSES)
            return log_loss(np.stack([1 - p, p], 1), positive)
    else:

        def loss(used):
            return log_loss(calibrate(fresh.logits, used, HIP_CLASSES), fresh.labels)

    assert loss(calibrator) < loss(None) - 0.02
    assert calibrator.log_loss_after < calibrator.log_loss_before


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_without_cases_keeps_a_finite_bias(kind):
    labels = np.zeros(40, dtype=np.int64)
    labels[::2] = 3
    rng = np.random.default_rng(0)
    patients = np.array([str(i) for i in range(40)])
    tuning = TuningSet(
        HIP_CLASSES, draw_logits(labels, rng), labels, patients, np.full(40, "tuning")
    )
    calibrator = fit_calibrator(tuning, kind)
    assert np.abs(calibrator.bias).max() < 5
    assert calibrate(tuning.logits, calibrator, HIP_CLASSES).min() > 0


@given(
    hnp.arrays(np.float64, (4, 6), elements=st.floats(-30, 30)),
    st.sampled_from(KINDS),
    st.floats(0.1, 5),
    st.floats(-3, 3),
)
def test_probabilities_are_probabilities_and_ignore_a_constant(logits, kind, scale, bias):
    size = 1 if kind == "platt" else 6
    calibrator = Calibrator(
        kind=kind,
        scale=(scale,) * size,
        bias=(bias,) * size,
        log_loss_before=1,
        log_loss_after=1,
        n_cases=1,
        n_patients=1,
    )
    probabilities = calibrate(logits, calibrator, HIP_CLASSES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(
        calibrate(logits + 7, calibrator, HIP_CLASSES), probabilities, atol=1e-9
    )


def test_platt_keeps_the_proportions_within_each_group():
    calibrator = Calibrator(
        kind="platt",
        scale=(0.5,),
        bias=(1.0,),
        log_loss_before=1,
        log_loss_after=1,
        n_cases=1,
        n_patients=1,
    )
    logits = np.random.default_rng(0).normal(size=(5, 6))
    raw, new = softmax(logits, 1), calibrate(logits, calibrator, HIP_CLASSES)
    inside = list(HIP_CLASSES.positive_indices)
    np.testing.assert_allclose(new[:, 1] / new[:, 3], raw[:, 1] / raw[:, 3])
    odds = np.log(new[:, inside].sum(1) / (1 - new[:, inside].sum(1)))
    np.testing.assert_allclose(odds, 0.5 * group_log_odds(logits, HIP_CLASSES) + 1.0)


@pytest.mark.parametrize("subset", ["training", "internal_test", "external_test", "Tuning"])
def test_a_tuning_set_of_anything_else_cannot_be_made(tuning, subset):
    subsets = tuning.subsets.astype(object)
    subsets[7] = subset
    with pytest.raises(DataError, match="tuning cases only"):
        TuningSet(
            HIP_CLASSES, tuning.logits, tuning.labels, tuning.patient_ids, subsets.astype(str)
        )


def test_the_tuning_rows_of_a_table_are_taken_and_no_others():
    rows = prediction_rows()
    tuning = TuningSet.from_predictions(rows, HIP_CLASSES)
    assert tuning.patient_ids.tolist() == ["b"]
    assert len(TuningSet.from_predictions(rows, HIP_CLASSES, box_source="automatic")) == 1
    with pytest.raises(DataError, match="no tuning cases"):
        TuningSet.from_predictions(rows, HIP_CLASSES, fold=1)


def test_missed_hips_keep_empty_probabilities_and_others_are_filled():
    rows = with_probabilities(prediction_rows(), None, HIP_CLASSES)
    assert rows["probability_fracture"].isna().tolist() == [False, False, False, True, False]
    assert rows["predicted_label"].isna().tolist() == [False, False, False, True, False]
    columns = [f"probability_{name}" for name in HIP_CLASSES.classes]
    np.testing.assert_allclose(rows.loc[:2, columns].sum(axis=1).astype(float), 1)
    assert rows.loc[0, "predicted_label"] == "intertrochanteric"


def test_the_binary_question_counts_hardware_as_no_fracture():
    hardware = np.zeros((1, 6))
    hardware[0, 4] = 1
    assert positive_probability(hardware, HIP_CLASSES)[0] == 0
    labels = LabelSet("x", ("a", "b"), frozenset({"b"}), ("A", "B"))
    assert positive_probability(np.array([[0.3, 0.7]]), labels)[0] == pytest.approx(0.7)


def prediction_rows():
    """Three manual rows, one of each subset, then an automatic miss and an automatic tuning row."""
    rows = pd.DataFrame(
        {
            "patient_id": ["a", "b", "c", "d", "b"],
            "subset": ["training", "tuning", "internal_test", "tuning", "tuning"],
            "box_source": ["manual", "manual", "manual", "automatic", "automatic"],
            "fold": 0,
            "label": "no_fracture",
        }
    )
    for index, name in enumerate(HIP_CLASSES.classes):
        values = [float(index == 3), 0.0, 1.0, None, 0.5]
        rows[f"logit_{name}"] = pd.array(values, dtype="Float64")
    return rows
