"""From the text of a cell to a number or a day."""

import math
import re
from datetime import datetime

from osteon.core.spreadsheets.record import Decimal

__all__ = ["NumberError", "read_date", "read_number"]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DATES = ("%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
_FIRST_YEAR = 1901  # a spreadsheet's day 0 is in 1899 or 1900


class NumberError(ValueError):
    """A text that is no number: ``reason`` is ``number_unreadable`` or ``decimal_comma``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_number(text: str, *, decimal: Decimal = ".") -> float:
    """Read a number; thousands are never grouped.

    Parameters
    ----------
    text
        Digits, with an exponent where there is one; a minus may be the sign U+2212.
    decimal
        What stands before the decimals; ``either`` as semicolon-separated files have it.

    Raises
    ------
    NumberError
        If it is none, not finite, or has a comma where a point decides (or the other way).

    Examples
    --------
    >>> read_number("-2,5", decimal="either"), read_number("1e3")
    (-2.5, 1000.0)
    """
    plain = text.replace("\u2212", "-").replace("\u00a0", "").strip()
    pointed = plain.replace(",", ".")
    if decimal == "," and "." in plain:
        raise NumberError("number_unreadable", f"{text!r} has a point where the comma decides")
    if decimal == "." and "," in plain and _NUMBER.fullmatch(pointed):
        raise NumberError("decimal_comma", f"{text!r} has a comma where the point decides")
    if not _NUMBER.fullmatch(pointed) or not math.isfinite(float(pointed)):
        raise NumberError("number_unreadable", f"{text[:40]!r} is no finite number")
    return float(pointed)


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
