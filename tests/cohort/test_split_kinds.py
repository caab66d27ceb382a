"""Every kind of split: nobody in two subsets, repeatable, row order does not matter, frozen."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cohort.cohort_tables import cases_of

from osteon.cohort.freeze import read_split, split_study
from osteon.cohort.persons import joined_persons
from osteon.cohort.split import SplitSettings, split_patients
from osteon.cohort.split_export import nnunet_splits, write_nnunet_splits
from osteon.core.schemas import CASES, PERSONS
from osteon.core.settings import load_settings
from osteon.core.tables import write_table
from osteon.errors import SettingsError, StudyError, TableError

KINDS = {
    "random": SplitSettings(allow_empty=("all",)),
    "folds": SplitSettings(folds=4, allow_empty=("all",)),
    "nested": SplitSettings(folds=4, inner_folds=3, allow_empty=("all",)),
    "temporal": SplitSettings(kind="temporal", allow_empty=("all",)),
    "sites": SplitSettings(kind="leave_site_out", allow_empty=("all",)),
    "external": SplitSettings(external=("institution_name=C",), allow_empty=("all",)),
}
LABELS = ["no_fracture", "intertrochanteric", "arthroplasty"]
IDS = [f"P{n:02d}" for n in range(14)]


@st.composite
def worlds(draw):
    """A few films of whoever it may be, and ids that are one person."""
    rows = []
    for number in range(draw(st.integers(1, 25))):
        rows.append(
            {
                "patient_id": draw(st.sampled_from(IDS)), "sop_instance_uid": f"1.{number}",
                "laterality": draw(st.sampled_from("LR")),
                "label": draw(st.sampled_from(LABELS)),
                "patient_sex": draw(st.sampled_from(["F", "M", None])),
                "institution_name": draw(st.sampled_from(["A", "B", "C", None])),
                "study_date": draw(st.sampled_from(["20190101", "20200101", "20210101", None])),
            }
        )  # fmt: skip
    persons = draw(st.dictionaries(st.sampled_from(IDS), st.sampled_from("xyz"), max_size=6))
    return cases_of(rows), persons


@settings(max_examples=150, deadline=None)
@given(worlds(), st.sampled_from(sorted(KINDS)), st.integers(0, 3), st.randoms())
def test_no_person_is_in_two_subsets_whatever_the_input(world, kind, seed, random):
    cases, persons = world
    frame, report = split_patients(cases, KINDS[kind], seed, persons=persons)
    heads = joined_persons(cases["patient_id"].astype(str), persons)
    people = frame.assign(person=frame["patient_id"].map(heads))
    assert (
        people.groupby(["person", "fold"])["subset"].nunique().max() in (1, np.nan) or frame.empty
    )
    assert frame.empty == bool(report.problems)
    if not report.problems:
        assert set(frame["patient_id"]) == set(cases["patient_id"])
    order = list(range(len(cases)))
    random.shuffle(order)
    again, other = split_patients(cases.iloc[order], KINDS[kind], seed, persons=persons)
    assert frame.equals(again)
    assert repr(report) == repr(other)  # a test that cannot be made is NaN, which equals nothing


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from(sorted(KINDS)), st.integers(0, 20))
def test_what_is_frozen_never_moves(world, kind, early):
    cases, persons = world
    first, report = split_patients(cases.iloc[: early + 1], KINDS[kind], 1, persons=persons)
    frozen = dict(report.places)
    later, _ = split_patients(cases, KINDS[kind], 1, frozen=frozen, persons=persons)
    key = ["patient_id", "fold"]
    both = first.merge(later, on=key, suffixes=("", "_later"))
    assert len(both) == len(first)
    assert (both["subset"] == both["subset_later"]).all()


def cohort(count=240, seed=0):
    generator = np.random.default_rng(seed)
    rows = []
    for n in range(count):
        year, site = 2015 + n % 6, "ABC"[int(generator.choice(3, p=[0.5, 0.3, 0.2]))]
        for side in "LR":
            rows.append(
                {"patient_id": f"P{n:03d}", "sop_instance_uid": f"1.{n}", "laterality": side,
                 "label": str(generator.choice(["no_fracture", "intertrochanteric", "arthroplasty"],
                                               p=[0.6, 0.3, 0.1])),
                 "patient_sex": str(generator.choice(["F", "M"], p=[0.7, 0.3])),
                 "institution_name": site, "study_date": f"{year}{1 + n % 12:02d}15"}
            )  # fmt: skip
    return cases_of(rows)


def test_class_site_and_sex_are_spread_jointly():
    cases = cohort()
    frame, report = split_patients(cases, SplitSettings(), 1)
    assert report.multiclass.p_value > 0.9
    subset = cases["patient_id"].map(dict(zip(frame["patient_id"], frame["subset"], strict=True)))
    for column in ("institution_name", "patient_sex"):
        shares = pd.crosstab(cases[column], subset, normalize="columns")
        assert shares.max(axis=1).sub(shares.min(axis=1)).max() < 0.05
    alone, _ = split_patients(cases, SplitSettings(stratify_by=("label",)), 1)
    joint = cases["label"] + cases["institution_name"] + cases["patient_sex"]

    def distance(table):
        where = cases["patient_id"].map(
            dict(zip(table["patient_id"], table["subset"], strict=True))
        )
        counts = pd.crosstab(joint, where).to_numpy(float)
        wanted = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
        return float(((counts - wanted) ** 2 / wanted).sum())

    assert distance(frame) < 0.6 * distance(alone)


def test_a_temporal_split_follows_the_calendar():
    cases = cohort()
    frame, report = split_patients(cases, KINDS["temporal"], 1)
    place = dict(zip(frame["patient_id"], frame["subset"], strict=True))
    dates = cases.groupby("patient_id")["study_date"].min().groupby(place).agg(["min", "max"])
    assert dates.loc["training", "max"] < dates.loc["tuning", "min"]
    assert dates.loc["tuning", "max"] < dates.loc["internal_test", "min"]
    assert any("internal_test begins on" in remark for remark in report.remarks)
    given = SplitSettings(kind="temporal", tuning_from="20180101", test_from="20190101",
                          allow_empty=("all",))  # fmt: skip
    frame, _ = split_patients(cases, given, 1)
    test = set(frame.loc[frame["subset"] == "internal_test", "patient_id"])
    assert test == set(cases.loc[cases["study_date"] >= "20190101", "patient_id"])


def test_what_cannot_be_divided_says_why():
    cases = cohort(30)
    undated = cases.assign(study_date=pd.Series(pd.NA, index=cases.index, dtype="string"))
    frame, report = split_patients(undated, KINDS["temporal"], 1)
    assert frame.empty
    assert "30 patients have no study date" in report.problems[0]
    one_day = cases.assign(study_date="20200101")
    assert "share one date" in split_patients(one_day, KINDS["temporal"], 1)[1].problems[0]
    one_site = cases.assign(institution_name="A")
    found = split_patients(one_site, KINDS["sites"], 1)[1]
    assert found.problems == ("institution_name names fewer than two sites",)
    assert not found.is_good


def test_each_site_is_tested_once_and_whole():
    cases = cohort()
    frame, report = split_patients(cases, SplitSettings(kind="leave_site_out"), 1)
    assert [part.part for part in report.parts] == ["A", "B", "C"]
    assert report.is_good
    site = cases.drop_duplicates("patient_id").set_index("patient_id")["institution_name"]
    tested = frame[frame["subset"] == "internal_test"]
    assert [set(site[own["patient_id"]]) for _, own in tested.groupby("fold")] == [
        {"A"},
        {"B"},
        {"C"},
    ]
    assert sorted(tested["patient_id"]) == sorted(site.index)
    tuning = (
        frame[frame["subset"] == "tuning"].groupby("fold").size() / frame.groupby("fold").size()
    )
    assert tuning.between(0.12, 0.3).all()


def test_nested_folds_tune_on_every_other_part():
    cases = cohort(60)
    frame, _ = split_patients(cases, KINDS["nested"], 1)
    assert frame["fold"].nunique() == 12
    for outer in range(4):
        own = frame[frame["fold"] // 3 == outer]
        tests = own[own["subset"] == "internal_test"].groupby("fold")["patient_id"].agg(set)
        assert all(found == tests.iloc[0] for found in tests)
        tuned = own[own["subset"] == "tuning"]
        assert not tuned["patient_id"].duplicated().any()
        assert set(tuned["patient_id"]) | tests.iloc[0] == set(cases["patient_id"])


def test_nnunet_gets_its_folds(tmp_path):
    cases = cohort(60)
    frame, _ = split_patients(cases, KINDS["folds"], 1)
    write_nnunet_splits(frame, cases, tmp_path / "splits_final.json", "patient")
    folds = json.loads((tmp_path / "splits_final.json").read_text())
    assert [sorted(fold) for fold in folds] == [["train", "val"]] * 4
    for number, fold in enumerate(folds):
        own = frame[frame["fold"] == number].set_index("patient_id")["subset"]
        assert not set(fold["train"]) & set(fold["val"])
        assert set(own[fold["val"]]) == {"tuning"}
    assert len(nnunet_splits(frame, cases, "case")[0]["train"]) > len(folds[0]["train"])
    with pytest.raises(TableError, match="nnU-Net would fail"):
        nnunet_splits(frame.assign(subset="training"), cases)


def test_a_link_that_comes_later_and_tears_a_frozen_split_is_refused(tmp_path):
    cases = cohort(60)
    write_table(cases, CASES, tmp_path / "tables/cases.parquet")
    report = split_study(tmp_path, SplitSettings(allow_empty=("all",)), 1)
    places = dict(report.places)
    one = min(places)
    other = next(patient for patient in sorted(places) if places[patient] != places[one])
    links = pd.DataFrame({"patient_id": [one, other], "person_id": "x"})
    write_table(links, PERSONS, tmp_path / "tables/persons.parquet")
    torn = split_study(tmp_path, SplitSettings(allow_empty=("all",)), 1)
    assert "one person in two parts" in torn.problems[0]
    assert not torn.is_good
    before = read_split(tmp_path)
    again = split_study(tmp_path, SplitSettings(allow_empty=("all",)), 1, again=True)
    assert again.places[one] == again.places[other]
    assert not read_split(tmp_path).equals(before)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_frozen_by_its_hash(tmp_path, kind):
    write_table(cohort(90), CASES, tmp_path / "tables/cases.parquet")
    report = split_study(tmp_path, KINDS[kind], 1)
    frame = read_split(tmp_path)
    (tmp_path / "tables/splits.parquet").unlink()  # killed between record and table
    assert split_study(tmp_path, KINDS[kind], 1).new_patients == 0
    assert read_split(tmp_path).equals(frame)
    changed = KINDS[kind].changed({"stratify_by": ["label"]})
    with pytest.raises(StudyError, match="patients would move"):
        split_study(tmp_path, changed, 1)
    assert (
        report.split_hash
        == json.loads((tmp_path / "tables/split-frozen.json").read_text())["split_hash"]
    )


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "temporal", "folds": 3},
        {"folds": 3, "inner_folds": 3},
        {"inner_folds": 2},
        {"test_from": "20200101"},
        {"kind": "temporal", "tuning_from": "20200101", "test_from": "20190101"},
        {"kind": "temporal", "test_from": "20190101"},
        {"kind": "by_eye"},
    ],
)
def test_settings_that_do_not_fit_are_refused(values):
    with pytest.raises(SettingsError):
        load_settings(SplitSettings, values)
