"""Studies that lack something: every one gets its numbers and its page, or a clear refusal."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.reports.simulated import PROBABILITIES

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS
from osteon.errors import TableError
from osteon.reports.baselines import BaselineSettings, header_baseline
from osteon.reports.evaluation import EvaluationSettings, evaluate
from osteon.reports.html import ReportContent, render_report
from osteon.reports.pictures import evaluation_figures

SETTINGS = EvaluationSettings(replicates=10, subgroup_columns=("patient_sex", "fracture"))


def missed(frame):
    changed = frame.copy()
    columns = [*PROBABILITIES, *BOX_COLUMNS, "iou", "predicted_label", "probability_fracture"]
    changed.loc[changed["box_source"] == "automatic", columns] = None
    return changed


def perfect(frame):
    truth = {f"probability_{c}": (frame["label"] == c).astype(float) for c in HIP_CLASSES.classes}
    return frame.assign(**truth)


CASES = {
    "internal only": lambda f: f[f["subset"] == "internal_test"],
    "external only": lambda f: f[f["subset"] == "external_test"],
    "manual boxes only": lambda f: f[f["box_source"] == "manual"],
    "automatic boxes only": lambda f: f[f["box_source"] == "automatic"],
    "no fracture at all": lambda f: f[~f["label"].isin(HIP_CLASSES.positive)],
    "fractures only": lambda f: f[f["label"].isin(HIP_CLASSES.positive)],
    "one hip": lambda f: f[f["subset"] == "internal_test"].head(1),
    "every hip missed": missed,
    "everything right": perfect,
    "always the same answer": lambda f: f.assign(**dict.fromkeys(PROBABILITIES, 1 / 6)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_is_left_out_and_the_rest_is_reported(study, name):
    predictions = CASES[name](study.predictions)
    found = evaluate(predictions, study.cases, HIP_CLASSES, (), seed=1, settings=SETTINGS)
    json.dumps(found.to_json(), allow_nan=False)
    for measure in found.measures:
        if not measure.whole_patient.is_defined:
            assert measure.whole_patient.reason
    page = render_report(ReportContent("T", "Q", "r", "d", found))
    assert "Model and baselines" in page


@pytest.mark.parametrize("name", ["one hip", "no fracture at all", "every hip missed"])
def test_figures_without_their_numbers_are_left_out(study, name):
    predictions = CASES[name](study.predictions)
    found = evaluate(predictions, study.cases, HIP_CLASSES, (), seed=1, settings=SETTINGS)
    names = {figure.name for figure in evaluation_figures(found)}
    assert any(figure.startswith("confusion") for figure in names)
    assert ("roc_binary" in names) == (name == "every hip missed")
    assert ("iou" in names) == (name == "no fracture at all")


def test_everything_right_has_no_interval_of_no_width(study):
    found = evaluate(
        perfect(study.predictions), study.cases, HIP_CLASSES, (), seed=1, settings=SETTINGS
    )
    for measure in found.measures:
        estimate = measure.whole_patient
        if measure.id.startswith("binary.sens") and estimate.is_defined and estimate.n > 5:
            assert estimate.low < estimate.high == 1.0


def test_a_case_predicted_by_two_folds_is_refused(study):
    again = study.predictions[study.predictions["subset"] == "external_test"].assign(fold=1)
    both = pd.concat([study.predictions, again])
    with pytest.raises(TableError, match="is predicted by several folds"):
        evaluate(both, study.cases, HIP_CLASSES, (), seed=1, settings=SETTINGS)


def test_an_unknown_subgroup_is_refused(study):
    settings = EvaluationSettings(replicates=2, subgroup_columns=("shoe_size",))
    with pytest.raises(TableError, match="no column shoe_size"):
        evaluate(study.predictions, study.cases, HIP_CLASSES, (), seed=1, settings=settings)


def test_baselines_of_folds_are_fitted_fold_by_fold(study):
    second = study.splits.assign(fold=1)
    swap = {"training": "internal_test", "internal_test": "training"}
    second["subset"] = second["subset"].replace(swap)
    splits = pd.concat([study.splits, second])
    table = header_baseline(study.cases, splits, HIP_CLASSES, BaselineSettings(ridges=(1.0,)))
    test = table[table["subset"].str.endswith("_test")]
    assert not test.duplicated("case_id").any()
    assert set(test.loc[test["subset"] == "internal_test", "fold"]) == {0, 1}
    one = header_baseline(study.cases, study.splits, HIP_CLASSES, BaselineSettings(ridges=(1.0,)))
    kept = table[table["fold"] == 0]
    np.testing.assert_array_equal(kept[PROBABILITIES], one[PROBABILITIES])
