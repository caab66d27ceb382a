import json

import numpy as np
import pandas as pd
import pytest
from tests.reports import by_hand

from osteon.core.labels import HIP_CLASSES
from osteon.errors import TableError
from osteon.reports.evaluation import EvaluationSettings, evaluate
from osteon.reports.records import Evaluation, FrozenThreshold, Series

SETTINGS = EvaluationSettings(replicates=80, calibration_bins=2, subgroup_columns=("fracture",))
MANUAL = Series("internal_test", "model", "manual")
AUTOMATIC = Series("internal_test", "model", "automatic")


@pytest.fixture(scope="module")
def counted():
    cases, predictions = by_hand.tables()
    point = FrozenThreshold("low", "positive", 0.35, "given", "tuning")
    own = FrozenThreshold("own_neck", "neck", 0.65, "closest_to_corner", "tuning")
    return evaluate(
        predictions, cases, by_hand.LABELS, (point, own), seed=1, settings=SETTINGS,
        extra_boxes={"internal_test": 3},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("series", "measure", "value", "n"),
    [
        (MANUAL, "binary.accuracy", 6 / 8, 8),
        (MANUAL, "binary.sensitivity", 2 / 3, 3),
        (MANUAL, "binary.specificity", 4 / 5, 5),
        (MANUAL, "binary.ppv", 2 / 3, 3),
        (MANUAL, "binary.npv", 4 / 5, 5),
        (MANUAL, "binary.auroc", 13 / 15, 8),
        (MANUAL, "binary.brier", np.mean([0.01, 0.01, 0.09, 0.36, 0.36, 0.09, 0.04, 0.2025]), 8),
        (MANUAL, "multiclass.accuracy", 6 / 8, 8),
        (MANUAL, "multiclass.sensitivity", (4 / 5 + 2 / 3) / 2, 8),
        (MANUAL, "multiclass.kappa", (6 / 8 - 34 / 64) / (1 - 34 / 64), 8),
        (MANUAL, "class.sensitivity.neck", 2 / 3, 3),
        (MANUAL, "class.called_fracture.neck", 2 / 3, 3),
        (MANUAL, "at.low.sensitivity", 1.0, 3),
        (MANUAL, "at.low.specificity", 3 / 5, 5),
        (MANUAL, "own_threshold.sensitivity.neck", 2 / 3, 3),
        (MANUAL, "own_threshold.specificity.neck", 1.0, 5),
        (AUTOMATIC, "binary.sensitivity", 1 / 3, 3),
        (AUTOMATIC, "binary.specificity", 1.0, 5),
        (AUTOMATIC, "multiclass.accuracy", 6 / 8, 8),
        (AUTOMATIC, "detection.iou_mean", (2 * 0.8 + 0.8 + 4 * 0.4) / 7, 7),
        (AUTOMATIC, "detection.found", 3 / 8, 8),
        (AUTOMATIC, "detection.missed", 1, 8),
        (AUTOMATIC, "detection.extra", 3, 8),
        (AUTOMATIC, "detection.iou_minimum", 0.4, 8),
    ],
)
def test_whole_patient_estimates_are_those_counted_by_hand(counted, series, measure, value, n):
    found = counted.find(series, measure)
    assert found is not None
    assert found.whole_patient.value == pytest.approx(value)
    assert found.whole_patient.n == n


def test_one_image_per_patient_is_the_mean_over_its_replicates(counted):
    # one of two hips of each patient: A and B have one positive hip each, C one, D none; the
    # expected accuracy is the mean over patients of their share of right hips
    found = counted.find(MANUAL, "binary.accuracy")
    expected = np.mean([1.0, 0.5, 0.5, 1.0])
    assert found.one_image.value == pytest.approx(expected, abs=0.08)
    assert "one image per patient" in found.one_image.method


def test_all_right_has_an_interval_that_is_not_a_point(counted):
    found = counted.find(MANUAL, "at.low.sensitivity").whole_patient
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < 0.8
    assert "wilson" in found.method
    flat = counted.find(MANUAL, "at.low.sensitivity").one_image
    assert np.isnan(flat.low)
    assert flat.reason


def test_a_missed_hip_has_its_own_column_in_the_confusion_matrix(counted):
    found = {item.series: item for item in counted.confusions}[AUTOMATIC]
    assert found.counts == ((5, 0, 0), (1, 1, 1))


def test_kappa_difference_is_automatic_minus_manual(counted):
    tests = {test.id: test.result for test in counted.tests}
    difference = tests["kappa_difference.binary.whole_patient"].difference
    manual = (6 / 8 - 34 / 64) / (1 - 34 / 64)
    automatic = (6 / 8 - (5 * 7 + 3 * 1) / 64) / (1 - (5 * 7 + 3 * 1) / 64)
    assert difference.value == pytest.approx(automatic - manual)


