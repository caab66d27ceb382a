"""From one cell of a clinical table to a value, or to the reason why there is none."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from osteon.core.spreadsheets import FaultyCell, NumberError, read_number
from osteon.dicom.clean import age_years
from osteon.sources.clinical_schema import ClinicalColumn, ClinicalSchema
from osteon.sources.moments import parse_moment

__all__ = ["CellError", "read_cell"]

_YES = ("1", "yes", "y", "true", "t")
_NO = ("0", "no", "n", "false", "f")
_EXACT = 2**53


class CellError(Exception):
    """Why a cell gives no value: a stable code and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def read_cell(raw: Any, column: ClinicalColumn, schema: ClinicalSchema, today: date) -> Any:
    """Give the value of a cell, ``None`` where it says that there is none.

    Parameters
    ----------
    raw
        Text, or what a workbook or a Parquet file holds.
    column, schema
        What should stand there.
    today
        Later dates are faults.

    Raises
    ------
    CellError
        ``number_unreadable``, ``decimal_comma``, ``not_whole``, ``date_unreadable``,
        ``date_is_a_number``, ``date_in_the_future``, ``time_missing``, ``age_unreadable``,
        ``value_not_allowed``, ``out_of_range``, or what the workbook does to it.

    Examples
    --------
    >>> column = ClinicalColumn(name="t_score", type="number", unit="1", range=(-8, 6))
    >>> schema = ClinicalSchema(table="dxa", columns=(column,), decimal=",")
    >>> read_cell("-2,5", column, schema, date(2020, 1, 1))
    -2.5
    """
    if isinstance(raw, FaultyCell):
        raise CellError(raw.reason, raw.detail)
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None
    text = raw.strip() if isinstance(raw, str) else raw
    if text == "" or _plain(text) in (*schema.missing, *column.missing):
        return None
    value = _READERS[column.type](text, column, schema)
    _check_range(value, column)
    is_dated = column.type in ("date", "moment") and not column.may_be_in_future
    if is_dated and value[:10] > today.isoformat():
        raise CellError("date_in_the_future", f"{value} is after today, {today}")
    return value


def _plain(value: Any) -> str:
    """Write a value as a text file would: numbers without a decimal point where they are whole."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return str(value)


def _text(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> str:
    return raw.isoformat() if isinstance(raw, date) else _plain(raw)


def _number(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw):
        return float(raw)
    try:
        return read_number(str(raw), decimal=schema.decimal or ".")
    except NumberError as error:
        remedy = "; if it stands for the point, say decimal: ','"
        hint = remedy if error.reason == "decimal_comma" else ""
        raise CellError(error.reason, f"{error}{hint}") from None


def _integer(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> int:
    number = _number(raw, column, schema)
    if not number.is_integer():
        raise CellError("not_whole", f"{number:g} is no whole number")
    return int(number)


def _boolean(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> bool:
    text = _plain(raw).casefold()
    if text not in (*_YES, *_NO):
        raise CellError("value_not_allowed", f"{text!r} is neither yes nor no")
    return text in _YES


def _category(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> str:
    text = _plain(raw).casefold()
    for name, words in column.allowed.items():
        if text == name.casefold() or text in (word.casefold() for word in words):
            return name
    raise CellError("value_not_allowed", f"{text!r} is none of {', '.join(column.allowed)}")


def _date(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> str:
    return _moment_text(raw, column)[:10]


def _moment(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> str:
    text = _moment_text(raw, column)
    if "T" not in text:
        raise CellError("time_missing", f"{text} is a day without an hour")
    return text


def _moment_text(raw: Any, column: ClinicalColumn) -> str:
    if isinstance(raw, datetime):
        return raw.replace(microsecond=0).isoformat()
    if isinstance(raw, date):
        return raw.isoformat()
    found = parse_moment(_plain(raw), column.formats)
    if found is not None:
        return found
    if isinstance(raw, int | float):
        detail = f"{raw:g} is a number, not a date: format the cell as a date in Excel"
        raise CellError("date_is_a_number", detail)
    wanted = " or ".join(column.formats) or "YYYY-MM-DD"
    raise CellError("date_unreadable", f"{str(raw)[:40]!r} is no date like {wanted}")


def _age(raw: Any, column: ClinicalColumn, schema: ClinicalSchema) -> float:
    years = age_years(_plain(raw))
    if years is None:
        raise CellError("age_unreadable", f"{str(raw)[:40]!r} is no age like 075Y or 75")
    return years


_READERS: Mapping[str, Callable[[Any, ClinicalColumn, ClinicalSchema], Any]] = {
    "text": _text, "integer": _integer, "number": _number, "boolean": _boolean,
    "category": _category, "date": _date, "moment": _moment, "age": _age,
}  # fmt: skip


def _check_range(value: Any, column: ClinicalColumn) -> None:
    if column.range is None:
        return
    low: Any = column.range[0]
    high: Any = column.range[1]
    compared: Any = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    unit = f" {column.unit}" if column.unit and column.unit != "1" else ""
    if (low is not None and compared < low) or (high is not None and compared > high):
        limits = f"{'-' if low is None else low} to {'-' if high is None else high}"
        raise CellError("out_of_range", f"{value}{unit} is outside {limits}{unit}")
