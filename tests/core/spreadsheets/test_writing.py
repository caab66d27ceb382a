"""What is written reads back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from osteon.core.spreadsheets import open_sheet, write_sheet

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1
)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@settings(max_examples=15)
@given(rows=st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_what_is_written_reads_back(ending, rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("sheet") / f"a.{ending}"
    write_sheet(["first", "second"], rows, path)
    assert [tuple(row.cells.values()) for row in open_sheet(path).rows] == rows


def test_a_cell_that_begins_with_an_equals_sign_is_no_formula(tmp_path):
    path = tmp_path / "a.xlsx"
    write_sheet(["a"], [["=1+1"]], path)
    cell = load_workbook(path).active["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
