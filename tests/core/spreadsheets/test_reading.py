"""Tables in the dialects that people and their spreadsheets write."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from osteon.core import spreadsheets as module
from osteon.core.spreadsheets import is_workbook, read_date, read_number, read_sheet, write_sheet
from osteon.errors import TableError


def cells(text, name="a.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return [dict(row.cells) for row in read_sheet(data, name).rows]


@pytest.mark.parametrize(
    "text", ["A,b\n1,x\n", "A;b\n1;x\n", "A\tb\r\n1\tx", "# said\nA,b\n\n1, x"]
)
def test_dialects_read_alike(text):
    assert cells(text) == [{"a": "1", "b": "x"}]


def test_places_count_lines_of_the_file():
    sheet = read_sheet(b'# one\na,b\n"two\nlines",x\n\n3,y\n', "f.csv")
    assert [row.place for row in sheet.rows] == ["f.csv#line 4", "f.csv#line 6"]


def test_a_long_row_is_said_and_a_short_one_filled():
    sheet = read_sheet(b"a,b\n1,5,x\n2\n3,y,,\n", "f.csv")
    assert [bool(row.problem) for row in sheet.rows] == [True, False, False]
    assert sheet.rows[1].cells == {"a": "2", "b": ""}


@pytest.mark.parametrize("text", ["a,b,A\n1,2,3\n", b"a\n\x81\x00\n", "a\n" + "9" * 200_000])
def test_what_is_no_table_is_refused(text):
    with pytest.raises(TableError):
        cells(text)


def test_a_workbook_that_inflates_too_far_is_refused(monkeypatch):
    book, stream = Workbook(), io.BytesIO()
    book.active.append(["a"])
    for _ in range(2000):
        book.active.append(["the same words again and again"])
    book.save(stream)
    monkeypatch.setattr(module, "MAX_SHEET_BYTES", len(stream.getvalue()) + 10)
    with pytest.raises(TableError, match="inflates"):
        cells(stream.getvalue(), "a.xlsx")
    assert is_workbook(stream.getvalue())
    assert not is_workbook(b"PK\x03\x04 something else")


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1
)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@settings(max_examples=15)
@given(rows=st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_what_is_written_reads_back(ending, rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("sheet") / f"a.{ending}"
    write_sheet(["first", "second"], rows, path)
    read = read_sheet(path.read_bytes(), path.name)
    assert [tuple(row.cells.values()) for row in read.rows] == [tuple(row) for row in rows]


def test_a_cell_that_begins_with_an_equals_sign_is_no_formula(tmp_path):
    path = tmp_path / "a.xlsx"
    write_sheet(["a"], [["=1+1"]], path)
    cell = load_workbook(path).active["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("text", ["20200131", "2020-01-31", "31.01.2020", "2020-01-31 10:30:00"])
def test_dates(text):
    assert read_date(text) == "20200131"


@pytest.mark.parametrize("text", ["", "0", "1899-12-30", "1900-01-00", "00:00:00", "01/02/2020"])
def test_days_that_are_none(text):
    with pytest.raises(ValueError, match=r"not a date|day zero"):
        read_date(text)


def test_numbers():
    assert read_number("1,5", decimal_comma=True) == 1.5
    for text in ("1,5", "nan", "inf", ""):
        with pytest.raises(ValueError, match=r"could not|finite"):
            read_number(text)
