import json

import numpy as np
import pytest
from tests.reports import by_hand

from osteon.core.labels import HIP_CLASSES
from osteon.errors import DataError, StudyError
from osteon.reports.operating_points import (
    RULES,
    TuningScores,
    choose_operating_points,
    read_operating_points,
    write_operating_points,
)
from osteon.reports.scored import Scored, checked_predictions
from osteon.reports.task import EvaluationSettings

SETTINGS = EvaluationSettings()


def test_test_rows_cannot_move_a_threshold(study):
    kept = choose_operating_points(TuningScores.of(study.predictions, HIP_CLASSES), SETTINGS)
    frame = study.predictions.copy()
    is_test = frame["subset"].str.endswith("_test")
    names = [f"probability_{name}" for name in HIP_CLASSES.classes]
    frame.loc[is_test & frame[names[0]].notna(), names] = [0, 1, 0, 0, 0, 0]
    moved = choose_operating_points(TuningScores.of(frame, HIP_CLASSES), SETTINGS)
    assert moved == kept
    assert {point.rule for point in kept} == set(RULES)
    assert all("tuning" in point.chosen_on for point in kept)


def test_scores_of_a_test_subset_are_not_tuning_scores(study):
    frame = checked_predictions(study.predictions, HIP_CLASSES)
    scored = Scored.of(
        frame, HIP_CLASSES, subset="internal_test", predictor="model", box_source="manual"
    )
    with pytest.raises(DataError, match="chosen on tuning data, got internal_test"):
        TuningScores(scored)


def test_fixed_sensitivity_reaches_its_target_on_tuning_data(study):
    tuning = TuningScores.of(study.predictions, HIP_CLASSES)
    point = {p.rule: p for p in choose_operating_points(tuning, SETTINGS)}["fixed_sensitivity"]
    called = tuning.scored.positive_score >= point.threshold
    assert called[tuning.scored.is_positive].mean() >= SETTINGS.target_sensitivity


def test_rules_by_hand():
    _, predictions = by_hand.tables(subset="tuning")
    tuning = TuningScores.of(predictions, by_hand.LABELS)
    found = {p.rule: p.threshold for p in choose_operating_points(tuning, SETTINGS)}
    # positives 0.9 0.7 0.4, negatives 0.6 0.45 0.3 0.2 0.1
    assert found["youden"] == pytest.approx(0.65)
    assert found["closest_to_corner"] == pytest.approx(0.65)
    assert found["fixed_sensitivity"] == pytest.approx(0.35)
    assert len(found) == 3


def test_without_positives_there_is_no_threshold():
    _, predictions = by_hand.tables(subset="tuning")
    sound = predictions[predictions["label"] == "sound"]
    assert choose_operating_points(TuningScores.of(sound, by_hand.LABELS), SETTINGS) == ()


def test_files_there_and_back(tmp_path, points):
    path = tmp_path / "operating_points.json"
    write_operating_points(points, path)
    assert read_operating_points(path) == points


def test_a_model_cards_points_are_read_and_test_data_refused(tmp_path):
    path = tmp_path / "operating_points.json"
    item = {
        "name": "suspicious", "question": "fracture", "threshold": 0.31, "rule": "sensitivity",
        "subset": "tuning", "n_cases": 50, "n_patients": 30,
    }  # fmt: skip
    path.write_text(json.dumps([item, {**item, "question": "arthroplasty"}]))
    first, second = read_operating_points(path)
    assert (first.score, second.score) == ("positive", "arthroplasty")
    assert first.chosen_on == "tuning, 50 hips on films of 30 patients"
    path.write_text(json.dumps([{**item, "subset": "internal_test"}]))
    with pytest.raises(StudyError, match="chosen on internal_test, wanted tuning"):
        read_operating_points(path)
    with pytest.raises(StudyError, match="no operating points at"):
        read_operating_points(tmp_path / "none.json")


def test_missed_hips_take_no_part_in_choosing(study):
    tuning = TuningScores.of(study.predictions, HIP_CLASSES, box_source="automatic")
    assert not tuning.scored.is_missed.any()
    assert np.isfinite(tuning.scored.probabilities).all()
