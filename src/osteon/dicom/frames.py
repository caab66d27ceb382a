"""Attributes of one frame: per-frame functional groups, then shared ones, then the dataset."""

import math
import struct
import warnings
from collections.abc import Iterator
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from osteon.dicom.open import describe_tag
from osteon.errors import DicomError

__all__ = ["FrameAttributes", "frame_count"]


def frame_count(ds: Dataset) -> int:
    """Give the number of frames (0028,0008), 1 when absent or not a positive number."""
    value = FrameAttributes(ds).integer("NumberOfFrames")
    return value if value is not None and value > 0 else 1


class FrameAttributes:
    """Look up attributes of one frame of an object, tolerant of text in number fields.

    Enhanced multi-frame objects keep rescale, window and spacing in functional groups (PS3.3
    C.7.6.16); classic objects at the top. A value that is absent, empty or of the wrong kind
    is ``None``.
    """

    def __init__(self, ds: Dataset, frame: int = 0) -> None:
        self.dataset = ds
        self._places = tuple(_places(ds, frame))

    def value(self, keyword: str) -> Any:
        """Give the first value found, as pydicom reads it; ``None`` when absent or unreadable."""
        for place in self._places:
            if keyword in place:
                found = _quiet(place, keyword)
                if found is not None and found != "":
                    return found
        return None

    def text(self, keyword: str) -> str:
        """Give a text in upper case without outer blanks; the first of several; "" when absent."""
        values = _as_list(self.value(keyword))
        return str(values[0]).strip().upper() if values else ""

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Give all values of a text."""
        return tuple(str(item).strip() for item in _as_list(self.value(keyword)))

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Give all values as finite numbers; empty when absent or one is not a number."""
        try:
            values = tuple(float(item) for item in _as_list(self.value(keyword)))
        except (TypeError, ValueError):
            return ()
        return values if all(math.isfinite(item) for item in values) else ()

    def number(self, keyword: str) -> float | None:
        """Give the first value as a finite number."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def integer(self, keyword: str) -> int | None:
        """Give the first value as an integer; ``None`` when it is not whole."""
        value = self.number(keyword)
        return int(value) if value is not None and value == int(value) else None

    def stored_value(self, keyword: str, *, is_signed: bool) -> int | None:
        """Give a value of VR "US or SS" in the signedness of the pixels.

        Writers get this wrong both ways: unsigned words in signed images and the reverse, so
        the 16 bits are read again as Pixel Representation (0028,0103) says.
        """
        value = self.value(keyword)
        if isinstance(value, bytes) and len(value) >= 2:
            order = ">" if getattr(self.dataset, "original_encoding", (None,))[-1] is False else "<"
            value = struct.unpack(f"{order}H", value[:2])[0]
        try:
            number = int(_as_list(value)[0])
        except (IndexError, TypeError, ValueError):
            return None
        if is_signed and 2**15 <= number < 2**16:
            return number - 2**16
        return number + 2**16 if not is_signed and -(2**15) <= number < 0 else number

    def items(self, keyword: str) -> tuple[Dataset, ...]:
        """Give the items of a sequence; empty when absent."""
        value = self.value(keyword)
        try:
            return tuple(item for item in value or () if isinstance(item, Dataset))
        except TypeError:
            return ()

    def required_integer(self, keyword: str) -> int:
        """Give an integer that must be there and positive.

        Raises
        ------
        DicomError
            If it is absent or is not a positive number; names the tag.
        """
        value = self.integer(keyword)
        if value is None or value < 1:
            got = self.value(keyword)
            tag = describe_tag(tag_for_keyword(keyword) or 0)
            raise DicomError(f"{tag} is {got!r}, wanted a positive whole number")
        return value


def _places(ds: Dataset, frame: int) -> Iterator[Dataset]:
    for keyword, index in (
        ("PerFrameFunctionalGroupsSequence", frame),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        groups = _quiet(ds, keyword) if keyword in ds else None
        if groups and index < len(groups):
            for element in groups[index]:
                if element.VR == "SQ" and element.value and len(element.value):
                    yield element.value[0]
    yield ds


def _quiet(ds: Dataset, keyword: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ds[keyword].value
        except Exception:  # a damaged element can fail in pydicom in any way; absent is the answer
            return None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return [value]
    return [item for item in value if item not in (None, "")]
