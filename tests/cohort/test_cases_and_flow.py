"""Cases, their exclusions and the flow chart account for every hip, image and patient."""

import numpy as np
import pandas as pd
import pytest
from cohort_tables import cases_of, instances_of, labels_of
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.cohort.cases import build_cases
from osteon.cohort.contingency import chi_square
from osteon.cohort.eligibility import Eligibility, Rule
from osteon.cohort.flow import FlowCounts, flow_chart
from osteon.cohort.split import SplitSettings, split_patients
from osteon.cohort.table_one import table_one
from osteon.core.labels import HIP_CLASSES
from osteon.core.records import Exclusion
from osteon.core.schemas import CASES
from osteon.errors import TableError, UsageError

RULES = Eligibility(
    (
        Rule("modality", "one_of", ("CR", "DX"), "not_a_radiograph", "A radiograph"),
        Rule("patient_age_years", "at_least", 18, "age_under_18", "18 years or older"),
        Rule("label", "not_equals", "arthroplasty", "arthroplasty", "No arthroplasty"),
    )
)


def films(**changes):
    rows = [
        {
            "sop_instance_uid": f"1.{number}", "patient_id": f"P{number // 2}", "modality": "DX",
            "patient_age_years": 70.0, "rows": 100, "columns": 100,
        }
        for number in range(6)
    ]  # fmt: skip
    for place, values in changes.items():
        rows[int(place[1:])] |= values
    return instances_of(rows)


def test_every_labelled_hip_is_a_case_or_an_exclusion():
    instances = films(
        f1={"modality": "CT"},
        f2={"patient_age_years": 12.0, "modality": "MR"},
        f3={"patient_id": None},
    )
    labels = labels_of(
        [
            {"sop_instance_uid": "1.0", "laterality": "L"},
            {"sop_instance_uid": "1.0", "laterality": "R", "label": "arthroplasty"},
            {"sop_instance_uid": "1.1", "laterality": "L"},
            {"sop_instance_uid": "1.2", "laterality": "L"},
            {"sop_instance_uid": "1.3", "laterality": "L"},
            {"sop_instance_uid": "1.4", "laterality": "L", "annotator": "a"},
            {
                "sop_instance_uid": "1.4",
                "laterality": "L",
                "annotator": "b",
                "label": "arthroplasty",
            },
            {"sop_instance_uid": "9.9", "laterality": "L"},
        ]
    )
    cases, exclusions = build_cases(instances, labels, RULES)
    assert list(cases["case_id"]) == ["1.0:L"]
    assert {item.key: item.reason for item in exclusions} == {
        "1.0:R": "arthroplasty",
        "1.1:L": "not_a_radiograph",
        "1.2:L": "not_a_radiograph",
        "1.3:L": "patient_id_missing",
        "1.4:L": "annotators_disagree",
        "9.9:L": "film_missing",
        "1.5": "no_label",
    }
    both = next(item for item in exclusions if item.key == "1.2:L")
    assert "fails also: age_under_18" in both.detail


def test_the_film_gives_the_metadata_and_the_label_its_further_columns():
    labels = labels_of(
        [{"sop_instance_uid": "1.0", "laterality": "R", "garden_stage": "III", "x_max_px": 33.0}]
    )
    cases, _ = build_cases(films(f0={"laterality": "L", "manufacturer": "M"}), labels, RULES)
    row = cases.iloc[0]
    assert (row["laterality"], row["manufacturer"], row["x_max_px"]) == ("R", "M", 33.0)
    assert row["garden_stage"] == "III"
    assert CASES.checked(cases).equals(cases)


def test_annotators_who_agree_give_one_case():
    labels = labels_of(
        [
            {"sop_instance_uid": "1.0", "laterality": "L", "annotator": "bert", "x_min_px": 3.0},
            {"sop_instance_uid": "1.0", "laterality": "L", "annotator": "anna", "x_min_px": 4.0},
        ]
    )
    cases, exclusions = build_cases(films(), labels, RULES)
    assert list(cases["x_min_px"]) == [4.0]
    assert len([item for item in exclusions if item.level == "hip"]) == 0


