"""Tables beside de-identified files: the same pseudonyms, UIDs and date shifts, from the secret.

What is not named is left out, because no rule can tell whether a column names a person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from osteon.core.records import Exclusion
from osteon.core.settings import Settings
from osteon.core.spreadsheets import read_date
from osteon.core.tables import rows_of
from osteon.errors import TableError
from osteon.sources.deidentify.pseudonyms import Pseudonyms

__all__ = ["MappedTable", "TableColumns", "map_table"]

_STAGE = "deidentify-table"
_DAY = "%Y%m%d"


class TableColumns(Settings):
    """What a table's columns hold; a column that is named nowhere is left out.

    Parameters
    ----------
    patient
        The patient's id, as it stands in the films' headers.
    uids
        UIDs of studies, series or instances.
    dates
        Days, moved by as many days as the patient's films.
    kept
        Columns that go over as they are: the caller vouches that they name nobody.
    """

    patient: str | None = None
    uids: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that goes over."""
        own = (self.patient,) if self.patient is not None else ()
        return (*own, *self.uids, *self.dates, *self.kept)


@dataclass(frozen=True, slots=True, eq=False)
class MappedTable:
    """The table, the rows that were not taken and why, and the columns left out."""

    frame: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    columns_left_out: tuple[str, ...]


def map_table(frame: pd.DataFrame, columns: TableColumns, pseudonyms: Pseudonyms) -> MappedTable:
    """Put pseudonyms, new UIDs and moved dates into a table, as the files have them.

    Parameters
    ----------
    frame
        Any table; days as YYYYMMDD, YYYY-MM-DD or DD.MM.YYYY.
    columns
        Which column holds what.
    pseudonyms
        Of the secret that the files were de-identified with.

    Returns
    -------
    MappedTable
        Columns in the order of the table. Dates are YYYY-MM-DD. A row is left out as
        ``patient_missing``, or as ``date_unreadable`` when a day to be moved is none. Its key is
        the number of the row, from 1; nothing in it tells what stood there.

    Raises
    ------
    TableError
        If a column does not exist or is named twice, or dates have no patient to move with.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["A1"], "day": ["2020-03-01"], "name": ["Meier"]})
    >>> columns = TableColumns(patient="id", dates=("day",))
    >>> mapped = map_table(frame, columns, Pseudonyms(b"0" * 32))
    >>> list(mapped.frame.columns), mapped.columns_left_out
    (['id', 'day'], ('name',))
    """
    _check(frame, columns)
    rows, exclusions, taken = [], [], []
    names = [str(name) for name in frame.columns if name in columns.named]
    for number, row in enumerate(rows_of(frame[names]), start=1):
        mapped = _mapped(row, columns, pseudonyms)
        if isinstance(mapped, str):
            exclusions.append(Exclusion("file", f"row {number}", _STAGE, mapped, ""))
        else:
            rows.append(mapped)
            taken.append(number - 1)
    result = frame[names].iloc[taken].reset_index(drop=True)
    for name in set(names) - set(columns.kept):
        result[name] = pd.array([row[name] for row in rows], dtype="string")
    left = tuple(str(name) for name in frame.columns if name not in columns.named)
    return MappedTable(result, tuple(exclusions), left)


def _check(frame: pd.DataFrame, columns: TableColumns) -> None:
    there = ", ".join(map(str, frame.columns))
    if absent := [name for name in columns.named if name not in frame.columns]:
        raise TableError(f"the table has no column {absent[0]!r}", remedy=f"it has {there}")
    if len(set(columns.named)) < len(columns.named):
        raise TableError("a column is named twice", remedy="say of each column one thing")
    if columns.dates and columns.patient is None:
        raise TableError(
            "dates move with a patient, and no column of patients is named",
            remedy="name it with --patient",
        )


def _mapped(
    row: Mapping[str, object], columns: TableColumns, pseudonyms: Pseudonyms
) -> dict[str, str | None] | str:
    """Map a row, or say why it is not taken."""
    mapped: dict[str, str | None] = {}
    days = 0
    if columns.patient is not None:
        patient = _text(row[columns.patient])
        if patient is None:
            return "patient_missing"
        mapped[columns.patient] = pseudonyms.patient(patient)
        days = pseudonyms.shift_days(patient)
    for name in columns.uids:
        mapped[name] = _if_there(row[name], pseudonyms.uid)
    try:
        for name in columns.dates:
            mapped[name] = _if_there(row[name], lambda text: _moved(text, days))
    except (ValueError, OverflowError):
        return "date_unreadable"
    return mapped


def _moved(text: str, days: int) -> str:
    moved = datetime.strptime(read_date(text), _DAY) + timedelta(days=days)
    return moved.date().isoformat()


def _if_there(value: object, change: Callable[[str], str]) -> str | None:
    text = _text(value)
    return None if text is None else change(text)


def _text(value: object) -> str | None:
    """Write a cell as text; ``None`` when it is empty."""
    return None if value is None else str(value).strip() or None
