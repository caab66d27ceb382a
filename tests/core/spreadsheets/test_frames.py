"""Columns are typed by what stands in them."""

import pytest

from osteon.core.spreadsheets import packaged_table, read_sheet, text_frame, typed_frame
from osteon.errors import TableError


def sheet(text):
    return read_sheet(text.encode(), "f.csv", lower_names=False)


def test_columns_become_what_every_cell_is():
    frame = typed_frame(sheet("n;x;id;b;mixed\n1;2,5;007;True;1\n-2;NA;8;false;x\n"))
    assert {name: frame[name].dtype.kind for name in frame} == {
        "n": "i", "x": "f", "id": "O", "b": "b", "mixed": "O",
    }  # fmt: skip
    assert frame["x"].isna().tolist() == [False, True]
    assert frame["id"].tolist() == ["007", "8"]


def test_decimal_commas_where_the_point_decides_are_refused():
    with pytest.raises(TableError, match="column x: '1,5' has a comma"):
        typed_frame(sheet('a,x\n1,"1,5"\n2,"2,5"\n'))
    assert typed_frame(sheet('a,x\n1,"1,5"\n2,and\n'))["x"].tolist() == ["1,5", "and"]


def test_texts_are_whole_or_the_row_is_named():
    assert text_frame(sheet("a,b\n01,\n"), ["b", "a"]).isna().to_numpy().tolist() == [[True, False]]
    with pytest.raises(TableError, match=r"f\.csv, row 3: 3 cells"):
        text_frame(sheet("a,b\n1,2\n1,2,3\n"))
    with pytest.raises(TableError, match="no column 'c': there are a, b"):
        text_frame(sheet("a,b\n1,2\n"), ["c"])


def test_tables_that_come_with_osteon():
    assert len(packaged_table("osteon.drr", "mass_attenuation.csv")) > 10
