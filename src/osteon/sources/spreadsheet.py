"""Excel workbooks as rows of raw cells, with what Excel does to dates, ids and merged cells.

Needs the library ``openpyxl`` (extra ``hospital``).
"""

import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from osteon.core.optional import require
from osteon.errors import TableError
from osteon.sources.text_table import RawRow, RawTable

__all__ = ["FaultyCell", "read_spreadsheet"]

_MAX_INFLATED_BYTES = 2**30
_RELIABLE_FROM = datetime(1900, 3, 1)  # Excel has a 29 February 1900 before
_ZEROS = re.compile(r"0{2,}")


@dataclass(frozen=True, slots=True)
class FaultyCell:
    """A cell whose value the workbook does not tell: what is shown, and why."""

    shown: str
    reason: str
    detail: str

    def __str__(self) -> str:
        return self.shown


def read_spreadsheet(path: Path, *, sheet: str | None = None, header_row: int = 1) -> RawTable:
    """Read a sheet of an Excel workbook (``.xlsx``, ``.xlsm``); nothing in it is run.

    Days 0 to 60 of Excel's calendar, cells covered by a merged one, formulas without a stored
    result and Excel's errors become :class:`FaultyCell`. A whole number shown with leading zeros
    keeps them as text.

    Parameters
    ----------
    path
        The workbook.
    sheet
        Name of the sheet; the only one, or an error that lists them.
    header_row
        Row with the column names, from 1.

    Raises
    ------
    TableError
        If the file is no workbook, the sheet is absent or not named, or names repeat or are
        merged.
    MissingExtraError
        If openpyxl is not installed.
    """
    openpyxl = require("openpyxl", purpose="reading Excel workbooks")
    _check_size(path)
    try:
        values = openpyxl.load_workbook(path, data_only=True)
        formulas = openpyxl.load_workbook(path, data_only=False)
    except Exception as error:  # a damaged workbook fails in the library in any way
        raise TableError(
            f"{path} cannot be read as a workbook: {type(error).__name__}: {error}",
            remedy="save it as .xlsx, without a password",
        ) from error
    name = _sheet_name(path, values, sheet)
    shown, written = values[name], formulas[name]
    covered = {
        (row, column)
        for cells in written.merged_cells.ranges
        for row in range(cells.min_row, cells.max_row + 1)
        for column in range(cells.min_col, cells.max_col + 1)
        if (row, column) != (cells.min_row, cells.min_col)
    }
    columns = _columns(path, shown, header_row, covered)
    rows = []
    for cells in shown.iter_rows(min_row=header_row + 1):
        raw = {
            columns[cell.column]: _value(cell, written, covered)
            for cell in cells
            if cell.column in columns
        }
        if any(value is not None for value in raw.values()):
            rows.append(RawRow(cells[0].row, raw))
    return RawTable(tuple(columns.values()), tuple(rows), "xlsx")


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise TableError(
            f"{path} is no workbook: {error}", remedy="save it as .xlsx, without a password"
        ) from error
    if size > _MAX_INFLATED_BYTES:
        raise TableError(f"{path} inflates to {size / 2**20:.0f} MiB, wanted at most 1024")


def _sheet_name(path: Path, workbook: Any, sheet: str | None) -> str:
    names: list[str] = workbook.sheetnames
    if sheet is None and len(names) == 1:
        return names[0]
    if sheet not in names:
        raise TableError(
            f"{path}: no sheet {sheet!r}" if sheet else f"{path} has {len(names)} sheets",
            remedy=f"name one in the schema: sheet: {names[0]} (there are {', '.join(names)})",
        )
    return str(sheet)


def _columns(
    path: Path, sheet: Any, header_row: int, covered: set[tuple[int, int]]
) -> dict[int, str]:
    columns: dict[int, str] = {}
    for cell in next(sheet.iter_rows(min_row=header_row, max_row=header_row), ()):
        if (cell.row, cell.column) in covered:
            raise TableError(
                f"{path}: the column name in {cell.coordinate} is merged with its neighbour",
                remedy="give every column a name of its own",
            )
        name = "" if cell.value is None else str(cell.value).strip()
        if name in columns.values():
            raise TableError(f"{path}: two columns are called {name!r}", remedy="rename one")
        if name:
            columns[cell.column] = name
    if not columns:
        raise TableError(f"{path}: row {header_row} has no column names")
    return columns


def _value(cell: Any, written: Any, covered: set[tuple[int, int]]) -> Any:
    if (cell.row, cell.column) in covered:
        return FaultyCell("", "merged_cell", "the cell is merged with one before it")
    value = cell.value
    if value is None:
        formula = written.cell(cell.row, cell.column)
        if formula.data_type == "f":
            detail = "a formula whose result is not stored: save the workbook in Excel"
            return FaultyCell(str(formula.value), "formula_without_value", detail)
        return None
    if cell.data_type == "e":
        return FaultyCell(str(value), "excel_error", "Excel shows an error here")
    if cell.is_date:
        return _day(value)
    if isinstance(value, int) and _ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return value


def _day(value: Any) -> Any:
    is_early = isinstance(value, datetime) and value < _RELIABLE_FROM
    if isinstance(value, time) or is_early:
        detail = "day 0 to 60 of Excel's calendar: an empty or wrong cell shown as a date"
        return FaultyCell(str(value), "excel_date_zero", detail)
    return value if isinstance(value, date) else str(value)
