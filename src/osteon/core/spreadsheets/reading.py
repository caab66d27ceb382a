"""Tables that people keep: CSV in its dialects and Excel, as rows of texts.

Nothing is guessed: a row with more cells than the header (a decimal comma in a comma-separated
file) and merged cells are said, not mended.
"""

import csv
import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from osteon.core.files import atomic_path, decode_text
from osteon.errors import TableError

__all__ = [
    "MAX_SHEET_BYTES",
    "Sheet",
    "SheetRow",
    "is_workbook",
    "read_date",
    "read_number",
    "read_sheet",
    "write_sheet",
]

MAX_SHEET_BYTES = 256 * 2**20
_DATES = ("%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
_FIRST_YEAR = 1901  # a spreadsheet's day 0 is in 1899 or 1900


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: where it stands, its cells by column in lower case, and what is wrong with it."""

    place: str
    cells: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts.

    Parameters
    ----------
    columns
        Names in lower case, in their order.
    rows
        Rows that are not empty; ``place`` counts lines of a CSV and rows of a workbook from 1.
    decimal_comma
        Whether a comma in a number is a decimal point: everywhere but in comma-separated files.
    """

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    decimal_comma: bool


def is_workbook(data: bytes) -> bool:
    """Whether bytes are an Excel workbook (.xlsx)."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_sheet(data: bytes, name: str) -> Sheet:
    """Read a CSV file or the first sheet of a workbook.

    A CSV may begin with comment lines (``#``); its delimiter is the most frequent of comma,
    semicolon and tab in the header. Dates of a workbook become ``YYYY-MM-DD``.

    Parameters
    ----------
    data
        The file's bytes; byte order marks, UTF-16 and Windows-1252 are understood.
    name
        The file, for messages.

    Raises
    ------
    TableError
        If it has no header, two columns of one name, merged cells, or cannot be read.
    """
    if len(data) > MAX_SHEET_BYTES:
        raise TableError(f"{name} has {len(data)} bytes, at most {MAX_SHEET_BYTES} are read")
    try:
        return _from_workbook(data, name) if is_workbook(data) else _from_csv(data, name)
    except (
        csv.Error, UnicodeDecodeError, zipfile.BadZipFile, InvalidFileException, KeyError,
        ValueError,
    ) as error:  # fmt: skip
        raise TableError(f"{name} cannot be read as a table: {error}") from error


def _from_csv(data: bytes, name: str) -> Sheet:
    lines = list(io.StringIO(decode_text(data), newline=""))
    skipped = 0
    while skipped < len(lines) and lines[skipped].startswith("#"):  # what a file says of itself
        skipped += 1
    delimiter = max(",;\t", key="".join(lines[skipped : skipped + 1]).count)
    reader = csv.reader(lines[skipped:], delimiter=delimiter)
    columns = _columns(next(reader, []), name)
    rows = ((f"{name}#line {reader.line_num + skipped}", cells) for cells in reader)
    return Sheet(columns, tuple(_rows(columns, rows)), decimal_comma=delimiter != ",")


def _from_workbook(data: bytes, name: str) -> Sheet:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inflated = sum(entry.file_size for entry in archive.infolist())
    if inflated > MAX_SHEET_BYTES:
        raise TableError(f"{name} inflates to {inflated} bytes, at most {MAX_SHEET_BYTES} are read")
    sheet = load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    if sheet.merged_cells.ranges:
        merged = ", ".join(sorted(str(item) for item in sheet.merged_cells.ranges))
        raise TableError(
            f"{name}: cells {merged} of sheet {sheet.title} are merged",
            remedy="unmerge them and fill every row",
        )
    grid = [[_cell_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    columns = _columns(grid[0] if grid else [], name)
    rows = ((f"{name}#row {number}", cells) for number, cells in enumerate(grid[1:], start=2))
    return Sheet(columns, tuple(_rows(columns, rows)), decimal_comma=True)


def _columns(header: Sequence[str], name: str) -> tuple[str, ...]:
    columns = tuple(cell.strip().lower() for cell in header)
    while columns and not columns[-1]:
        columns = columns[:-1]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise TableError(f"{name}: column {repeated[0]!r} stands twice in the header")
    return columns


def _rows(columns: tuple[str, ...], rows: Iterator[tuple[str, list[str]]]) -> Iterator[SheetRow]:
    for place, texts in rows:
        cells = [text.strip() for text in texts]
        if not any(cells):
            continue
        padded = cells + [""] * (len(columns) - len(cells))
        problem = ""
        if any(cells[len(columns) :]):
            problem = f"{len(cells)} cells under {len(columns)} columns: a comma within a number?"
        yield SheetRow(place, dict(zip(columns, padded, strict=False)), problem)


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_number(text: str, *, decimal_comma: bool = False) -> float:
    """Read a number.

    Raises
    ------
    ValueError
        If it is not a finite number.
    """
    number = float(text.replace(",", ".") if decimal_comma else text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not finite")
    return number


def read_date(text: str) -> str:
    """Read a date as YYYYMMDD: from ``20200131``, ``2020-01-31`` or ``31.01.2020``.

    Raises
    ------
    ValueError
        If it is none of these, or before 1901: day zero of a spreadsheet is an empty cell.

    Examples
    --------
    >>> read_date("31.01.2020")
    '20200131'
    """
    for pattern in _DATES:
        try:
            found = datetime.strptime(text.strip(), pattern)
        except ValueError:
            continue
        if found.year < _FIRST_YEAR:
            raise ValueError(f"{text!r} is a spreadsheet's day zero: the cell was empty")
        return found.strftime("%Y%m%d")
    raise ValueError(f"{text!r} is not a date, wanted YYYYMMDD, YYYY-MM-DD or DD.MM.YYYY")


def write_sheet(columns: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Write a table of texts as CSV, or as a workbook where the name ends in ``.xlsx``.

    Every cell of a workbook is a text: one that begins with ``=`` is no formula.
    """
    with atomic_path(path) as temporary:
        if path.suffix.lower() != ".xlsx":
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([columns, *rows])
            return
        book = Workbook()
        sheet = book.worksheets[0]
        for number, cells in enumerate([columns, *rows], start=1):
            for place, text in enumerate(cells, start=1):
                cell = sheet.cell(number, place)
                cell.value = text
                cell.data_type = "s"
        sheet.freeze_panes = "A2"
        book.save(temporary)
