"""Files that people keep are opened by what they are."""

import io

import pytest
from openpyxl import Workbook

from osteon.core.spreadsheets import is_workbook, open_sheet, read_raw_sheet, read_sheet
from osteon.core.spreadsheets import reading as module
from osteon.errors import TableError


def workbook(*rows, sheets=("Sheet",), merged=None):
    book, stream = Workbook(), io.BytesIO()
    for title in sheets[1:]:
        book.create_sheet(title)
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_is_known_by_its_content():
    data = workbook(["A", "b"], [1, "x"])
    assert is_workbook(data)
    assert not is_workbook(b"PK\x03\x04 something else")
    assert [dict(row.cells) for row in read_sheet(data, "no-ending").rows] == [{"a": "1", "b": "x"}]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"x", "a.xls", "Excel 97"),
        (b"\xd0\xcf\x11\xe0", "a.xlsx", "a password"),
        (b"not a zip", "a.xlsx", "no workbook"),
        (b"a\n\x81\x00\n", "a.csv", "nor cp1252"),
    ],
)
def test_what_is_no_table_is_refused(data, name, said):
    with pytest.raises(TableError, match=said):
        read_raw_sheet(data, name)


def test_sizes_have_a_limit(monkeypatch):
    data = workbook(["a"], *[["the same words again and again"]] * 2000)
    monkeypatch.setattr(module, "MAX_SHEET_BYTES", len(data) + 10)
    with pytest.raises(TableError, match="inflates"):
        read_raw_sheet(data, "a.xlsx")
    with pytest.raises(TableError, match="at most"):
        read_raw_sheet(b"a\n" + b"1\n" * len(data), "a.csv")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(TableError, match=r"nothing\.csv cannot be read"):
        open_sheet(tmp_path / "nothing.csv")


def test_names_that_become_one_in_lower_case_are_refused():
    assert read_sheet(b"a,A\n1,2\n", "f.csv", lower_names=False).columns == ("a", "A")
    with pytest.raises(TableError, match="two columns are called 'a'"):
        read_sheet(b"a,A\n1,2\n", "f.csv")


def test_merged_cells_and_spoiled_rows_of_texts():
    row = ["x", "y"]
    with pytest.raises(TableError, match="A2:A3 of sheet Sheet are merged"):
        read_sheet(workbook(["a", "b"], row, row, merged="A2:A3"), "f.xlsx")
    rows = read_sheet(workbook(["a", "b"], ["x", "=1+1"], ["x", "#N/A"], row), "f.xlsx").rows
    assert [row.problem.partition(":")[0] for row in rows] == ["b", "b", ""]
    assert rows[2].place == "f.xlsx#row 4"