@st.composite
def worlds(draw):
    films_ = []
    for number in range(draw(st.integers(1, 12))):
        patient = draw(st.sampled_from(["A", "B", "C", "D", None]))
        films_.append(
            {
                "sop_instance_uid": f"1.{number}", "patient_id": patient,
                "modality": draw(st.sampled_from(["DX", "CR", "CT", None])),
                "patient_age_years": draw(st.sampled_from([10.0, 18.0, 80.0, None])),
            }
        )  # fmt: skip
    names = [film["sop_instance_uid"] for film in films_] + ["9.9"]
    keys = draw(
        st.sets(
            st.tuples(st.sampled_from(names), st.sampled_from("LR"), st.sampled_from("ab")),
            max_size=20,
        )
    )
    labels = [
        {
            "sop_instance_uid": uid, "laterality": side, "annotator": annotator,
            "label": draw(st.sampled_from(["no_fracture", "arthroplasty"])),
        }
        for uid, side, annotator in sorted(keys)
    ]  # fmt: skip
    columns = ["sop_instance_uid", "laterality", "annotator", "label"]
    return instances_of(films_), labels_of(pd.DataFrame(labels, columns=columns))


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_the_flow_adds_up(world):
    instances, labels = world
    cases, exclusions = build_cases(instances, labels, RULES)
    hips = labels[["sop_instance_uid", "laterality"]].drop_duplicates()
    assert len(cases) + sum(item.level == "hip" for item in exclusions) == len(hips)
    splits = None
    if len(cases):
        splits, _ = split_patients(cases, SplitSettings(allow_empty=("all",)), 0)
    chart = flow_chart(instances, labels, RULES, exclusions, splits=splits)
    total = chart.final
    for step in chart.steps:
        assert min(step.excluded.images, step.excluded.hips, step.excluded.patients) >= 0
        total = total + step.excluded
    assert total == chart.start
    assert chart.start.hips == len(hips)
    assert chart.final == FlowCounts(
        cases["sop_instance_uid"].nunique(), len(cases), cases["patient_id"].nunique()
    )
    for step in chart.steps:
        count = sum(item.reason == step.reason for item in exclusions if item.level == "hip")
        assert step.excluded.hips == count
    if splits is not None:
        assert sum(chart.subsets.values(), FlowCounts(0, 0, 0)) == chart.final


@given(worlds(), st.data())
@settings(max_examples=30, deadline=None)
def test_films_that_could_not_be_prepared_are_the_last_step(world, data):
    instances, labels = world
    cases, exclusions = build_cases(instances, labels, RULES)
    films_ = sorted(set(cases["sop_instance_uid"]))
    lost = data.draw(st.sets(st.sampled_from(films_))) if films_ else set()
    unprepared = [Exclusion("image", uid, "prepare", "cannot_render", "why") for uid in lost]
    before = flow_chart(instances, labels, RULES, exclusions)
    chart = flow_chart(instances, labels, RULES, exclusions, unprepared=unprepared)
    left = cases[~cases["sop_instance_uid"].isin(lost)]
    assert chart.final == FlowCounts(
        len(films_) - len(lost), len(left), left["patient_id"].nunique()
    )
    assert chart.steps[: len(before.steps)] == before.steps
    assert [step.level for step in chart.steps[len(before.steps) :]] == ["pixels"] * bool(lost)


def test_an_exclusion_of_no_step_and_a_patient_without_subset_are_errors(cohort):
    instances, labels = films(), labels_of([{"sop_instance_uid": "1.0", "laterality": "L"}])
    cases, exclusions = build_cases(instances, labels, RULES)
    with pytest.raises(TableError, match="belongs to no step"):
        flow_chart(
            films(f0={"modality": "CT"}),
            labels,
            Eligibility(),
            build_cases(films(f0={"modality": "CT"}), labels, RULES)[1],
        )
    splits, _ = split_patients(cohort, SplitSettings(), 0)
    with pytest.raises(TableError, match="has no subset"):
        flow_chart(instances, labels, RULES, exclusions, splits=splits[:0])
    assert len(cases) == 1


