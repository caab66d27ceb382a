"""Excel workbooks as rows of cells, with what Excel does to dates, ids and merged cells.

The library is loaded when a workbook is read.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from osteon.core.spreadsheets.record import FaultyCell, RawRow, RawSheet, SheetLayout, column_names
from osteon.errors import TableError

__all__ = ["is_workbook", "read_workbook"]

_RELIABLE_FROM = datetime(1900, 3, 1)  # Excel has a 29 February 1900 before
_ZEROS = re.compile(r"0{2,}")
_SAVE_AGAIN = "save it as .xlsx, without a password"


def is_workbook(data: bytes) -> bool:
    """Whether bytes are an Excel workbook (.xlsx)."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_workbook(data: bytes, name: str, layout: SheetLayout, max_bytes: int) -> RawSheet:
    """Read a sheet of a workbook (``.xlsx``, ``.xlsm``); nothing in it is run.

    Days 0 to 60 of Excel's calendar, cells covered by a merged one, formulas without a stored
    result and Excel's errors become :class:`FaultyCell`. A whole number shown with leading zeros
    keeps them as text. What stands beside the named columns is passed over: nothing shifts in a
    workbook.

    Raises
    ------
    TableError
        If it inflates to more than ``max_bytes``, cannot be read, has several sheets and none is
        named, or column names repeat or are merged.
    """
    from openpyxl import load_workbook

    _check_size(data, name, max_bytes)
    try:
        values = load_workbook(io.BytesIO(data), data_only=True)
        formulas = load_workbook(io.BytesIO(data), data_only=False)
    except Exception as error:  # a damaged workbook fails in the library in any way
        raise TableError(
            f"{name} cannot be read as a workbook: {type(error).__name__}: {error}",
            remedy=_SAVE_AGAIN,
        ) from error
    title = _sheet_title(name, values, layout.sheet)
    shown, written = values[title], formulas[title]
    merged = ", ".join(sorted(str(item) for item in written.merged_cells.ranges))
    covered = _covered(written)
    columns = _columns(name, shown, layout.header_row, covered)
    rows = _rows(name, shown, written, layout.header_row, columns, covered)
    return RawSheet(
        name=name,
        columns=tuple(columns.values()),
        rows=tuple(rows),
        encoding="xlsx",
        merged=f"{merged} of sheet {title}" if merged else "",
    )


def _check_size(data: bytes, name: str, max_bytes: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as error:
        raise TableError(f"{name} is no workbook: {error}", remedy=_SAVE_AGAIN) from error
    if size > max_bytes:
        raise TableError(f"{name} inflates to {size} bytes, at most {max_bytes} are read")


def _sheet_title(name: str, workbook: Any, sheet: str | None) -> str:
    titles: list[str] = [item.title for item in workbook.worksheets]
    if sheet is None and len(titles) == 1:
        return titles[0]
    if sheet not in titles:
        raise TableError(
            f"{name}: no sheet {sheet!r}" if sheet else f"{name} has {len(titles)} sheets",
            remedy="keep one sheet in the file, or name one in a schema (sheet:) of "
            + ", ".join(titles),
        )
    return str(sheet)


def _covered(sheet: Any) -> set[tuple[int, int]]:
    """Row and column of cells that a merged one before them covers."""
    return {
        (row, column)
        for cells in sheet.merged_cells.ranges
        for row in range(cells.min_row, cells.max_row + 1)
        for column in range(cells.min_col, cells.max_col + 1)
        if (row, column) != (cells.min_row, cells.min_col)
    }


def _columns(
    name: str, sheet: Any, header_row: int, covered: set[tuple[int, int]]
) -> dict[int, str]:
    columns: dict[int, str] = {}
    for cell in next(sheet.iter_rows(min_row=header_row, max_row=header_row), ()):
        if (cell.row, cell.column) in covered:
            raise TableError(
                f"{name}: the column name in {cell.coordinate} is merged with its neighbour",
                remedy="give every column a name of its own",
            )
        if cell.value is not None and str(cell.value).strip():
            columns[cell.column] = str(cell.value).strip()
    if not column_names(tuple(columns.values()), name):
        raise TableError(f"{name}: column names are missing in row {header_row}")
    return columns


def _rows(
    name: str,
    shown: Any,
    written: Any,
    header_row: int,
    columns: Mapping[int, str],
    covered: set[tuple[int, int]],
) -> Iterator[RawRow]:
    for cells in shown.iter_rows(min_row=header_row + 1):
        raw = {
            columns[cell.column]: _value(cell, written, covered)
            for cell in cells
            if cell.column in columns
        }
        if any(value not in (None, "") for value in raw.values()):
            yield RawRow(cells[0].row, f"{name}#row {cells[0].row}", raw)


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
    return value.strip() if isinstance(value, str) else value


def _day(value: Any) -> Any:
    is_early = isinstance(value, datetime) and value < _RELIABLE_FROM
    if isinstance(value, time) or is_early:
        detail = "day 0 to 60 of Excel's calendar: an empty or wrong cell shown as a date"
        return FaultyCell(str(value), "excel_date_zero", detail)
    return value if isinstance(value, date) else str(value)
