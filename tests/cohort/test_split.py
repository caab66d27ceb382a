"""The split: patients together, classes spread, nothing moves, nothing depends on row order."""

import numpy as np
import pandas as pd
import pytest
from cohort_tables import cases_of
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.cohort.freeze import read_split, split_study
from osteon.cohort.split import SplitSettings, split_hash, split_patients
from osteon.core.schemas import CASES
from osteon.core.settings import load_settings
from osteon.core.tables import write_table
from osteon.errors import SettingsError, StudyError, TableError

LABELS = ("no_fracture", "displaced_femoral_neck", "nondisplaced_femoral_neck", "arthroplasty")


def table(patients, start=0):
    """Cases from the labels of each patient's hips."""
    rows = []
    for number, labels in enumerate(patients, start=start):
        for hip, label in enumerate(labels):
            rows.append(
                {
                    "patient_id": f"P{number}",
                    "sop_instance_uid": f"1.{number}.{hip // 2}",
                    "laterality": "LR"[hip % 2],
                    "label": label,
                }
            )
    return cases_of(rows)


def places(frame):
    return dict(zip(frame["patient_id"], frame["subset"], strict=True))


def test_the_default_keeps_patients_together_and_shares_true(cohort):
    frame, report = split_patients(cohort, SplitSettings(), seed=1)
    assert set(frame["patient_id"]) == set(cohort["patient_id"])
    assert not frame["patient_id"].duplicated().any()
    hips = {part.part: part.hips for part in report.parts}
    assert list(hips) == ["training", "tuning", "internal_test"]
    for name, share in (("training", 0.6), ("tuning", 0.25), ("internal_test", 0.15)):
        assert abs(hips[name] / len(cohort) - share) < 0.01
    assert report.multiclass.p_value > 0.9
    assert report.binary.p_value > 0.9
    assert report.is_good
    assert not report.empty
    assert sum(part.patients for part in report.parts) == 400


def test_row_order_does_not_matter_and_the_seed_does(cohort):
    first, report = split_patients(cohort, SplitSettings(), seed=1)
    shuffled = cohort.sample(frac=1, random_state=3)
    again, other = split_patients(shuffled, SplitSettings(), seed=1)
    assert first.equals(again)
    assert report == other
    different = split_patients(cohort, SplitSettings(), seed=2)[0]
    moved = np.mean([places(first)[p] != s for p, s in places(different).items()])
    assert 0.2 < moved < 0.8


def test_folds_test_every_patient_once(cohort):
    frame, report = split_patients(cohort, SplitSettings(folds=5), seed=1)
    tests = frame[frame["subset"] == "internal_test"]
    assert sorted(tests["patient_id"]) == sorted(cohort["patient_id"].unique())
    tuning = frame[frame["subset"] == "tuning"]
    assert sorted(tuning["patient_id"]) == sorted(cohort["patient_id"].unique())
    assert not tests.merge(tuning, on=["patient_id", "fold"]).size
    sizes = tests.groupby("fold").size()
    assert sizes.max() - sizes.min() <= 1
    assert len(report.parts) == 5
    two = split_patients(cohort, SplitSettings(folds=2), seed=1)[0]
    assert set(two["subset"]) == {"training", "internal_test"}


def test_a_site_goes_to_the_external_test_set_whole(cohort):
    settings_ = SplitSettings(external=("institution_name=site b",))
    frame, report = split_patients(cohort, settings_, seed=1)
    outside = set(cohort.loc[cohort["institution_name"] == "Site B", "patient_id"])
    assert {p for p, s in places(frame).items() if s == "external_test"} == outside
    assert report.parts[-1].part == "external_test"
    inside = sum(part.hips for part in report.parts[:-1])
    assert abs(report.parts[0].hips / inside - 0.6) < 0.01


def test_a_class_with_too_few_patients_is_reported():
    cases = table([["no_fracture"]] * 30 + [["arthroplasty", "arthroplasty"]] * 2)
    _, report = split_patients(cases, SplitSettings(), seed=0)
    assert [(item.label, item.part) for item in report.empty] == [("arthroplasty", "tuning")]
    assert "2 patients have arthroplasty, and 3 parts" in report.empty[0].reason
    assert not report.is_good
    allowed = SplitSettings(allow_empty=("arthroplasty",))
    assert split_patients(cases, allowed, seed=0)[1].is_good


@st.composite
def cohorts(draw):
    """Few patients, several classes each, one of them a giant."""
    patients = draw(
        st.lists(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4), min_size=1, max_size=25)
    )
    giant = draw(st.lists(st.sampled_from(LABELS), max_size=60))
    return patients + ([giant] if giant else [])


