"""From the texts of a header to values: dates, ages, numbers, spacings, codes.

A text that is not what its field wants becomes empty and leaves a notice; a text that is, in
another spelling, becomes the usual one.
"""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = [
    "Notice",
    "Row",
    "Texts",
    "age_years",
    "clean_row",
    "dicom_date",
    "dicom_time",
    "identity_of",
]

Texts = Mapping[str, str]
Row = dict[str, Any]
MAX_AGE_YEARS = 130.0

_AGE = re.compile(r"(\d{1,4})\s*([DWMY]?)")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0, "": 1.0}
_DATE = re.compile(r"(\d{4})([-./]?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.\d*)?")
_SIDES = {"LEFT": "L", "RIGHT": "R", "BOTH": "B", "UNPAIRED": "U"}
_SEXES = {"MALE": "M", "FEMALE": "F", "OTHER": "O"}
_COPIED = (
    "sop_instance_uid", "sop_class_uid", "series_instance_uid", "study_instance_uid",
    "patient_id", "accession_number", "manufacturer", "manufacturer_model_name",
    "institution_name", "station_name", "study_description", "series_description", "image_type",
    "transfer_syntax_uid",
)  # fmt: skip
_CODES = (
    "modality", "body_part_examined", "view_position", "presentation_intent_type",
    "photometric_interpretation", "burned_in_annotation",
)  # fmt: skip
_INTEGERS = (
    "instance_number", "rows", "columns", "number_of_frames", "samples_per_pixel",
    "bits_allocated", "bits_stored",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was cleaned or left empty: a code in snake_case and a sentence."""

    code: str
    detail: str


def clean_row(texts: Texts) -> tuple[Row, tuple[Notice, ...]]:
    """Make the header's columns of a row of the table of instances.

    Parameters
    ----------
    texts
        Text of each element by column name, several values joined by a backslash.

    Returns
    -------
    The columns, ``None`` where nothing usable stands, and what was cleaned.
    """
    notices: list[Notice] = []
    row: Row = {name: texts.get(name) or None for name in _COPIED}
    for name in ("sop_instance_uid", "sop_class_uid"):
        if row[name] is None and texts.get(f"media_{name}"):
            row[name] = texts[f"media_{name}"]
            notices.append(Notice("uid_from_file_meta", f"{name} stands in the file meta only"))
    row |= {name: texts.get(name, "").upper() or None for name in _CODES}
    for name in _INTEGERS:
        row[name] = _checked(texts, name, _integer, "number_unreadable", notices)
    row["number_of_frames"] = row["number_of_frames"] or 1
    for name in ("study_date", "acquisition_date"):
        row[name] = _checked(texts, name, dicom_date, "date_unreadable", notices)
    row["acquisition_time"] = _checked(
        texts, "acquisition_time", dicom_time, "time_unreadable", notices
    )
    row["patient_sex"] = _checked(texts, "patient_sex", _sex, "sex_unreadable", notices)
    row["laterality"] = _laterality(texts)
    row["patient_age_years"] = _age(texts, row["study_date"], notices)
    for name in ("pixel_spacing", "imager_pixel_spacing"):
        spacing = _checked(texts, name, _spacing_mm, "spacing_unusable", notices) or (None, None)
        row[f"{name}_row_mm"], row[f"{name}_column_mm"] = spacing
    if row["patient_id"] is None:
        notices.append(Notice("patient_id_missing", "Patient ID is absent or empty"))
    return row, tuple(notices)


def _checked(
    texts: Texts,
    name: str,
    convert: Callable[[str], Any],
    code: str,
    notices: list[Notice],
) -> Any:
    """Convert a text; one that does not convert is noted, one that is empty is not."""
    text = texts.get(name, "")
    if not text:
        return None
    value = convert(text)
    if value is None:
        notices.append(Notice(code, f"{name} holds {text[:80]!r}"))
    return value


def _integer(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if math.isfinite(value) and value == int(value) else None


def dicom_date(text: str) -> str | None:
    """Write a date as YYYYMMDD; ``None`` when it is no date of the calendar.

    Examples
    --------
    >>> dicom_date("2019.03.04"), dicom_date("20190230")
    ('20190304', None)
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, _, month, day = match.groups()
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return None
    return year + month + day


def dicom_time(text: str) -> str | None:
    """Write a time as HHMMSS, fractions cut; ``None`` when it is no time of the day.

    Examples
    --------
    >>> dicom_time("0730"), dicom_time("07:30:15.25"), dicom_time("noon")
    ('073000', '073015', None)
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (part or "00" for part in match.groups())
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return None
    return hour + minute + second


def age_years(text: str) -> float | None:
    """Read an age: ``075Y``, ``018M``, ``010W``, ``003D``, or a bare number of years.

    Examples
    --------
    >>> age_years("075Y"), age_years("75"), age_years("018M"), age_years("old")
    (75.0, 75.0, 1.5, None)
    """
    match = _AGE.fullmatch(text.strip().upper())
    if match is None:
        return None
    years = int(match[1]) * _YEARS[match[2]]
    return years if years <= MAX_AGE_YEARS else None


def _age(texts: Texts, study_date: str | None, notices: list[Notice]) -> float | None:
    age: float | None = _checked(texts, "patient_age", age_years, "age_unreadable", notices)
    born = dicom_date(texts.get("patient_birth_date", ""))
    if born is not None and study_date is not None and born > study_date:
        notices.append(Notice("birth_date_in_future", f"born after the study of {study_date}"))
        return age
    if age is not None or born is None or study_date is None:
        return age
    years = (_day(study_date) - _day(born)).days / 365.25
    if 0 <= years <= MAX_AGE_YEARS:
        return round(years, 2)
    notices.append(Notice("age_unreadable", f"born and imaged {years:.1f} years apart"))
    return None


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _sex(text: str) -> str | None:
    upper = text.upper()
    upper = _SEXES.get(upper, upper)
    return upper if upper in ("F", "M", "O") else None


def _laterality(texts: Texts) -> str | None:
    text = (texts.get("image_laterality") or texts.get("laterality") or "").upper()
    return _SIDES.get(text, text) or None


def _spacing_mm(text: str) -> tuple[float, float] | None:
    """Two positive numbers: between rows, between columns."""
    try:
        values = [float(part) for part in text.split("\\")]
    except ValueError:
        return None
    if len(values) != 2 or not all(math.isfinite(value) and value > 0 for value in values):
        return None
    return values[0], values[1]


def identity_of(texts: Texts) -> tuple[str, str, str]:
    """Birth date, sex and name in comparable form; dates and names as hashes.

    Spelling of a name does not count: upper case, and runs of ``^``, comma and blanks are one.
    """
    born = dicom_date(texts.get("patient_birth_date", "")) or ""
    sex = _sex(texts.get("patient_sex", "")) or ""
    name = texts.get("patient_name", "").partition("=")[0].upper()
    name = " ".join(re.split(r"[\s^,]+", name)).strip()
    return _short_hash(born), sex, _short_hash(name)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""
