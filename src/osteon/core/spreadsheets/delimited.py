"""Text tables: which delimiter, where the column names stand, and one row for each record."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

from osteon.core.decoding import decode_text
from osteon.core.spreadsheets.record import RawRow, RawSheet, SheetLayout, column_names
from osteon.errors import TableError

__all__ = ["read_delimited"]

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_COMMENT = "# "
_LOOKED_AT = 200
_LARGEST_CELL = 2**24


def read_delimited(data: bytes, name: str, layout: SheetLayout) -> RawSheet:
    """Read a table of text: quotes as in RFC 4180, empty rows passed over.

    Lines before the column names that begin with ``# `` are comments. A row with too few cells
    has the rest empty; one with too many has a problem, because the cells cannot be told apart.

    The delimiter is the one of comma, semicolon, tab and bar that parts the column names and gives
    the rows as many cells as there are names.

    Raises
    ------
    TableError
        If the file is no text or empty, two columns have one name, or the delimiter is ambiguous.
    """
    decoded = decode_text(data, name, layout.encoding)
    if "\0" in decoded.text:
        raise TableError(
            f"{name} holds zero bytes: it is no text table",
            remedy="save it as CSV, or say its --encoding (utf-16?)",
        )
    usual = csv.field_size_limit(_LARGEST_CELL)  # of the whole process: put back below
    try:
        lines, skipped = _table_lines(decoded.text)
        delimiter = layout.delimiter or _delimiter(lines, name)
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            header = tuple(cell.strip() for cell in next(reader, []))
            columns = column_names(header, name)
            if not columns:
                raise TableError(f"{name} is empty: a row of column names is missing")
            rows = tuple(_rows(reader, columns, name, skipped, layout.keeps_spaces))
        except csv.Error as error:
            raise TableError(f"{name}, line {reader.line_num + skipped}: {error}") from error
    finally:
        csv.field_size_limit(usual)
    return RawSheet(
        name=name,
        columns=tuple(column for column in columns if column),
        rows=rows,
        decimal="either" if delimiter == ";" else ".",
        encoding=decoded.encoding,
        delimiter=delimiter,
        notice=decoded.tell().notice,
    )


def _table_lines(text: str) -> tuple[list[str], int]:
    """Give the lines from the column names on, and how many stand before."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].startswith(_COMMENT)):
        start += 1
    return [f"{line}\n" for line in lines[start:]], start


def _delimiter(lines: Sequence[str], name: str) -> str:
    """Choose among those that part the names: the one under which most rows fit them.

    A delimiter that cuts through quotes is none.
    """
    fits: dict[str, tuple[int, int]] = {}
    for delimiter in _DELIMITERS:
        try:
            header, *rows = [*islice(csv.reader(lines, delimiter=delimiter), _LOOKED_AT)] or [[]]
        except csv.Error:
            continue  # said with its line if this is the one
        if len(header) > 1 and not any('"' in name for name in header):
            fits[delimiter] = (sum(len(row) == len(header) for row in rows), len(header))
    if not fits:
        return ","
    best = max(fits, key=lambda delimiter: fits[delimiter][0])
    ties = [delimiter for delimiter in fits if fits[delimiter][0] == fits[best][0]]
    if len(ties) > 1:
        told = " or ".join(f"{_DELIMITERS[d]} ({fits[d][1]} columns)" for d in ties)
        raise TableError(
            f"{name}: what parts the columns is ambiguous: {told}",
            remedy='put names that hold such signs in quotes ("T-score; hip"), '
            "or say delimiter: in a schema",
        )
    return best


def _rows(
    reader: Iterator[list[str]],
    columns: tuple[str, ...],
    name: str,
    skipped: int,
    keeps_spaces: bool,
) -> Iterator[RawRow]:
    for record in reader:
        if not any(map(str.strip, record)):
            continue
        number: int = reader.line_num + skipped  # type: ignore[attr-defined]
        cells = record if keeps_spaces else [cell.strip() for cell in record]
        padded = [*cells, *[""] * (len(columns) - len(cells))]
        named = {column: cell for column, cell in zip(columns, padded, strict=False) if column}
        yield RawRow(number, f"{name}#line {number}", named, _problem(columns, cells))


def _problem(columns: tuple[str, ...], cells: Sequence[str]) -> str:
    """Say that cells have no column: the first may have none, as data frames write row numbers."""
    beyond = sum(bool(cell.strip()) for cell in cells[len(columns) :])
    unnamed = [cell for column, cell in zip(columns[1:], cells[1:], strict=False) if not column]
    if beyond:
        shown = f"{len(columns) + beyond} cells for {len(columns)} columns"
        return f"{shown}: a delimiter within a cell?"
    return "a cell under no column name" if any(unnamed) else ""
