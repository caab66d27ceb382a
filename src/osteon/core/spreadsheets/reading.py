"""Open a table that somebody keeps, whatever it is: CSV in its dialects, or an Excel workbook."""

from pathlib import Path

from osteon.core.spreadsheets.delimited import read_delimited
from osteon.core.spreadsheets.record import RawSheet, Sheet, SheetLayout
from osteon.core.spreadsheets.workbook import is_workbook, read_workbook
from osteon.errors import TableError

__all__ = ["MAX_SHEET_BYTES", "open_raw_sheet", "open_sheet", "read_raw_sheet", "read_sheet"]

MAX_SHEET_BYTES = 2**30
_OLE = b"\xd0\xcf\x11\xe0"  # Excel 97, and workbooks with a password
_WORKBOOKS = (".xlsx", ".xlsm")


def read_raw_sheet(data: bytes, name: str, layout: SheetLayout | None = None) -> RawSheet:
    """Read a table as it is stored, from its bytes.

    Parameters
    ----------
    data
        A workbook where its content or its name says so, else a text table.
    name
        The file, for messages and places.
    layout
        How it is laid out, as far as that is known.

    Raises
    ------
    TableError
        If it has more than 1 GiB (inflated), or cannot be read: see
        :func:`~osteon.core.spreadsheets.delimited.read_delimited` and
        :func:`~osteon.core.spreadsheets.workbook.read_workbook`.
    """
    layout = layout or SheetLayout()
    if len(data) > MAX_SHEET_BYTES:
        raise TableError(f"{name} has {len(data)} bytes, at most {MAX_SHEET_BYTES} are read")
    if data.startswith(_OLE) or name.lower().endswith(".xls"):
        raise TableError(
            f"{name} is an Excel 97 workbook, or one with a password",
            remedy="save it as .xlsx, without a password",
        )
    if is_workbook(data) or name.lower().endswith(_WORKBOOKS):
        return read_workbook(data, name, layout, MAX_SHEET_BYTES)
    return read_delimited(data, name, layout)


def read_sheet(
    data: bytes, name: str, layout: SheetLayout | None = None, *, lower_names: bool = True
) -> Sheet:
    """Read a table of texts from its bytes.

    ``lower_names`` writes the columns' names in lower case: people write Patient_ID.

    Raises
    ------
    TableError
        As :func:`read_raw_sheet`; and if cells are merged.
    """
    return read_raw_sheet(data, name, layout).texts(lower_names=lower_names)


def open_raw_sheet(path: Path, layout: SheetLayout | None = None) -> RawSheet:
    """Read a file as :func:`read_raw_sheet` does; places name it without its folder."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    return read_raw_sheet(data, path.name, layout)


def open_sheet(path: Path, layout: SheetLayout | None = None, *, lower_names: bool = True) -> Sheet:
    """Read a file as :func:`read_sheet` does; places name it without its folder."""
    return open_raw_sheet(path, layout).texts(lower_names=lower_names)
