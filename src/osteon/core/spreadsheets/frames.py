"""Tables of texts as data frames: all texts, or columns typed by what stands in them."""

import re
from collections.abc import Sequence
from importlib import resources
from io import StringIO
from typing import Any

import pandas as pd

from osteon.core.spreadsheets.cells import NumberError, read_number
from osteon.core.spreadsheets.record import Decimal, Sheet
from osteon.errors import TableError

__all__ = ["packaged_table", "text_frame", "typed_frame"]

_MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None"})
_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})", re.ASCII)
_ID = re.compile(r"0\d+", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def text_frame(sheet: Sheet, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Give a table of texts (dtype ``string``), missing where a cell is empty.

    Parameters
    ----------
    sheet
        The table.
    columns
        Those wanted, all by default.

    Raises
    ------
    TableError
        If a column is absent, or a row has a problem; names the row.
    """
    wanted = list(sheet.columns) if columns is None else list(columns)
    if absent := [name for name in wanted if name not in sheet.columns]:
        raise TableError(f"no column {absent[0]!r}: there are {', '.join(sheet.columns)}")
    for row in sheet.rows:
        if row.problem:
            file = row.place.rpartition("#")[0]
            raise TableError(f"{file}, row {row.number}: {row.problem}", remedy="correct the file")
    cells = [[row.cells[name] or None for name in wanted] for row in sheet.rows]
    return pd.DataFrame(cells, columns=wanted, dtype="string")


def typed_frame(sheet: Sheet) -> pd.DataFrame:
    """Give a table whose columns are numbers or yes and no where every cell is one.

    Empty cells and the usual words for them (``NA``, ``NaN``, ``null``) are missing. A column of
    whole numbers stays whole where none is missing; digits behind a leading zero are an id, and
    their column stays text.

    Raises
    ------
    TableError
        If a row has a problem, or a column holds decimal commas in a file where the point decides.
    """
    texts = text_frame(sheet)
    return pd.DataFrame({name: _typed(texts[name], name, sheet.decimal) for name in texts.columns})


def _typed(column: "pd.Series[Any]", name: str, decimal: Decimal) -> "pd.Series[Any]":
    values = [None if pd.isna(text) or text in _MISSING else str(text) for text in column]
    told = [text for text in values if text is not None]
    if told and all(text.lower() in _BOOLEANS for text in told) and len(told) == len(values):
        return pd.Series([_BOOLEANS[text.lower()] for text in told], dtype="bool")
    if len(told) == len(values) and all(_WHOLE.fullmatch(text) for text in told):
        return pd.Series([int(text) for text in told], dtype="int64")
    if any(_ID.fullmatch(text) for text in told):
        return pd.Series(values, dtype="object")
    try:
        numbers = [None if text is None else read_number(text, decimal=decimal) for text in values]
    except NumberError as error:
        if decimal == "." and all(_is_number(text) for text in told):
            raise TableError(
                f"column {name}: {error}",
                remedy="write points, or save the file with semicolons between the cells",
            ) from error
        return pd.Series(values, dtype="object")
    return pd.Series(numbers, dtype="float64")


def _is_number(text: str) -> bool:
    try:
        read_number(text, decimal="either")
    except NumberError:
        return False
    return True


def packaged_table(package: str, name: str) -> pd.DataFrame:
    """Read a table that comes with Osteon: ``data/<name>`` of a package, lines with # left out."""
    text = resources.files(package).joinpath("data", name).read_text("utf-8")
    return pd.read_csv(StringIO(text), comment="#")
