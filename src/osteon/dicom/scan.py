"""Find the few elements a table needs in the bytes of a DICOM file, fast.

Reading a header with a full parser makes an object of every element. This scanner steps over the
elements of a little-endian file and keeps the bytes of those that are wanted; whatever is not
plain (big endian, deflated, no preamble, an unknown value representation) raises
:class:`UnusualFileError`, and the caller reads that file with pydicom instead.

Source: DICOM PS3.5 sections 7.1 (elements), 7.5 (sequences), A.4 (encapsulated pixel data).
"""

import mmap
import struct
from collections.abc import Set
from dataclasses import dataclass

from osteon.errors import DicomError

__all__ = ["Buffer", "Scan", "UnusualFileError", "pixel_data_problem", "scan"]

Buffer = bytes | mmap.mmap

_PREAMBLE = 132
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_TRANSFER_SYNTAX = 0x00020010
_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_IMPLICIT, _BIG_ENDIAN = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2"
_DEFLATED = frozenset({b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.95"})
_SHORT_FORM = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(b" ")
)
_LONG_FORM = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(b" "))
_EXPLICIT_HEADER = struct.Struct("<HH2sH")
_IMPLICIT_HEADER = struct.Struct("<HHI")
_LENGTH = struct.Struct("<I")


class UnusualFileError(Exception):
    """The file is not plain; read it with pydicom."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner kept: bytes of the wanted elements by tag, and where the pixels start.

    ``pixels_at`` is the offset of the pixel data element, ``None`` when there is none.
    """

    values: dict[int, bytes]
    pixels_at: int | None
    is_implicit: bool


def scan(data: Buffer, wanted: Set[int]) -> Scan:
    """Step over the elements of a file and keep the wanted ones.

    Parameters
    ----------
    data
        The whole file, with preamble.
    wanted
        Tags as integers, ``0x00100020`` for Patient ID.

    Raises
    ------
    DicomError
        If an element ends behind the end of the file.
    UnusualFileError
        If the file is not a plain little-endian one.
    """
    if data[128:132] != b"DICM":
        raise UnusualFileError("no preamble")
    values: dict[int, bytes] = {}
    position = _scan_meta(data, values)
    syntax = values.get(_TRANSFER_SYNTAX, b"").rstrip(b"\0 ")
    if not syntax or syntax == _BIG_ENDIAN or syntax in _DEFLATED:
        raise UnusualFileError("byte order, deflation or no transfer syntax")
    is_implicit = syntax == _IMPLICIT
    letters = data[position + 4 : position + 6]
    if is_implicit == (letters.isalpha() and letters.isupper()):
        raise UnusualFileError("the transfer syntax is not the one in the file")
    pixels_at = _scan_elements(data, position, wanted, values, is_implicit)
    return Scan(values, pixels_at, is_implicit)


def _scan_meta(data: Buffer, values: dict[int, bytes]) -> int:
    position = _PREAMBLE
    while data[position : position + 2] == b"\x02\x00":
        tag, length, value_at = _explicit(data, position)
        position = value_at + length
        if position > len(data):
            raise _truncated(tag, position, len(data))
        values[tag] = data[value_at:position]
    return position


def _scan_elements(
    data: Buffer, position: int, wanted: Set[int], values: dict[int, bytes], is_implicit: bool
) -> int | None:
    end = len(data)
    header = _implicit if is_implicit else _explicit
    while position < end:
        tag, length, value_at = header(data, position)
        if tag in _PIXEL_DATA:
            return position
        if length == _UNDEFINED:
            position = _behind_items(data, value_at, is_implicit)
            continue
        position = value_at + length
        if position > end:
            raise _truncated(tag, position, end)
        if tag in wanted:
            values[tag] = data[value_at:position]
    return None


def _explicit(data: Buffer, position: int) -> tuple[int, int, int]:
    """Tag, length and offset of the value of an element that names its representation."""
    try:
        group, element, vr, length = _EXPLICIT_HEADER.unpack_from(data, position)
        if vr in _SHORT_FORM:
            return group << 16 | element, length, position + 8
        if vr not in _LONG_FORM:
            raise UnusualFileError(f"value representation {vr!r}")
        (length,) = _LENGTH.unpack_from(data, position + 8)
    except struct.error:
        raise DicomError(f"truncated: the file ends inside an element at {position}") from None
    if vr == b"UN" and length == _UNDEFINED:
        raise UnusualFileError("UN of undefined length")
    return group << 16 | element, length, position + 12


def _implicit(data: Buffer, position: int) -> tuple[int, int, int]:
    try:
        group, element, length = _IMPLICIT_HEADER.unpack_from(data, position)
    except struct.error:
        raise DicomError(f"truncated: the file ends inside an element at {position}") from None
    return group << 16 | element, length, position + 8


def _behind_items(data: Buffer, position: int, is_implicit: bool) -> int:
    """Offset behind a sequence of undefined length."""
    while True:
        tag, length, position = _implicit(data, position)
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise UnusualFileError(f"element {tag:08X} between the items of a sequence")
        position = (
            _behind_item(data, position, is_implicit) if length == _UNDEFINED else position + length
        )


def _behind_item(data: Buffer, position: int, is_implicit: bool) -> int:
    """Offset behind an item of undefined length."""
    header = _implicit if is_implicit else _explicit
    while data[position : position + 4] != b"\xfe\xff\x0d\xe0":
        _, length, value_at = header(data, position)
        position = (
            _behind_items(data, value_at, is_implicit)
            if length == _UNDEFINED
            else value_at + length
        )
    return position + 8


def _truncated(tag: int, wanted: int, size: int) -> DicomError:
    return DicomError(
        f"truncated: element ({tag >> 16:04X},{tag & 0xFFFF:04X}) ends at byte {wanted}, "
        f"the file at {size}"
    )


def pixel_data_problem(
    data: Buffer, position: int, *, is_implicit: bool, is_little_endian: bool = True
) -> str | None:
    """Say whether the pixel data element at an offset is cut short; ``None`` when it is whole.

    Native pixels must end inside the file; encapsulated ones are followed from fragment to
    fragment to their delimiter. Pixels that end exactly with the file and lack the delimiter
    pass: some writers leave it out, and nothing is lost.
    """
    mark = "<" if is_little_endian else ">"
    try:
        if is_implicit:
            (length,) = struct.unpack_from(mark + "I", data, position + 4)
            position += 8
        else:
            (length,) = struct.unpack_from(mark + "I", data, position + 8)
            position += 12
        if length != _UNDEFINED:
            lost = position + length - len(data)
            return f"truncated: {lost} bytes of pixel data are missing" if lost > 0 else None
        while position < len(data):
            tag, length, position = _implicit(data, position)
            if tag == _SEQUENCE_END:
                return None
            if tag != _ITEM:
                return f"the pixel data holds {tag:08X} where a fragment should start"
            position += length
    except (struct.error, DicomError):
        return "truncated: the file ends inside the header of a pixel data element"
    lost = position - len(data)
    return f"truncated: {lost} bytes of the last fragment are missing" if lost > 0 else None
