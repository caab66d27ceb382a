"""The bytes of a DICOM file, elements that were only read being copied as they stand.

pydicom's writer is the reference: what comes out is what ``dcmwrite`` writes, to the byte. It
spends most of its time on elements that nobody changed, and copies pixels three times; here they
are joined once. Whatever is unusual (other byte orders, implicit or deflated syntaxes, values that
are no plain text) is left to pydicom.
"""

import struct
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_data_element, write_sequence_item
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

__all__ = ["file_bytes"]

_LONG: Final = frozenset(str(vr.value) for vr in EXPLICIT_VR_LENGTH_32)
_TEXT: Final = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UI", "UT"})
_META_TAGS: Final = (0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013)
_META_VERSION: Final = b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01"
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_UNDEFINED, _NOTHING = b"\xff\xff\xff\xff", b"\0\0\0\0"
_PIXEL_DATA, _LONGEST_SHORT, _LAST_WITH_LENGTH = 0x7FE00010, 0xFFFF, 6
_EXPLICIT_LITTLE: Final = (False, True)
_Encodings = str | list[str]


def file_bytes(dataset: FileDataset) -> bytes:
    """Encode an object with its preamble and file meta information.

    Parameters
    ----------
    dataset
        The object. Its file meta information names class, instance, transfer syntax and
        implementation; the group length is made.

    Returns
    -------
    bytes
        The same as ``dcmwrite(stream, dataset, enforce_file_format=True)`` gives.

    Raises
    ------
    Exception
        An error of pydicom's, where ``dcmwrite`` could not write the object either.
    """
    if not _is_plain(dataset):
        stream = BytesIO()
        dcmwrite(stream, dataset, enforce_file_format=True)
        return stream.getvalue()
    meta = b"".join([_META_VERSION, *_elements(dataset.file_meta, "iso8859")])
    length = struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(meta))
    return b"".join(
        [dataset.preamble or b"\0" * 128, b"DICM", length, meta, *_elements(dataset, "iso8859")]
    )


def _is_plain(dataset: FileDataset) -> bool:
    """Whether an object can be written here: explicit little-endian before and after."""
    meta, syntax = dataset.file_meta, dataset.file_meta.get("TransferSyntaxUID")
    if tuple(int(tag) for tag in meta.keys()) != _META_TAGS or syntax is None:  # noqa: SIM118
        return False
    if syntax.is_private or not syntax.is_transfer_syntax or not syntax.is_little_endian:
        return False
    if syntax.is_implicit_VR or syntax == DeflatedExplicitVRLittleEndian:
        return False
    is_same = (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (
        dataset.get("SOPClassUID"),
        dataset.get("SOPInstanceUID"),
    )
    has_group = any(int(tag) >> 16 in (0, 2) for tag in dataset.keys())  # noqa: SIM118
    return is_same and not has_group and _is_unconverted(dataset) and _has_plain_pixels(dataset)


def _is_unconverted(dataset: Dataset) -> bool:
    """Whether elements that were only read are bytes in the encoding that is written."""
    is_same_text = dataset.original_character_set == dataset._character_set
    return is_same_text and dataset.original_encoding == _EXPLICIT_LITTLE


def _has_plain_pixels(dataset: FileDataset) -> bool:
    if _PIXEL_DATA not in dataset:
        return True
    element = dataset.get_item(_PIXEL_DATA)
    value, vr = getattr(element, "value", None), getattr(element, "VR", None)
    if not isinstance(value, bytes) or not value or vr not in ("OB", "OW"):
        return False
    is_compressed = dataset.file_meta.TransferSyntaxUID.is_compressed
    element_is_framed = value.startswith(_ITEM)
    if is_compressed and not element_is_framed:
        return False
    dataset[_PIXEL_DATA].is_undefined_length = is_compressed
    return True


def _elements(dataset: Dataset, parent: _Encodings) -> Iterator[bytes]:
    """Encode elements in the order of their tags."""
    encodings: _Encodings = dataset.get("SpecificCharacterSet", parent)
    for tag in sorted(dataset.keys(), key=int):
        number = int(tag)
        if not number & 0xFFFF and number >> 16 > _LAST_WITH_LENGTH:
            continue  # group lengths are retired (PS3.5, 7.2)
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement):
            yield from _raw(number, element, encodings)
        elif isinstance(element, DataElement):
            yield from _converted(number, element, encodings)


