"""What Excel does to dates, ids, formulas and merged cells is told, not taken."""

import io
from datetime import datetime

import pytest
from openpyxl import Workbook

from osteon.core.spreadsheets import FaultyCell, SheetLayout, read_raw_sheet
from osteon.errors import TableError


def workbook(rows, formats=None, merged=None, sheets=0):
    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    for place, form in (formats or {}).items():
        book.active[place].number_format = form
    if merged:
        book.active.merge_cells(merged)
    for number in range(sheets):
        book.create_sheet(f"more {number}")
    book.save(stream)
    return stream.getvalue()


def cells(data, **layout):
    return [row.cells for row in read_raw_sheet(data, "f.xlsx", SheetLayout(**layout)).rows]


def test_cells_keep_what_they_are_or_say_why_not():
    data = workbook(
        [["ID", "Day", "Value"], [7, datetime(2020, 1, 2), 1.5], [8, 0, "=1+1"], [9, 60, "#N/A"]],
        formats={"A2": "00000", "B3": "yyyy-mm-dd", "B4": "yyyy-mm-dd"},
    )
    first, second, third = cells(data)
    assert first == {"ID": "00007", "Day": datetime(2020, 1, 2), "Value": 1.5}
    reasons = [item.reason for row in (second, third) for item in row.values()
               if isinstance(item, FaultyCell)]  # fmt: skip
    assert reasons == [
        "excel_date_zero", "formula_without_value", "excel_date_zero", "excel_error",
    ]  # fmt: skip


def test_merged_cells_are_told_and_the_covered_ones_are_faulty():
    sheet = read_raw_sheet(workbook([["a", "b"], [1, 2], [1, 3]], merged="A2:A3"), "f.xlsx")
    assert sheet.merged == "A2:A3 of sheet Sheet"
    assert [type(row.cells["a"]) for row in sheet.rows] == [int, FaultyCell]
    with pytest.raises(TableError, match="B1 is merged with its neighbour"):
        cells(workbook([["a", "b"]], merged="A1:B1"))


def test_a_sheet_is_named_where_there_are_several():
    data = workbook([["title"], ["a"], ["x"]], sheets=1)
    with pytest.raises(TableError, match="has 2 sheets") as caught:
        cells(data)
    assert "Sheet, more 0" in caught.value.remedy
    assert cells(data, sheet="Sheet", header_row=2) == [{"a": "x"}]
    with pytest.raises(TableError, match="no sheet 'none'"):
        cells(data, sheet="none")


def test_notes_beside_the_named_columns_are_passed_over():
    sheet = read_raw_sheet(workbook([["a", None, "b"], [1, "note", 2], [None, "alone", None]]), "f")
    assert [(dict(row.cells), row.problem) for row in sheet.rows] == [({"a": 1, "b": 2}, "")]


def test_an_empty_workbook_lacks_its_names():
    with pytest.raises(TableError, match="column names are missing in row 1"):
        cells(workbook([]))
