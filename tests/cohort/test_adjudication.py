"""The table to the adjudicator and back."""

import pytest
from reference_tables import answers, films, piece, row_of
from test_reference_standard import build

from osteon.cohort.adjudication import (
    disagreements,
    read_adjudications,
    undecided,
    write_adjudication_sheet,
)
from osteon.core.labels import HIP_CLASSES
from osteon.core.spreadsheets import read_sheet, write_sheet
from osteon.errors import TableError

LABELS = answers(
    ("f1", "L", "anna", "no_fracture"), ("f1", "L", "bert", "intertrochanteric"),
    ("f1", "R", "anna", "no_fracture"), ("f1", "R", "=bert", "arthroplasty"),
    ("f2", "L", "anna", "no_fracture"),
)  # fmt: skip
FILMS = films("f1", "f2")


def sheet(tmp_path, ending, fill):
    """Write the table, let ``fill`` change its rows, and write it again."""
    path = tmp_path / f"adjudicate{ending}"
    made = build(LABELS, instances=FILMS)
    assert write_adjudication_sheet(made.table, path, HIP_CLASSES) == 2
    read = read_sheet(path.read_bytes(), path.name)
    rows = [dict(row.cells) for row in read.rows]
    fill(rows)
    write_sheet(read.columns, [[row[name] for name in read.columns] for row in rows], path)
    return read_adjudications(path, undecided(made.table), HIP_CLASSES, number=1)


def answer(row, label="intertrochanteric", who="carla", date="2020-03-01"):
    row |= {"adjudicated_label": label, "adjudicator": who, "adjudicated_on": date}


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_answers_come_back(ending, tmp_path):
    report = sheet(tmp_path, ending, lambda rows: answer(rows[0], "Intertrochanteric"))
    assert report.refused == ()
    assert report.open_rows == 1
    row = report.adjudications.iloc[0]
    assert (row["case_id"], row["label"], row["adjudicator"]) == (
        "f1:L", "intertrochanteric", "carla",
    )  # fmt: skip
    made = build(LABELS, instances=FILMS, adjudications=report.adjudications)
    assert row_of(made)["label"] == "intertrochanteric"
    assert list(undecided(made.table)["case_id"]) == ["f1:R"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"case_id": "f9:L"}, "case_unknown"),
        ({"case_id": "f2:L"}, "case_unknown"),  # the annotators agree on it
        ({"original_answers": "anna: no_fracture"}, "answers_changed"),
        ({"adjudicated_label": "femur"}, "label_unknown"),
        ({"adjudicator": ""}, "adjudicator_missing"),
        ({"adjudicated_on": "yesterday"}, "date_unreadable"),
        ({"adjudicated_on": ""}, "date_unreadable"),
    ],
)
def test_a_row_that_is_not_right_is_refused_and_the_other_taken(change, reason, tmp_path):
    def fill(rows):
        for row in rows:
            answer(row)
        rows[0] |= change

    report = sheet(tmp_path, ".csv", fill)
    assert [item.reason for item in report.refused] == [reason]
    assert list(report.adjudications["case_id"]) == ["f1:R"]


def test_a_case_with_two_answers_is_refused(tmp_path):
    def fill(rows):
        answer(rows[0])
        rows.append(rows[0] | {"adjudicated_label": "no_fracture"})

    report = sheet(tmp_path, ".csv", fill)
    assert [item.reason for item in report.refused] == ["rows_conflict", "rows_conflict"]
    assert report.adjudications.empty


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("case_id,label\nf1:L,x\n")
    with pytest.raises(TableError, match="original_answers is missing"):
        read_adjudications(
            path, undecided(build(LABELS, instances=FILMS).table), HIP_CLASSES, number=1
        )


def test_disagreements_hold_what_was_decided_too():
    made = build(LABELS, piece("operation", "nail"), instances=FILMS)
    rows = disagreements(made.table, made.evidence).set_index("case_id")
    assert sorted(rows.index) == ["f1:L", "f1:R", "f2:L"]  # the nail is later than both films
    assert rows.loc["f1:L", "labels"] == "intertrochanteric, no_fracture"
    assert rows.loc["f1:R", "status"] == "undecided"