def test_order_of_rows_and_patients_does_not_matter(counted):
    cases, predictions = by_hand.tables()
    shuffled = predictions.sample(frac=1, random_state=5)
    again = evaluate(
        shuffled, cases.iloc[::-1], by_hand.LABELS, counted.thresholds, seed=1, settings=SETTINGS,
        extra_boxes={"internal_test": 3},
    )  # fmt: skip
    assert json.dumps(again.to_json()) == json.dumps(counted.to_json())


def test_seed_moves_the_bootstrap_and_nothing_else(counted):
    cases, predictions = by_hand.tables()
    other = evaluate(
        predictions, cases, by_hand.LABELS, counted.thresholds, seed=2, settings=SETTINGS
    )
    first, second = (e.find(MANUAL, "binary.accuracy") for e in (counted, other))
    assert first.whole_patient.value == second.whole_patient.value
    assert first.one_image.value != second.one_image.value


def test_json_there_and_back(evaluation):
    text = json.dumps(evaluation.to_json(), allow_nan=False)
    again = Evaluation.from_json(json.loads(text))
    assert json.dumps(again.to_json(), allow_nan=False) == text
    pd.testing.assert_frame_equal(again.measures_table(), evaluation.measures_table())


def test_every_subset_predictor_and_baseline_is_measured(evaluation):
    subsets = ("internal_test", "external_test")
    predictors = (("model", "manual"), ("model", "automatic"), ("header", "manual"))
    for subset in subsets:
        for predictor, box_source in predictors:
            series = Series(subset, predictor, box_source)
            for measure in ("binary.auroc", "multiclass.accuracy", "at.youden.sensitivity"):
                assert evaluation.find(series, measure) is not None, (series, measure)
            assert evaluation.curve(series, "roc.positive") is not None


def test_subgroups_divide_the_cases(evaluation):
    series = Series("internal_test", "model", "manual")
    total = evaluation.find(series, "binary.accuracy").whole_patient.n
    for column in ("age_band", "patient_sex", "view_position", "manufacturer"):
        parts = [
            m.whole_patient.n
            for m in evaluation.measures
            if m.series == series and m.id == "binary.accuracy" and m.group.startswith(f"{column}=")
        ]
        assert sum(parts) == total


def test_roc_curves_rise_to_the_corner(evaluation):
    for item in evaluation.curves:
        if item.id.startswith("roc."):
            curve = item.curve
            assert (curve.low <= curve.high).all()
            assert (np.diff(curve.y) >= -1e-9).all()
            assert curve.y[-1] == pytest.approx(1.0)


def test_synthetic_is_told_by_the_source_of_the_labels():
    for source, expected in (("film", False), ("phantom", True)):
        cases, predictions = by_hand.tables(source=source)
        found = evaluate(predictions, cases, by_hand.LABELS, (), seed=1, settings=SETTINGS)
        assert found.is_synthetic is expected


def test_tuning_rows_are_not_evaluated():
    cases, predictions = by_hand.tables(subset="tuning")
    with pytest.raises(TableError, match="no case is in a test subset"):
        evaluate(predictions, cases, by_hand.LABELS, (), seed=1, settings=SETTINGS)


def test_bad_predictions_are_refused_by_name():
    cases, predictions = by_hand.tables()
    with pytest.raises(TableError, match="probability_neck is missing"):
        evaluate(
            predictions.drop(columns="probability_neck"), cases, by_hand.LABELS, (), seed=1,
            settings=SETTINGS,
        )  # fmt: skip
    manual = predictions["box_source"] == "manual"
    wrong = predictions[manual].assign(probability_neck=0.9)
    with pytest.raises(TableError, match=r"probabilities of case 1\.2\.65:R do not sum to 1"):
        evaluate(wrong, cases, by_hand.LABELS, (), seed=1, settings=SETTINGS)
    with pytest.raises(TableError, match="is predicted but unknown"):
        evaluate(predictions, cases.iloc[1:], by_hand.LABELS, (), seed=1, settings=SETTINGS)
    other = cases.assign(label="sound")
    with pytest.raises(TableError, match="predictions say neck, cases say sound"):
        evaluate(predictions, other, by_hand.LABELS, (), seed=1, settings=SETTINGS)
    with pytest.raises(TableError, match="label 'neck' is not in the label set"):
        evaluate(
            predictions.assign(**{f"probability_{c}": 1 / 6 for c in HIP_CLASSES.classes}),
            cases, HIP_CLASSES, (), seed=1, settings=SETTINGS,
        )  # fmt: skip