def test_table_one_counts_each_thing_once():
    rows = []
    for patient in range(20):
        for film in range(2):
            for side in "LR":
                rows.append(
                    {
                        "patient_id": f"P{patient:02d}", "sop_instance_uid": f"{patient}.{film}",
                        "laterality": side, "study_date": f"202{film}0101",
                        "patient_age_years": 60.0 + patient + film if patient else None,
                        "patient_sex": "F" if patient % 2 else None,
                        "label": "intertrochanteric" if side == "L" else "no_fracture",
                    }
                )  # fmt: skip
    cases = cases_of(rows)
    splits, _ = split_patients(cases, SplitSettings(), 0)
    table = table_one(cases, splits, HIP_CLASSES)
    cells = {(row.variable, row.level): row.cells for row in table.rows}
    assert table.subsets == ("all", "training", "tuning", "internal_test")
    assert [cells[(name, "")]["all"].value for name in ("Patients", "Images", "Hips")] == [
        20,
        40,
        80,
    ]
    assert cells[("Patients", "")]["training"].value == 12
    age = cells[("Age at imaging (years)", "")]["all"]
    assert (age.value, age.text) == (70.0, "70.0 ± 5.6")  # 61 to 79, at the first film
    assert cells[("Age at imaging (years)", "missing")]["all"].text == "1 (5.0%)"
    assert cells[("Sex", "F")]["all"].text == "10 (100.0%)"
    assert cells[("Sex", "missing")]["all"].text == "10 (50.0%)"
    assert cells[("Fracture", "yes")]["all"].text == "40 (50.0%)"
    assert cells[("Class", "Intertrochanteric")]["all"].value == 40
    tests = {row.variable: row.test for row in table.rows if row.test is not None}
    assert tests["Class"].p_value == pytest.approx(1.0)
    assert tests["Sex"].reason  # one sex only: nothing to compare
    assert cells[("Class", "missing")]["all"].text == "0 (0.0%)"
    assert {"p_value", "test", "smd"} <= set(table.frame().columns)


def test_table_one_by_site_names_its_tests_and_differences(cohort):
    splits, _ = split_patients(cohort, SplitSettings(), 0)
    table = table_one(cohort, splits, HIP_CLASSES, by="institution_name", spread="median_iqr")
    assert table.subsets == ("all", "Site A", "Site B")
    rows = {row.variable: row for row in table.rows if row.test is not None}
    assert "Site" not in rows
    assert rows["Age at imaging (years)"].test.method == "Kruskal-Wallis, chi-square with 1 df"
    assert rows["Sex"].test.method.startswith("Pearson chi-square, 1 df")
    assert rows["Age at imaging (years)"].cells["all"].text == "78.0 (69.0–87.0)"
    shares = [rows["Sex"].cells[name].companion for name in ("Site A", "Site B")]
    gap = abs(shares[0] - shares[1]) / np.sqrt(sum(p * (1 - p) for p in shares) / 2)
    assert rows["Sex"].smd == pytest.approx(gap)
    few = cohort[cohort["patient_id"] < "P0012"]
    sex = next(row for row in table_one(few, splits, HIP_CLASSES, by="institution_name").rows
               if row.variable == "Sex" and row.test)  # fmt: skip
    assert sex.test.method == "Fisher, exact"
    with pytest.raises(UsageError, match="no column 'ward'"):
        table_one(cohort, splits, HIP_CLASSES, by="ward")


def test_chi_square_is_the_textbook_one():
    # Agresti, Categorical Data Analysis, 2nd ed., table 3.2 (party by gender): X2 = 7.01, P = 0.03
    result = chi_square(np.array([[279, 73, 225], [165, 47, 191]]))
    assert result.statistic == pytest.approx(7.01, abs=0.005)
    assert result.p_value == pytest.approx(0.030, abs=0.0005)
    assert "fewer than two" in chi_square(np.array([[3, 4], [0, 0]])).reason
    assert "below 5" in chi_square(np.array([[1, 2], [2, 1]])).reason
