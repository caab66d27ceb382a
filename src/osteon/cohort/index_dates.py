"""Read the dates from which patients are counted, from a table that people keep."""

from datetime import date
from pathlib import Path

from osteon.core.spreadsheets import open_sheet, read_date
from osteon.errors import TableError

__all__ = ["read_index_dates"]


def read_index_dates(path: Path) -> dict[str, date]:
    """Read a CSV or Excel table with the columns ``patient_id`` and ``index_date``.

    Parameters
    ----------
    path
        Dates are YYYY-MM-DD, YYYYMMDD or DD.MM.YYYY; further columns are not looked at.

    Returns
    -------
    dict
        Index date by patient id.

    Raises
    ------
    TableError
        If a column is missing, a date cannot be read, or a patient has two; names the row.
    """
    sheet = open_sheet(path)
    for column in ("patient_id", "index_date"):
        if column not in sheet.columns:
            raise TableError(f"{path} has no column {column}: got {', '.join(sheet.columns)}")
    dates: dict[str, date] = {}
    for row in sheet.rows:
        if row.problem:
            raise TableError(f"{path}, {row.place}: {row.problem}", remedy="correct the file")
        patient = row.cells["patient_id"].strip()
        try:
            day = date.fromisoformat(read_date(row.cells["index_date"]))
        except ValueError as error:
            raise TableError(f"{path}, {row.place}: index_date of {patient}: {error}") from error
        if dates.setdefault(patient, day) != day:
            raise TableError(f"{path}, {row.place}: {patient} has a second index date {day}")
    return dates
