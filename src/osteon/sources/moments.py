"""Dates and times of hospital systems, written in one way and never more exact than they were.

A moment is text in ISO 8601: ``2020-03-01`` where only the day is known, else
``2020-03-01T13:05:00`` with ``+01:00`` behind it where the system tells its distance from UTC.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

__all__ = ["dicom_moment", "hl7_moment", "parse_moment"]

_HL7 = re.compile(
    r"(?P<day>\d{8})(?:(?P<hm>\d{4})(?P<s>\d{2})?(?:\.\d{1,6})?)?(?P<zone>[+-]\d{4})?"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?")


def hl7_moment(text: str) -> str | None:
    """Read an HL7 time stamp (``YYYYMMDD[HHMM[SS[.S]]][+ZZZZ]``); ``None`` when it is none.

    A year or a month alone is no day, and so none either.

    Examples
    --------
    >>> hl7_moment("20200301130559+0100"), hl7_moment("20200301"), hl7_moment("202013")
    ('2020-03-01T13:05:59+01:00', '2020-03-01', None)
    """
    match = _HL7.fullmatch(text.strip())
    if match is None:
        return None
    day, hm, seconds, zone = match.group("day", "hm", "s", "zone")
    try:
        if hm is None:
            return datetime.strptime(day, "%Y%m%d").date().isoformat()
        moment = datetime.strptime(day + hm + (seconds or "00"), "%Y%m%d%H%M%S")
        if zone is not None:
            moment = datetime.fromisoformat(f"{moment.isoformat()}{zone[:3]}:{zone[3:]}")
    except ValueError:
        return None
    return moment.isoformat()


def dicom_moment(day: str | None, time: str | None) -> str | None:
    """Join a DICOM date (YYYYMMDD) and time (HHMMSS, may be missing).

    Examples
    --------
    >>> dicom_moment("20200301", "130559"), dicom_moment("20200301", None)
    ('2020-03-01T13:05:59', '2020-03-01')
    """
    if not day:
        return None
    return hl7_moment(day + (time or "").split(".")[0][:6])


def parse_moment(text: str, formats: Sequence[str] = ()) -> str | None:
    """Read a moment in ISO 8601, as HL7 writes it, or in one of the declared formats.

    Formats are those of :meth:`datetime.datetime.strptime`; one without an hour gives a day.
    Nothing is guessed: ``03/04/2020`` is a date only where a format says which number the day is.

    Examples
    --------
    >>> parse_moment("03.04.2020 07:30", ["%d.%m.%Y %H:%M"]), parse_moment("03/04/2020")
    ('2020-04-03T07:30:00', None)
    """
    text = text.strip()
    for form in formats:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        has_time = any(code in form for code in ("%H", "%I", "%T", "%X", "%c"))
        return moment.isoformat() if has_time else moment.date().isoformat()
    if _ISO.fullmatch(text):
        try:
            if len(text) == 10:
                return date.fromisoformat(text).isoformat()
            return datetime.fromisoformat(text).replace(microsecond=0).isoformat()
        except ValueError:
            return None
    return hl7_moment(text)