def _raw(number: int, element: RawDataElement, encodings: _Encodings) -> Iterable[bytes]:
    vr, value = element.VR or "", element.value
    fits = value is not None and (vr in _LONG or len(value) <= _LONGEST_SHORT)
    if len(vr) != 2 or not fits or element.length == 0xFFFFFFFF or value is None:
        return (_by_pydicom(element, encodings),)
    return (_head(number, vr, len(value)), value)


def _converted(number: int, element: DataElement, encodings: _Encodings) -> Iterable[bytes]:
    vr = str(element.VR)
    if vr == "SQ":
        return _sequence(number, element, encodings)
    value = element.value
    if number == _PIXEL_DATA and isinstance(value, bytes) and vr in ("OB", "OW"):
        return _pixels(number, vr, value, is_framed=element.is_undefined_length)
    data = _plain_text(vr, value) if vr in _TEXT else None
    if data is None or (vr not in _LONG and len(data) > _LONGEST_SHORT):
        return (_by_pydicom(element, encodings),)
    return (_head(number, vr, len(data)), data)


def _pixels(number: int, vr: str, value: bytes, *, is_framed: bool) -> Iterable[bytes]:
    padding = b"\0" * (len(value) % 2)
    if not is_framed:
        return (_head(number, vr, len(value) + len(padding)), value, padding)
    head = _head(number, vr, 0)[:-4] + _UNDEFINED
    return (head, value, padding, _SEQUENCE_END, _NOTHING)


def _sequence(number: int, element: DataElement, encodings: _Encodings) -> Iterable[bytes]:
    items = b"".join(part for item in element.value for part in _item(item, encodings))
    if not element.is_undefined_length:
        return (_head(number, "SQ", len(items)), items)
    return (_head(number, "SQ", 0)[:-4] + _UNDEFINED, items, _SEQUENCE_END, _NOTHING)


def _item(item: Dataset, encodings: _Encodings) -> Iterable[bytes]:
    if not _is_unconverted(item) and not _is_all_converted(item):
        stream = _stream()
        write_sequence_item(stream, item, encodings)  # type: ignore[arg-type]
        return (stream.getvalue(),)
    content = b"".join(_elements(item, encodings))
    if getattr(item, "is_undefined_length_sequence_item", False):
        return (_ITEM, _UNDEFINED, content, _ITEM_END, _NOTHING)
    return (_ITEM, struct.pack("<L", len(content)), content)


def _is_all_converted(item: Dataset) -> bool:
    """Whether an item was made here: no bytes of another encoding, no representation in doubt."""
    elements = (item.get_item(tag) for tag in item.keys())  # noqa: SIM118
    return all(isinstance(one, DataElement) and len(str(one.VR)) == 2 for one in elements)


def _head(number: int, vr: str, length: int) -> bytes:
    """Tag, representation and length (PS3.5, 7.1.2)."""
    group, element = number >> 16, number & 0xFFFF
    if vr in _LONG:
        return struct.pack("<HH2sHL", group, element, vr.encode(), 0, length)
    return struct.pack("<HH2sH", group, element, vr.encode(), length)


def _plain_text(vr: str, value: Any) -> bytes | None:
    """Encode text that is the same in every character set; ``None`` for any other value."""
    if value is None:
        return b""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, Iterable) or not all(isinstance(text, str) for text in texts):
        return None
    text = "\\".join(texts)
    if not text.isascii() or "~" in text or "\x1b" in text:
        return None
    padding = "\0" if vr == "UI" else " "
    return (text + padding * (len(text) % 2)).encode()


def _by_pydicom(element: DataElement | RawDataElement, encodings: _Encodings) -> bytes:
    stream = _stream()
    write_data_element(stream, element, encodings)
    return stream.getvalue()


def _stream() -> DicomBytesIO:
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = _EXPLICIT_LITTLE
    return stream
