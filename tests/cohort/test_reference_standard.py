"""Which evidence decides, which is not used and why, and that nothing is lost."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import FILM_DATE, answers, films, piece, row_of

from osteon.cohort.evidence_rules import EvidenceRule, ReferencePlan, ReferenceSettings
from osteon.cohort.reference_standard import apply_to_labels, build_reference
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import ADJUDICATIONS
from osteon.errors import SettingsError
from osteon.recipes.hip_fracture.reference import REFERENCE

AGREED = answers(("f1", "L", "anna", "no_fracture"), ("f1", "L", "bert", "no_fracture"))
SPLIT = answers(("f1", "L", "anna", "no_fracture"), ("f1", "L", "bert", "intertrochanteric"))


def build(labels, *evidence, instances=None, adjudications=None, **settings):
    return build_reference(
        labels, films("f1") if instances is None else instances, evidence, REFERENCE, HIP_CLASSES,
        settings=ReferenceSettings(**settings), adjudications=adjudications,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("implant", "label"),
    [
        ("cannulated screws", "nondisplaced_femoral_neck"),
        ("Hemiarthroplasty", "displaced_femoral_neck"),
        ("arthroplasty", "displaced_femoral_neck"),
        ("Cephalomedullary-Nail", "intertrochanteric"),
    ],
)
def test_the_implant_tells_the_fracture_before_the_operation(implant, label):
    row = row_of(build(AGREED, piece("operation", implant, who="Dr S")))
    assert (row["label"], row["rule"], row["label_source"]) == (label, "implant", "operation")
    assert (row["decided_by"], row["decided_on"]) == ("Dr S", "20200103")
    assert "surgeon's preference" in row["warnings"]
    assert "film says no_fracture (unanimous)" in row["warnings"]


def test_without_evidence_the_film_decides_with_its_warning():
    row = row_of(build(AGREED))
    assert (row["label"], row["rule"], row["status"]) == ("no_fracture", "unanimous", "decided")
    assert "occult" in row["warnings"]


def test_the_first_rule_decides_and_what_says_otherwise_is_told():
    made = build(
        AGREED, piece("ct", "intertrochanteric"), piece("mri", "nondisplaced_femoral_neck"),
        piece("operation", "hemiarthroplasty"),
    )  # fmt: skip
    row = row_of(made)
    assert row["label"] == "displaced_femoral_neck"
    assert "ct of 20200103 says intertrochanteric" in row["warnings"]
    assert len(made.evidence) == 5
    assert made.evidence["is_used"].all()


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("20191231", "before_film"), (FILM_DATE, None), ("20200131", None),
        ("20200201", "after_window"),
    ],
)  # fmt: skip
def test_time_is_strict(date, reason):
    made = build(AGREED, piece("mri", "intertrochanteric", date))
    used = made.evidence.set_index("source").loc["mri"]
    assert used["is_used"] == (reason is None)
    assert (None if pd.isna(used["not_used_because"]) else used["not_used_because"]) == reason
    assert row_of(made)["label"] == ("no_fracture" if reason else "intertrochanteric")
    assert [item.reason for item in made.exclusions] == ([f"evidence_{reason}"] if reason else [])


@settings(max_examples=30)
@given(st.integers(-400, 400))
def test_evidence_counts_inside_its_window_and_nowhere_else(days):
    date = (pd.Timestamp(FILM_DATE) + pd.Timedelta(days=days)).strftime("%Y%m%d")
    made = build(AGREED, piece("follow_up", "intertrochanteric", date))
    assert (row_of(made)["rule"] == "follow_up") == (0 <= days <= 90)


def test_a_film_without_a_date_takes_no_later_evidence():
    made = build(AGREED, piece("ct", "intertrochanteric"), instances=films("f1", date=None))
    assert row_of(made)["label"] == "no_fracture"
    assert [item.reason for item in made.exclusions] == ["evidence_film_undated"]


def test_two_answers_of_one_source_are_not_chosen_from():
    made = build(AGREED, piece("ct", "intertrochanteric"), piece("ct", "no_fracture", "20200104"))
    row = row_of(made)
    assert (row["status"], row["rule"]) == ("undecided", "evidence_conflicts")
    assert pd.isna(row["label"])


def test_an_implant_that_was_there_before_is_no_fracture_of_today():
    labels = answers(("f1", "L", "anna", "arthroplasty"))
    made = build(labels, piece("operation", "arthroplasty"))
    assert row_of(made)["label"] == "arthroplasty"
    assert [item.reason for item in made.exclusions] == ["evidence_implant_on_film"]


def test_an_operation_for_another_reason_and_an_unknown_implant_are_listed():
    other = piece("operation", "arthroplasty", indication="Other")
    strange = piece("operation", "sliding hip screw")
    made = build(AGREED, other, strange)
    assert row_of(made)["label"] == "no_fracture"
    assert {item.reason for item in made.exclusions} == {
        "evidence_indication_other", "evidence_finding_unknown",
    }  # fmt: skip


def test_evidence_is_for_its_side_patient_and_film():
    labels = answers(("f1", "L", "anna", "no_fracture"), ("f1", "R", "anna", "no_fracture"),
                     ("f2", "L", "anna", "no_fracture"))  # fmt: skip
    made = build(
        labels, piece("ct", "intertrochanteric", sop_instance_uid="f2"),
        piece("mri", "intertrochanteric", patient="P2"), instances=films("f1", "f2"),
    )  # fmt: skip
    assert list(made.table.set_index("case_id")["label"]) == [
        "no_fracture", "no_fracture", "intertrochanteric",
    ]  # fmt: skip
    assert [item.reason for item in made.exclusions] == ["evidence_hip_unlabelled"]


def test_disagreement_waits_for_an_adjudicator_unless_evidence_decides():
    row = row_of(build(SPLIT))
    assert (row["status"], row["rule"]) == ("undecided", "annotators_disagree")
    row = row_of(build(SPLIT, piece("operation", "nail")))
    assert (row["status"], row["label"]) == ("decided", "intertrochanteric")
    assert "film undecided" in row["warnings"]


def adjudications(text, label="no_fracture", number=1, who="carla"):
    return ADJUDICATIONS.checked(
        pd.DataFrame(
            [
                {
                    "case_id": "f1:L", "number": number, "label": label, "adjudicator": who,
                    "adjudicated_on": "20200301", "original_answers": text, "comment": None,
                    "origin": "a.csv#line 2",
                }
            ]
        )
    )  # fmt: skip


def test_an_adjudication_decides_while_what_it_was_made_on_stands():
    text = row_of(build(SPLIT))["answers"]
    row = row_of(build(SPLIT, adjudications=adjudications(text)))
    assert (row["label"], row["rule"], row["decided_by"]) == (
        "no_fracture",
        "adjudication",
        "carla",
    )
    assert row["is_adjudicated"]
    made = build(SPLIT, piece("ct", "no_fracture", "20200301"), adjudications=adjudications(text))
    assert row_of(made)["is_adjudicated"]  # evidence that is not used changes nothing
    made = build(AGREED, adjudications=adjudications(text))
    assert not row_of(made)["is_adjudicated"]
    assert [item.reason for item in made.exclusions] == ["adjudication_stale"]


def test_the_latest_adjudication_counts_and_an_annotator_as_judge_is_told():
    text = row_of(build(SPLIT))["answers"]
    both = pd.concat(
        [adjudications(text, number=1), adjudications(text, "intertrochanteric", 2, "anna")]
    )
    row = row_of(build(SPLIT, adjudications=both))
    assert row["label"] == "intertrochanteric"
    assert "one of the annotators" in row["warnings"]


def test_every_answer_is_kept_when_the_class_changes():
    made = build(SPLIT, piece("operation", "nail"))
    labels = apply_to_labels(SPLIT, made.table)
    assert list(labels["film_label"]) == list(SPLIT["label"])
    assert set(labels["label"]) == {"intertrochanteric"}
    assert set(labels["label_source"]) == {"operation"}
    undecided = apply_to_labels(SPLIT, build(SPLIT).table)
    assert list(undecided["label"]) == list(SPLIT["label"])
    assert set(undecided["reference_status"]) == {"undecided"}


def test_the_order_of_rows_changes_nothing():
    evidence = [piece("ct", "intertrochanteric"), piece("mri", "no_fracture"),
                piece("ct", "no_fracture", "20200104")]  # fmt: skip
    first = build(SPLIT, *evidence)
    second = build(SPLIT.iloc[::-1].reset_index(drop=True), *evidence[::-1])
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.evidence, second.evidence)


def test_rules_that_make_no_sense_are_refused():
    with pytest.raises(SettingsError, match="before the film"):
        EvidenceRule("x", "ct", (-1, 3), "")
    rule = EvidenceRule("x", "ct", (0, 3), "")
    with pytest.raises(SettingsError, match="share"):
        ReferencePlan((rule, EvidenceRule("y", "ct", (0, 3), "")), "")


def test_nobody_labelled_anything():
    made = build(AGREED.iloc[:0], piece("ct", "no_fracture"))
    assert made.table.empty
    assert len(made.exclusions) == 1
