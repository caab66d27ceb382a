"""Values that stand in the place of others: dummies, and texts of known words only."""

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

__all__ = ["DUMMY_DATE", "DUMMY_TEXT", "clean_text", "dummied", "dummy", "is_sound"]

DUMMY_TEXT, DUMMY_DATE = "REMOVED", "19000101"
_DUMMIES: dict[str, str | int | float | bytes] = {
    "AE": DUMMY_TEXT, "AS": "000Y", "AT": 0, "CS": DUMMY_TEXT, "DA": DUMMY_DATE, "DS": "0",
    "DT": f"{DUMMY_DATE}000000", "FL": 0.0, "FD": 0.0, "IS": "0", "LO": DUMMY_TEXT,
    "LT": DUMMY_TEXT, "OB": b"\0\0", "OD": b"\0" * 8, "OF": b"\0" * 4, "OL": b"\0" * 4,
    "OV": b"\0" * 8, "OW": b"\0\0", "PN": DUMMY_TEXT, "SH": DUMMY_TEXT, "SL": 0, "SS": 0,
    "ST": DUMMY_TEXT, "SV": 0, "TM": "000000", "UC": DUMMY_TEXT, "UL": 0, "UN": b"\0\0",
    "UR": "urn:removed", "US": 0, "UT": DUMMY_TEXT, "UV": 0,
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)?|[^\w\s]|_", re.UNICODE)
_SMALL_NUMBER = re.compile(r"\d{1,2}(?:[.,]\d)?")
_JOINING = frozenset("/+-")
_SOUND = {
    "DS": re.compile(rb"[0-9eE+\-. \\\0]*"),
    "IS": re.compile(rb"[0-9+\- \\\0]*"),
    "AS": re.compile(rb"[0-9]{1,3}[DWMY]?[ \0]*|[ \0]*"),
    "DA": re.compile(rb"[0-9.\-\\ \0]*"),
    "DT": re.compile(rb"[0-9.+\-\\ \0]*"),
    "TM": re.compile(rb"[0-9.:\-\\ \0]*"),
}


@cache
def _words() -> frozenset[str]:
    folder = files("osteon.sources.deidentify") / "data"
    content = json.loads((folder / "descriptor_words.json").read_text("utf-8"))
    return frozenset(word for part in content["words"].values() for word in part.split())


def clean_text(text: str) -> str:
    """Keep the words of radiology that a description consists of, drop every other.

    Kept are words of the list (any case) and numbers of one or two digits; names, identifiers,
    dates and whatever else is not known go.

    Examples
    --------
    >>> clean_text("PELVIS AP, Mr Smith 12/03/1940")
    'PELVIS AP'
    >>> clean_text("Hip L 2 views")
    'Hip L 2 views'
    """
    tokens = _WORD.findall(text)
    kept: list[str] = []
    for place, token in enumerate(tokens):
        if token.upper() in _words() or _is_plain_number(tokens, place):
            kept.append(token)
    return " ".join(kept) if any(token.upper() in _words() for token in kept) else ""


def _is_plain_number(tokens: list[str], place: int) -> bool:
    """Say whether a token is a small number, no part of a date, a time or an identifier."""
    if not _SMALL_NUMBER.fullmatch(tokens[place]):
        return False
    around = tokens[max(place - 2, 0) : place + 3]
    near = tokens[max(place - 1, 0) : place + 2]
    has_mark = any(not token.isalnum() and not _SMALL_NUMBER.fullmatch(token) for token in near)
    numbers = sum(token[0].isdigit() for token in around)
    return not has_mark and numbers == 1


def is_sound(vr: str, value: bytes | None) -> bool:
    """Whether the bytes of a number, age, date or time hold only what such a value may hold."""
    pattern = _SOUND.get(vr)
    return pattern is None or not value or pattern.fullmatch(value) is not None


def dummy(
    tag: int, vr: str, old: object = None, new_uid: Callable[[str], str] = str
) -> DataElement:
    """Make the dummy that replaces an element; a sequence keeps one item of dummies.

    UIDs are replaced by ``new_uid``, so that references go on agreeing.
    """
    if vr == "SQ":
        items = [item for item in _listed(old) if isinstance(item, Dataset)]
        kept = dummied(items[0], new_uid) if items else Dataset()
        return DataElement(tag, vr, Sequence([kept]))
    if vr == "UI":
        uids = [new_uid(str(uid)) for uid in _listed(old) if uid]
        return DataElement(tag, vr, uids if len(uids) > 1 else (uids or [""])[0])
    return DataElement(tag, vr, _DUMMIES[vr if vr in _DUMMIES else "UN"])


def dummied(item: Dataset, new_uid: Callable[[str], str] = str) -> Dataset:
    """Make an item in which every value is a dummy; a code becomes a code for nothing."""
    result = Dataset()
    for element in item:
        if not element.tag.group % 2:
            result[element.tag] = dummy(element.tag, element.VR, element.value, new_uid)
    if "CodingSchemeDesignator" in result:
        result.CodingSchemeDesignator = "99OSTEON"
    return result


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    is_single = isinstance(value, str | bytes) or not isinstance(value, Iterable)
    return [value] if is_single else list(value)  # type: ignore[call-overload]
