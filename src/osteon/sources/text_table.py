"""Text tables as hospitals write them: byte order marks, semicolons, encodings, odd rows.

Every cell stays the text that stands in the file; what it means is decided by who reads it.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from osteon.errors import TableError

__all__ = ["RawRow", "RawTable", "decode_text", "read_text_table"]

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CANDIDATES = ("latin-1", "cp1252", "shift_jis", "cp932", "euc_jp")
_PREVIEW = 24
_LARGEST_CELL = 2**24
_COMMENT = "# "


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its number in the file (the header is row 1) and its cells by column name.

    ``fault`` says why the cells cannot be told apart (more cells than columns).
    """

    number: int
    cells: Mapping[str, object]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class RawTable:
    """Column names and rows of a file, and how it was read."""

    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    encoding: str = ""
    delimiter: str = ""


def decode_text(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Turn bytes into text; give it with the encoding used.

    A byte order mark decides; else the declared encoding; else UTF-8. Bytes that are not UTF-8
    are never guessed: Latin-1 reads anything, and would make nonsense of Japanese.

    Raises
    ------
    TableError
        If the bytes are not in the encoding; the message shows how the first such characters
        read in the usual ones.

    Examples
    --------
    >>> decode_text("Müller".encode("latin-1"), "a.csv", "latin-1")
    ('Müller', 'latin-1')
    """
    marked = next((coding for mark, coding in _MARKS if data.startswith(mark)), None)
    coding = marked or encoding or "utf-8"
    try:
        return data.decode(coding), coding
    except LookupError:
        raise TableError(
            f"{name}: encoding {coding!r} is unknown", remedy="say --encoding latin-1, for example"
        ) from None
    except UnicodeDecodeError as error:
        begin = max(data.rfind(b"\n", 0, error.start) + 1, error.start - _PREVIEW)
        around = data[begin : error.start + _PREVIEW].splitlines()[0]
        readings = [
            f"{reads} as {known}" for known in _CANDIDATES if (reads := _shown(around, known))
        ]
        raise TableError(
            f"{name} is not {coding}: byte {error.start} reads " + ", ".join(readings),
            remedy="say which with --encoding",
        ) from error


def _shown(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = data[: error.start].decode(encoding)
        return repr(text) if error.start > len(data) - 3 and text else ""
    return repr(text) if text.isprintable() else ""


def read_text_table(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> RawTable:
    """Read a table of text: comma, semicolon, tab or bar between the cells, quotes as in RFC 4180.

    Empty rows are passed over, and so are lines before the column names that begin with ``# `` (a
    comment). A row with too few cells has the rest empty; one with too many
    carries a fault.

    Raises
    ------
    TableError
        If the file cannot be read, has no header, or has two columns of one name.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    text, used = decode_text(data, str(path), encoding)
    if "\0" in text:
        raise TableError(
            f"{path} holds zero bytes: it is no text table",
            remedy="save it as CSV, or say its --encoding (utf-16?)",
        )
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith(_COMMENT)), "")
    chosen = delimiter or max(",;\t|", key=first.count)
    usual = csv.field_size_limit(_LARGEST_CELL)  # of the whole process: put back below
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen)
    try:
        header = next((row for row in reader if _is_header(row)), None)
        if header is None:
            raise TableError(f"{path} is empty: wanted a row of column names")
        columns = _column_names(path, header)
        rows = tuple(_row(reader.line_num, columns, row) for row in reader if any(row))
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: {error}") from error
    finally:
        csv.field_size_limit(usual)
    return RawTable(columns, rows, used, chosen)


def _is_header(row: list[str]) -> bool:
    return any(map(str.strip, row)) and not row[0].startswith(_COMMENT)


def _column_names(path: Path, header: list[str]) -> tuple[str, ...]:
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"{path}: two columns are called {name!r}", remedy="rename one")
    return tuple(names)


def _row(number: int, columns: tuple[str, ...], row: list[str]) -> RawRow:
    cells = {name: row[i].strip() if i < len(row) else "" for i, name in enumerate(columns)}
    spare = [cell for cell in row[len(columns) :] if cell.strip()]
    fault = f"{len(columns) + len(spare)} cells for {len(columns)} columns" if spare else None
    return RawRow(number, cells, fault)
