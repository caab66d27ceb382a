"""Weak labels stay apart from labels, every hip is accounted for, agreement is right."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner
from cohort_tables import cases_of, instances_of, labels_of

from osteon.cli.weak_label import command
from osteon.cohort.weak_labels import (
    agreement_with_reference,
    join_weak_labels,
    refuse_report_labels,
)
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import CASES, INSTANCES, LABELS, REPORT_FINDINGS, WEAK_LABELS
from osteon.core.tables import write_table
from osteon.errors import AnnotationError, TableError
from osteon.sources.annotations import read_annotations


def findings_of(*rows):
    names = ("accession_number", "laterality", "finding", "patient_id", "is_absence")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)
    return REPORT_FINDINGS.checked(frame.assign(certainty="affirmed", rule="r", evidence="e"))


def instances():
    rows = [("1.1", "P1", "A1"), ("1.2", "P2", "A2"), ("1.3", "P3", None), ("1.4", None, "A4")]
    names = ("sop_instance_uid", "patient_id", "accession_number")
    return instances_of([dict(zip(names, row, strict=True)) for row in rows])


def hips(*names):
    return pd.DataFrame([name.split(":") for name in names], columns=WEAK_LABELS.key)


def joined(findings, *names):
    weak, exclusions = join_weak_labels(findings, hips(*names), instances(), HIP_CLASSES)
    labels = dict(zip(weak["sop_instance_uid"] + ":" + weak["laterality"], weak["weak_label"]))  # noqa: B905
    return labels | {item.key: item.reason for item in exclusions}


def test_every_hip_gets_its_class_or_a_reason():
    findings = findings_of(
        ("A1", "L", "intertrochanteric", "P1", False),
        ("A1", "U", "no_fracture", "P1", True),
        ("A2", "R", "femoral_neck_displacement_unstated", "P2", False),
    )
    names = ("1.1:L", "1.1:R", "1.2:L", "1.2:R", "1.3:L", "1.4:L", "1.9:L")
    assert joined(findings, *names) == {
        "1.1:L": "intertrochanteric", "1.1:R": "no_fracture", "1.2:L": "finding_missing",
        "1.2:R": "class_unresolved", "1.3:L": "accession_missing", "1.4:L": "patient_id_missing",
        "1.9:L": "film_missing",
    }  # fmt: skip


def test_a_class_of_no_side_needs_films_of_one_side():
    findings = findings_of(("A1", "U", "arthroplasty", "P1", False))
    assert joined(findings, "1.1:L") == {"1.1:L": "arthroplasty"}
    assert set(joined(findings, "1.1:L", "1.1:R").values()) == {"side_not_stated"}


def test_a_report_of_another_patient_or_none_gives_nothing():
    findings = findings_of(("A1", "L", "arthroplasty", "P9", False))
    assert joined(findings, "1.1:L", "1.2:L") == {
        "1.1:L": "patient_differs", "1.2:L": "report_missing"
    }  # fmt: skip


def weak_of(*labels):
    rows = [
        {"sop_instance_uid": f"1.{n}", "laterality": "L", "patient_id": f"P{n // 2}",
         "accession_number": "A", "weak_label": label, "certainty": certainty,
         "weak_label_source": "report", "rule": "r", "evidence": "e"}
        for n, (label, certainty) in enumerate(labels)
    ]  # fmt: skip
    return WEAK_LABELS.checked(pd.DataFrame(rows, columns=list(WEAK_LABELS.names)))


def cases(*labels, **more):
    return cases_of(
        [
            {"sop_instance_uid": f"1.{n}", "laterality": "L", "patient_id": f"P{n // 2}",
             "label": label} | more
            for n, label in enumerate(labels)
        ]
    )  # fmt: skip


def test_agreement_by_hand():
    weak = weak_of(
        ("no_fracture", "affirmed"), ("no_fracture", "affirmed"), ("intertrochanteric", "affirmed"),
        ("intertrochanteric", "affirmed"), ("arthroplasty", "uncertain"),
    )  # fmt: skip
    truth = cases(
        "no_fracture", "intertrochanteric", "intertrochanteric", "intertrochanteric",
        "arthroplasty", "no_fracture",
    )  # fmt: skip
    found = agreement_with_reference(weak, truth, HIP_CLASSES)
    assert (found.hips, found.patients, found.without_weak_label) == (5, 3, 1)
    assert found.accuracy.value == 0.8
    # observed 4/5; expected (1*2 + 3*2 + 1*1) / 25
    assert found.kappa.value == pytest.approx((0.8 - 9 / 25) / (1 - 9 / 25))
    row = found.classes[HIP_CLASSES.index("intertrochanteric")]
    assert (row.n_reference, row.n_weak) == (3, 2)
    assert (row.sensitivity.value, row.ppv.value) == (pytest.approx(2 / 3), 1.0)
    assert agreement_with_reference(weak, truth, HIP_CLASSES, certainties=("affirmed",)).hips == 4
    assert json.dumps(found.as_json(), allow_nan=False)


def test_no_hip_with_both_is_said_and_does_not_fail():
    found = agreement_with_reference(weak_of(), cases("no_fracture"), HIP_CLASSES)
    assert (found.hips, found.kappa.is_defined) == (0, False)


def test_the_two_tables_cannot_be_taken_for_one_another(tmp_path):
    weak = weak_of(("no_fracture", "affirmed"))
    with pytest.raises(TableError, match="missing"):
        LABELS.checked(weak)
    with pytest.raises(TableError, match="missing"):
        CASES.checked(weak)
    with pytest.raises(TableError):
        WEAK_LABELS.checked(labels_of([{"sop_instance_uid": "1.1", "laterality": "L"}]))
    weak.to_csv(tmp_path / "weak.csv", index=False)
    with pytest.raises(AnnotationError, match="wanted an image, a label and a box"):
        read_annotations(tmp_path / "weak.csv", instances(), HIP_CLASSES)


@pytest.mark.parametrize("source", ["report", "Report", "reports"])
def test_labels_from_reports_are_refused_unless_named(source):
    labels = labels_of([{"sop_instance_uid": "1.1", "laterality": "L", "label_source": source}])
    with pytest.raises(TableError, match="no reference standard"):
        refuse_report_labels(labels, is_named=False)
    refuse_report_labels(labels, is_named=True)
    with pytest.raises(TableError, match="rest on reports"):
        agreement_with_reference(weak_of(), cases("no_fracture", label_source=source), HIP_CLASSES)


def test_the_verb_keeps_the_tables_apart(tmp_path):
    tables = tmp_path / "study" / "tables"
    write_table(instances(), INSTANCES, tables / "instances.parquet")
    write_table(
        labels_of([{"sop_instance_uid": "1.1", "laterality": side} for side in "LR"]),
        LABELS, tables / "labels.parquet",
    )  # fmt: skip
    (tmp_path / "r.csv").write_text(
        "accession_number,patient_id,text\nA1,P1,Left intertrochanteric fracture. No other "
        "fracture.\n"
    )
    before = (tables / "labels.parquet").read_bytes()
    call = [str(tmp_path / "r.csv"), "--study", str(tmp_path / "study")]
    result = CliRunner().invoke(command, [*call, "--json"], catch_exceptions=False)
    assert json.loads(result.output)["weak_labels"] == {"intertrochanteric": 1, "no_fracture": 1}
    assert (tables / "labels.parquet").read_bytes() == before
    write_table(
        cases_of([{"sop_instance_uid": "1.1", "laterality": "L", "patient_id": "P1",
                   "label": "intertrochanteric"}]),
        CASES, tables / "cases.parquet",
    )  # fmt: skip
    shown = CliRunner().invoke(command, call, catch_exceptions=False).output
    assert shown.startswith("WEAK LABELS")
    assert "agreement with the reference standard on 1 hips of 1 patients" in shown