@settings(max_examples=60, deadline=None)
@given(cohorts(), st.integers(0, 5))
def test_a_class_is_absent_only_where_that_cannot_be_avoided(patients, seed):
    cases = table(patients)
    frame, report = split_patients(cases, SplitSettings(), seed=seed)
    subsets = cases["patient_id"].map(places(frame))
    assert subsets.notna().all()
    found = {(label, subset) for label, subset in zip(cases["label"], subsets, strict=True)}
    holders = cases.groupby("label")["patient_id"].nunique()
    absent = {(item.label, item.part) for item in report.empty}
    for label, count in holders.items():
        present = {subset for name, subset in found if name == label}
        assert {part for name, part in absent if name == label} == (
            {"training", "tuning", "internal_test"} - present
        )
        if len(holders) == 1:
            assert len(present) == min(3, count)
    if all(count >= 3 for count in holders) and len(patients) > 15:
        others = [labels for labels in patients if len(set(labels)) == 1]
        alone = {label: sum(set(item) == {label} for item in others) for label in holders.index}
        if all(count >= 3 for count in alone.values()):  # then it can surely be done
            assert not absent


def test_bad_settings_are_refused():
    for values in (
        {"proportions": {"training": 0.5, "tuning": 0.2}},
        {"proportions": {"training": 0.5, "test": 0.5}},
        {"folds": 1},
        {"external": ["site"]},
    ):
        with pytest.raises(SettingsError):
            load_settings(SplitSettings, values)
    with pytest.raises(TableError, match="no cases"):
        split_patients(CASES.empty(), SplitSettings(), seed=0)


def test_later_patients_are_placed_and_earlier_ones_stay(tmp_path, cohort):
    early = cohort[cohort["patient_id"] < "P0300"]
    (tmp_path / "tables").mkdir()
    write_table(early, CASES, tmp_path / "tables/cases.parquet")
    first = split_study(tmp_path, SplitSettings(), 1)
    before = places(read_split(tmp_path))
    write_table(cohort, CASES, tmp_path / "tables/cases.parquet")
    report = split_study(tmp_path, SplitSettings(), 1)
    after = places(read_split(tmp_path))
    assert (first.new_patients, report.new_patients, report.kept_patients) == (300, 100, 300)
    assert {patient: after[patient] for patient in before} == before
    assert abs(report.parts[0].hips / len(cohort) - 0.6) < 0.01
    write_table(early, CASES, tmp_path / "tables/cases.parquet")
    split_study(tmp_path, SplitSettings(), 1)
    assert places(read_split(tmp_path)) == after


def test_a_split_is_not_replaced_or_changed_in_silence(tmp_path, cohort):
    (tmp_path / "tables").mkdir()
    write_table(cohort, CASES, tmp_path / "tables/cases.parquet")
    with pytest.raises(StudyError, match="no finished split"):
        read_split(tmp_path)
    split_study(tmp_path, SplitSettings(), 1)
    frame = read_split(tmp_path)
    with pytest.raises(StudyError, match="patients would move"):
        split_study(tmp_path, SplitSettings(), 2)
    with pytest.raises(StudyError, match="patients would move"):
        split_study(tmp_path, SplitSettings(folds=4), 1)
    split_study(tmp_path, SplitSettings(allow_empty=("all",)), 1)
    assert read_split(tmp_path).equals(frame)
    split_study(tmp_path, SplitSettings(), 2, again=True)
    assert not read_split(tmp_path).equals(frame)
    path = tmp_path / "tables/splits.parquet"
    changed = pd.read_parquet(path)
    changed.loc[0, "subset"] = "training" if changed.loc[0, "subset"] != "training" else "tuning"
    changed.to_parquet(path)
    with pytest.raises(StudyError, match="is not the split that was made"):
        read_split(tmp_path)
    with pytest.raises(StudyError, match="is not the split that was made"):
        split_study(tmp_path, SplitSettings(), 2)


def test_a_kill_between_record_and_table_is_mended(tmp_path, cohort):
    (tmp_path / "tables").mkdir()
    write_table(cohort, CASES, tmp_path / "tables/cases.parquet")
    report = split_study(tmp_path, SplitSettings(), 1)
    (tmp_path / "tables/splits.parquet").unlink()
    split_study(tmp_path, SplitSettings(), 1)
    assert split_hash(read_split(tmp_path)) == report.split_hash


def test_a_table_of_unknown_making_is_not_replaced(tmp_path, cohort):
    (tmp_path / "tables").mkdir()
    write_table(cohort, CASES, tmp_path / "tables/cases.parquet")
    split_study(tmp_path, SplitSettings(), 1)
    (tmp_path / "tables/split-frozen.json").unlink()
    with pytest.raises(StudyError, match="was not made by osteon split"):
        split_study(tmp_path, SplitSettings(), 1)
    assert split_study(tmp_path, SplitSettings(), 1, again=True).is_good


def test_nothing_is_written_when_a_class_is_absent(tmp_path):
    (tmp_path / "tables").mkdir()
    cases = table([["no_fracture"]] * 9 + [["arthroplasty"]])
    write_table(cases, CASES, tmp_path / "tables/cases.parquet")
    assert not split_study(tmp_path, SplitSettings(), 1).is_good
    assert not (tmp_path / "tables/splits.parquet").exists()
    assert split_study(tmp_path, SplitSettings(allow_empty=("all",)), 1).is_good
    assert (tmp_path / "tables/splits.parquet").exists()
