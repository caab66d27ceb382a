"""Files of evidence as people keep them."""

from datetime import datetime, time

import pytest
from openpyxl import Workbook
from reference_tables import evidence_csv

from osteon.cohort.evidence import days_between, read_evidence
from osteon.errors import DataError, TableError
from osteon.recipes.hip_fracture.reference import REFERENCE

PATIENTS = ["P1", "007"]


def read(path):
    found, exclusions = read_evidence([path], REFERENCE, PATIENTS)
    return found, [item.reason for item in exclusions]


def test_rows_come_in_or_are_listed(tmp_path):
    path = evidence_csv(
        tmp_path / "e.csv",
        [
            "P1,left,Operation,hemiarthroplasty,2020-01-03,Dr S",
            "P1,L,operation,Hemiarthroplasty,20200103,Dr S",
            "P9,L,ct,no_fracture,20200103,",
            "7,L,ct,no_fracture,20200103,",
            "P1,,ct,no_fracture,20200103,",
            "P1,L,cat,no_fracture,20200103,",
            "P1,L,ct,,20200103,",
            "P1,L,ct,no_fracture,,",
            "P1,L,ct,no_fracture,01/02/2020,",
            "P1,L,ct,no_fracture,20200103,x,y",
        ],
    )
    found, reasons = read(path)
    assert [(item.finding, item.date) for item in found] == [("hemiarthroplasty", "20200103")]
    assert reasons == [
        "evidence_repeated", "patient_unknown", "patient_unknown", "laterality_missing",
        "source_unknown", "finding_missing", "date_unreadable", "date_unreadable", "row_unreadable",
    ]  # fmt: skip
    _, exclusions = read_evidence([path], REFERENCE, PATIENTS)
    assert "did you mean 007?" in exclusions[2].detail
    assert "did you mean ct?" in exclusions[4].detail


def test_semicolons_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "e.csv"
    text = "Patient_ID;Laterality;Source;Finding;Date\nP1;R;MRI;intertrochanteric;03.01.2020\n"
    path.write_bytes(text.encode("utf-8-sig"))
    found, reasons = read(path)
    assert reasons == []
    assert found[0].date == "20200103"


def workbook(path, *rows, merged=None):
    book = Workbook()
    for row in (["patient_id", "laterality", "source", "finding", "date"], *rows):
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    book.save(path)
    return path


def test_excel_dates_and_day_zero(tmp_path):
    path = workbook(
        tmp_path / "e.xlsx",
        ["P1", "L", "ct", "no_fracture", datetime(2020, 1, 3)],
        ["P1", "R", "ct", "no_fracture", time(0, 0)],
        ["P1", "R", "mri", "no_fracture", datetime(1899, 12, 30)],
        [7, "L", "ct", "no_fracture", "20200103"],
    )
    found, reasons = read(path)
    assert [item.date for item in found] == ["20200103"]
    assert reasons == ["date_unreadable", "date_unreadable", "patient_unknown"]


def test_merged_cells_are_refused(tmp_path):
    row = ["P1", "L", "ct", "no_fracture", "20200103"]
    with pytest.raises(TableError, match="A2:A3 of sheet"):
        read(workbook(tmp_path / "e.xlsx", row, row, merged="A2:A3"))


@pytest.mark.parametrize("text", ["", "patient_id,laterality,source,finding\nP1,L,ct,x\n"])
def test_a_table_that_lacks_a_column_is_refused(text, tmp_path):
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(TableError, match="missing"):
        read(path)


def test_an_absent_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "nothing.csv")


def test_days_over_a_leap_day():
    assert days_between("20200228", "20200301") == 2
    assert days_between("", "20200301") is None
