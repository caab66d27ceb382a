"""What a table of somebody's is after reading: rows of cells, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from osteon.core.decoding import EncodingNotice
from osteon.errors import TableError

__all__ = [
    "Decimal",
    "FaultyCell",
    "RawRow",
    "RawSheet",
    "Sheet",
    "SheetLayout",
    "SheetRow",
    "column_names",
]

Decimal = Literal[".", ",", "either"]
_SPOILING = frozenset({"excel_error", "formula_without_value"})


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """How a file is laid out, where the user says so; what is not said is found.

    Parameters
    ----------
    encoding, delimiter
        Of text files.
    sheet, header_row
        Of workbooks: name of the sheet where there are several; row of the column names, from 1.
    keeps_spaces
        Cells of text files keep the spaces around them: for files that Osteon wrote.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
    keeps_spaces: bool = False


@dataclass(frozen=True, slots=True)
class FaultyCell:
    """A cell whose value the workbook does not tell: what is shown, and why.

    ``reason`` is ``merged_cell``, ``formula_without_value``, ``excel_error`` or
    ``excel_date_zero``.
    """

    shown: str
    reason: str
    detail: str

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its number in the file, its cells as they were stored, and what is wrong with it.

    ``number`` counts lines of a text file (the last one of the row) and rows of a workbook from
    1; ``place`` names the file too.
    """

    number: int
    place: str
    cells: Mapping[str, object]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of texts."""

    number: int
    place: str
    cells: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts; ``decimal`` says how its numbers are written (see :class:`RawSheet`)."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    decimal: Decimal


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A table as it is stored.

    Parameters
    ----------
    name
        The file.
    columns
        Names in their order, as they are written.
    rows
        Rows that are not empty.
    decimal
        What stands before the decimals of numbers written as text. Only semicolon-separated
        files may have a comma there (``either``): the comma is why they are not comma-separated.
    encoding, delimiter
        Of text files.
    merged
        Merged cells of a workbook, and the sheet they are on.
    notice
        That the encoding was not known.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    decimal: Decimal = "."
    encoding: str = ""
    delimiter: str = ""
    merged: str = ""
    notice: EncodingNotice | None = None

    def texts(self, *, lower_names: bool) -> Sheet:
        """Give the cells as texts: dates as ``YYYY-MM-DD``, whole numbers without a point.

        A row with an error of Excel's, or with a formula whose result is not stored, has a
        problem; day zero of Excel's calendar stays as it is shown, for who reads the date.

        Parameters
        ----------
        lower_names
            Write the columns' names in lower case.

        Raises
        ------
        TableError
            If cells are merged, or two names become one.
        """
        if self.merged:
            raise TableError(
                f"{self.name}: cells {self.merged} are merged",
                remedy="unmerge them and fill every row",
            )
        names = {name: name.lower() if lower_names else name for name in self.columns}
        columns = column_names(tuple(names.values()), self.name)
        return Sheet(columns, tuple(_text_row(row, names) for row in self.rows), self.decimal)


def _text_row(row: RawRow, names: Mapping[str, str]) -> SheetRow:
    problem = row.problem
    for name, value in row.cells.items():
        if isinstance(value, FaultyCell) and value.reason in _SPOILING:
            problem = problem or f"{name}: {value.detail}"
    cells = {names[name]: _text(value) for name, value in row.cells.items()}
    return SheetRow(row.number, row.place, cells, problem)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def column_names(header: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Give the names without those that are empty at the end.

    Raises
    ------
    TableError
        If one stands twice; ``name`` is the file.
    """
    while header and not header[-1]:
        header = header[:-1]
    for column in header:
        if column and header.count(column) > 1:
            raise TableError(
                f"{name}: two columns are called {column!r}", remedy="rename one in the header"
            )
    return header
