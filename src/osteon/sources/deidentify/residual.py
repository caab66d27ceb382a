"""The search for residue: what the original protected and the new file still holds.

Every spelling of every protected value is looked for in the bytes of the written header; where
bytes agree, the element is found and judged. Bytes that agree by chance do not count: UIDs that
Osteon made, numbers, dates that a shift made, and parts of longer words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset

from osteon.dicom.open import describe_tag
from osteon.sources.deidentify.protected import Needle, Protected

__all__ = ["Residue", "residue_in_bytes", "residue_in_texts"]

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "FD", "FL", "SL", "SS", "SV", "UL", "US"})
_NUMBERS = frozenset({"DS", "IS", "AS", "TM", "UV", "AT"})
_LONG_BYTES, _LONG_CODE, _LONG_NUMBER = 6, 6, 5
_LETTER = rb"[0-9A-Za-z\x80-\xff]"


@dataclass(frozen=True, slots=True)
class Residue:
    """Where a protected value was found: the element that holds it, and the one it comes from.

    ``place`` is ``"pixels"`` when it was read off the image. The value itself is not told.
    """

    place: str
    origin: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.origin} found in {self.place}"


def residue_in_bytes(
    data: bytes, pixel_bytes: int, protected: Protected, *, is_encapsulated: bool
) -> Residue | None:
    """Search a written file.

    Parameters
    ----------
    data
        The new file.
    pixel_bytes
        Length of the pixel data at its end. Compressed pixel data are searched too (they can
        hold comments); samples are left to the search in the image.
    protected
        What was taken out of the original.
    is_encapsulated
        Whether the pixel data are compressed.
    """
    head_bytes = len(data) - pixel_bytes
    head = data[:head_bytes].lower()
    needles = protected.needles()
    if is_encapsulated:
        for needle in needles:
            if len(needle.text) >= _LONG_BYTES and _is_in_stream(needle.text, data, head_bytes):
                return Residue("(7FE0,0010) PixelData", _origin(needle), needle.kind)
    near = [needle for needle in needles if needle.text in head]
    if not near:
        return None
    dataset = dcmread(BytesIO(data), stop_before_pixels=True, force=True)
    for tag, vr, value in _values(dataset, data):
        for needle in near:
            if _agrees(vr, value, needle, protected):
                return Residue(describe_tag(tag), _origin(needle), needle.kind)
    return None


def residue_in_texts(texts: list[str], protected: Protected) -> Residue | None:
    """Search texts that were read off an image; only words of three letters and more count."""
    joined = " ".join(texts).lower().encode()
    for needle in protected.needles():
        if needle.kind != "uid" and re.search(_whole(needle.text), joined):
            return Residue("pixels", _origin(needle), needle.kind)
    return None


def _origin(needle: Needle) -> str:
    return describe_tag(needle.tag) if needle.tag else "a UID"


def _is_in_stream(text: bytes, data: bytes, start: int) -> bool:
    return any(data.find(spelling, start) >= 0 for spelling in {text, text.upper(), text.title()})


def _values(dataset: Dataset, data: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Give tag, representation and raw bytes of every element at every depth."""
    for tag in list(dataset.keys()):
        raw = dataset.get_item(tag)
        if raw is None:
            continue
        value, vr = raw.value, raw.VR or ""
        if isinstance(value, bytes) and vr and vr != "SQ":
            yield int(tag), vr, value
            continue
        element = dataset[tag]
        if element.VR == "SQ":
            for item in element.value:
                yield from _values(item, data)
        elif isinstance(value, bytes):
            yield int(tag), element.VR, value
        elif element.value is not None:
            yield int(tag), element.VR, str(element.value).encode()


def _agrees(vr: str, value: bytes, needle: Needle, protected: Protected) -> bool:
    if vr == "UI":
        uids = value.strip(b"\0 ").split(b"\\")
        return needle.kind == "uid" and needle.text in uids
    if vr in _NUMBERS:
        return False
    if vr in _BINARY:
        return len(needle.text) >= _LONG_BYTES and needle.text in value.lower()
    if needle.kind == "date":
        is_made = protected.dates_stay or needle.text.decode("latin-1") in protected.made_dates
        return needle.text in value and not (vr in ("DA", "DT") and is_made)
    if vr == "CS" and len(needle.text) < _LONG_CODE:
        return False
    if needle.text.isdigit() and len(needle.text) < _LONG_NUMBER:
        return needle.text in [part.strip(b"\0 ") for part in value.split(b"\\")]
    is_code = needle.kind == "identifier" and len(needle.text) >= _LONG_CODE
    if is_code or needle.is_wide:
        return needle.text in value.lower()
    return re.search(_whole(needle.text), value.lower()) is not None


def _whole(text: bytes) -> bytes:
    """Pattern of a text that is no part of a longer word."""
    return rb"(?<!" + _LETTER + rb")" + re.escape(text) + rb"(?!" + _LETTER + rb")"
