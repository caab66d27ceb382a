"""Text tables in the dialects that people and their spreadsheets write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.spreadsheets import SheetLayout, read_raw_sheet, read_sheet
from osteon.errors import TableError


def raw(text, **layout):
    data = text if isinstance(text, bytes) else text.encode()
    return read_raw_sheet(data, "f.csv", SheetLayout(**layout))


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("a,b\n1,x\n", "."), ("a;b\n1;x\n", "either"), ("a\tb\r\n1\tx", "."), ("a|b\r1|x\r", "."),
     ("\ufeffa,b\n1,x\n", "."), ("# said\n\na,b\n\n1, x", ".")],
)  # fmt: skip
def test_dialects_read_alike(text, decimal):
    sheet = raw(text)
    assert sheet.columns == ("a", "b")
    assert [dict(row.cells) for row in sheet.rows] == [{"a": "1", "b": "x"}]
    assert sheet.decimal == decimal


@given(st.sampled_from(",;\t|"), st.lists(st.sampled_from(["", "1", "1,5", "a;b"]), max_size=9))
def test_the_delimiter_is_the_one_that_fits_the_rows(delimiter, cells):
    text = delimiter.join(["id", '"T; hip, left"']) + "\n"
    text += "".join(f'x{delimiter}"{cell}"\n' for cell in cells)
    sheet = raw(text)
    assert sheet.delimiter == delimiter
    assert [row.cells["T; hip, left"] for row in sheet.rows] == cells


def test_signs_within_names_are_settled_by_the_rows_or_refused():
    header = "id,T-score (hip; total)\n"
    assert raw(header + "1,-2\n2,-1\n").columns == ("id", "T-score (hip; total)")
    for text in (header, "a;b,c\n1;2,5\n"):
        with pytest.raises(
            TableError, match=r"ambiguous: commas \(2 .*or semicolons \(2"
        ) as caught:
            raw(text)
        assert "delimiter:" in caught.value.remedy
        assert raw(text, delimiter=";").delimiter == ";"


def test_one_column_needs_no_delimiter():
    assert [dict(row.cells) for row in raw("id\n1\n2\n").rows] == [{"id": "1"}, {"id": "2"}]


def test_places_count_lines_of_the_file():
    sheet = raw('# one "quote\na,b\n"two\nlines",x\n\n3,y\n')
    assert [(row.number, row.place) for row in sheet.rows] == [
        (4, "f.csv#line 4"), (6, "f.csv#line 6"),
    ]  # fmt: skip
    assert raw("#,name\n1,# not a comment\n").columns == ("#", "name")


def test_a_long_row_is_said_and_a_short_one_filled():
    sheet = raw("a,b\n1,5,x\n2\n3,y,,\n")
    assert [row.problem.partition(":")[0] for row in sheet.rows] == [
        "3 cells for 2 columns", "", "",
    ]  # fmt: skip
    assert sheet.rows[1].cells == {"a": "2", "b": ""}


def test_columns_without_a_name_hold_row_numbers_or_make_a_problem():
    sheet = raw(",a,,b\n0,1,,2\n1,1,x,2\n")
    assert sheet.columns == ("a", "b")
    assert [row.problem for row in sheet.rows] == ["", "a cell under no column name"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("a,b,a\n1,2,3\n", "two columns are called 'a'"), (b"a,b\n\0\1,2", "zero"),
     ("a,b\n1," + "9" * (2**24 + 1), "line 2: field larger")],
    ids=["empty", "repeated", "zeros", "large"],
)  # fmt: skip
def test_what_is_no_table_is_refused(text, said):
    with pytest.raises(TableError, match=said):
        raw(text)


def test_japanese_is_read_when_declared_and_never_taken_for_western():
    data = "id,name\n1,骨折太郎\n".encode("shift_jis")
    assert raw(data, encoding="shift_jis").rows[0].cells["name"] == "骨折太郎"
    with pytest.raises(TableError, match="'1,骨折太郎' as shift_jis"):
        raw(data)


def test_an_unknown_encoding_leaves_a_notice():
    sheet = raw("id,name\n1,Müller\n".encode("cp1252"))
    assert (sheet.encoding, sheet.notice.file, sheet.notice.line) == ("cp1252", "f.csv", 2)


def test_spaces_stay_where_osteon_wrote_them():
    assert read_sheet(b"a\n x \n", "f.csv").rows[0].cells["a"] == "x"
    assert raw("a\n x \n", keeps_spaces=True).rows[0].cells["a"] == " x "
