"""From the header of a DICOM file to the row of the table of instances.

The bytes of the needed elements come from :mod:`osteon.dicom.scan` or, for unusual files, from
pydicom; both end in the same texts, and :mod:`osteon.dicom.clean` makes them values. Nothing here
fails on a value: what cannot be read is empty and noted.
"""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pydicom import dcmread
from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset, FileDataset
from pydicom.multival import MultiValue
from pydicom.values import convert_text

from osteon.core.records import Exclusion
from osteon.dicom.clean import Notice, Row, Texts, clean_row, identity_of
from osteon.dicom.scan import Buffer, Scan, UnusualFileError, pixel_data_problem, scan
from osteon.errors import DicomError

__all__ = ["Header", "needed_tags", "read_header", "texts_of"]

_CHARACTER_SET = 0x00080005
_META = {
    0x00020002: "media_sop_class_uid",
    0x00020003: "media_sop_instance_uid",
    0x00020010: "transfer_syntax_uid",
}
_TEXTS = {
    0x00080008: "image_type", 0x00080016: "sop_class_uid", 0x00080018: "sop_instance_uid",
    0x00080020: "study_date", 0x00080022: "acquisition_date", 0x00080032: "acquisition_time",
    0x00080050: "accession_number", 0x00080060: "modality",
    0x00080068: "presentation_intent_type", 0x00080070: "manufacturer",
    0x00080080: "institution_name", 0x00081010: "station_name",
    0x00081030: "study_description", 0x0008103E: "series_description",
    0x00081090: "manufacturer_model_name", 0x00100010: "patient_name",
    0x00100020: "patient_id", 0x00100030: "patient_birth_date", 0x00100040: "patient_sex",
    0x00101010: "patient_age", 0x00180015: "body_part_examined",
    0x00181164: "imager_pixel_spacing", 0x00185101: "view_position",
    0x0020000D: "study_instance_uid", 0x0020000E: "series_instance_uid",
    0x00200013: "instance_number", 0x00200060: "laterality", 0x00200062: "image_laterality",
    0x00280004: "photometric_interpretation", 0x00280008: "number_of_frames",
    0x00280030: "pixel_spacing", 0x00280301: "burned_in_annotation",
}  # fmt: skip
_UNSIGNED = {
    0x00280002: "samples_per_pixel", 0x00280010: "rows", 0x00280011: "columns",
    0x00280100: "bits_allocated", 0x00280101: "bits_stored",
}  # fmt: skip
_NAMES = {**_TEXTS, **_UNSIGNED}
_WANTED = frozenset(_NAMES) | {_CHARACTER_SET}
_SPOKEN = frozenset(  # their text follows the Specific Character Set (SH, LO and PN)
    {0x00080050, 0x00080070, 0x00080080, 0x00081010, 0x00081030, 0x0008103E, 0x00081090,
     0x00100010, 0x00100020}
)  # fmt: skip
_ENVELOPED = bytes.fromhex("06092a864886f70d0107")  # CMS content types, DICOM PS3.15 annex D
_FOREIGN = (
    (b"\x1f\x8b", "archive_kind_unsupported", "a gzip archive: unpack it first"),
    (b"7z\xbc\xaf", "archive_kind_unsupported", "a 7z archive: unpack it first"),
    (b"Rar!", "archive_kind_unsupported", "a rar archive: unpack it first"),
    (b"Salted__", "encrypted", "encrypted by OpenSSL: decrypt it first"),
    (b"-----BEGIN PGP", "encrypted", "encrypted by PGP: decrypt it first"),
    (b"-----BEGIN CMS", "encrypted", "encrypted (CMS): decrypt it first"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What one file says about itself.

    Parameters
    ----------
    row
        Columns of the table of instances that come from the header.
    identity
        Birth date, sex and name as comparable hashes (empty when absent), to find two patients
        under one id without keeping names.
    notices
        What was cleaned or left empty, and why.
    """

    row: Row
    identity: tuple[str, str, str]
    notices: tuple[Notice, ...]


def needed_tags() -> list[int]:
    """Tags that a row needs, the transfer syntax (file meta) apart."""
    return sorted(_WANTED)


def read_header(data: Buffer, key: str) -> Header | Exclusion:
    """Read the header of a DICOM file, or say why the file is not taken.

    Parameters
    ----------
    data
        The whole file, as bytes or mapped memory.
    key
        Path of the file (and member of its archive), for the exclusion.

    Examples
    --------
    >>> read_header(b"hello", "a.txt").reason
    'not_dicom'
    """
    problem = _foreign(data)
    if problem is not None:
        return _excluded(key, *problem)
    try:
        texts, pixel_problem = _read(data)
    except DicomError as error:
        code = "truncated" if error.message.startswith("truncated") else "not_dicom"
        return _excluded(key, code, error.message)
    refusal = _refusal(texts) or pixel_problem
    if refusal is not None:
        return _excluded(key, *refusal)
    row, notices = clean_row(texts)
    return Header(row, identity_of(texts), notices)


def _excluded(key: str, reason: str, detail: str) -> Exclusion:
    return Exclusion("file", key, "ingest", reason, detail)


def _foreign(data: Buffer) -> tuple[str, str] | None:
    if len(data) == 0:
        return "empty", "the file holds no bytes"
    head = data[:256]
    if head[128:132] == b"DICM":
        return None
    for magic, reason, detail in _FOREIGN:
        if head.startswith(magic):
            return reason, detail
    if head[:1] == b"\x30" and _ENVELOPED in head[:64]:
        return "encrypted", "an encrypted or signed envelope (CMS): decrypt it first"
    if not _is_bare_dataset(head):
        return "not_dicom", "no DICM mark, and it does not start like a DICOM data set"
    return None


def _is_bare_dataset(head: bytes) -> bool:
    """Whether bytes without a preamble start with an element of group 2 or 8."""
    if len(head) < 8 or head[:2] not in (b"\x02\x00", b"\x08\x00", b"\x00\x08"):
        return False
    order: Literal["big", "little"] = "big" if head[0] == 0 else "little"
    is_explicit = head[4:6].isalpha() and head[4:6].isupper()
    length = (
        int.from_bytes(head[6:8], order) if is_explicit else int.from_bytes(head[4:8], "little")
    )
    return int.from_bytes(head[2:4], order) < 0x2000 and length < 1024


def _refusal(texts: Texts) -> tuple[str, str] | None:
    if texts.get("media_sop_class_uid") == "1.2.840.10008.1.3.10":
        return "dicomdir", "an index of a medium, not an image: the files it lists are read"
    for name in ("sop_instance_uid", "sop_class_uid"):
        if not texts.get(name) and not texts.get(f"media_{name}"):
            return f"{name}_missing", f"{name} is absent or empty: the object has no identity"
    for name in ("sop_instance_uid", "study_instance_uid", "series_instance_uid"):
        uid = texts.get(name) or texts.get(f"media_{name}", "")
        if len(uid) > 64:
            return "uid_too_long", f"{name} has {len(uid)} characters, DICOM allows 64: {uid}"
        if "\\" in uid:
            return "uid_not_single", f"{name} holds several values, wanted one: {uid}"
    return None


def _read(data: Buffer) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Texts of the needed elements, and the reason why the pixels are not whole."""
    try:
        found = scan(data, _WANTED)
        texts = _texts_of_scan(found)
    except (UnusualFileError, RecursionError):  # sequences nested without end are unusual, too
        return _read_with_pydicom(data)
    if found.pixels_at is None:
        return texts, _without_pixels(texts)
    problem = pixel_data_problem(data, found.pixels_at, is_implicit=found.is_implicit)
    return texts, None if problem is None else ("truncated", problem)


def _without_pixels(texts: Mapping[str, str]) -> tuple[str, str] | None:
    if not texts.get("rows"):
        return None
    return (
        "pixel_data_missing",
        f"an image of {texts['rows']} rows without pixel data: cut short, or stripped",
    )


def _texts_of_scan(found: Scan) -> dict[str, str]:
    values = found.values
    texts = {name: _plain(values[tag]) for tag, name in _META.items() if tag in values}
    character_set = _plain(values.get(_CHARACTER_SET, b""))
    for tag, name in _TEXTS.items():
        raw = values.get(tag)
        if raw is None:
            continue
        if raw.isascii() and b"\x1b" not in raw:
            texts[name] = _plain(raw)
        elif tag in _SPOKEN:
            texts[name] = _spoken(raw, character_set)
        else:
            texts[name] = _plain(raw)
    for tag, name in _UNSIGNED.items():
        raw = values.get(tag)
        if raw is not None:
            if len(raw) not in (0, 2):
                raise UnusualFileError(f"{name} has {len(raw)} bytes")
            texts[name] = str(int.from_bytes(raw, "little")) if raw else ""
    return texts


def _plain(raw: bytes) -> str:
    text = raw.decode("latin-1")
    if "\\" in text:
        return "\\".join(part.strip(" \0") for part in text.split("\\"))
    return text.strip(" \0")


def _spoken(raw: bytes, character_set: str) -> str:
    """Decode text by the Specific Character Set, with pydicom's tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encodings = convert_encodings(character_set.split("\\") if character_set else None)
        return _joined(convert_text(raw, encodings))


def _joined(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _plain(value)
    if isinstance(value, MultiValue):
        return "\\".join(str(part).strip(" \0") for part in value)
    return str(value).strip(" \0")


def _read_with_pydicom(data: Buffer) -> tuple[dict[str, str], tuple[str, str] | None]:
    stream = io.BytesIO(data)
    try:
        with _silence():
            dataset = dcmread(stream, stop_before_pixels=True, force=True)
            texts = texts_of(dataset)
    except (EOFError, zlib.error, struct.error) as error:
        raise DicomError(f"truncated: {error}") from error
    except Exception as error:  # damaged bytes can fail anywhere in the parser
        raise DicomError(f"pydicom cannot read it: {error}") from error
    return texts, _pixel_problem(dataset, data, stream.tell(), texts)


def _pixel_problem(
    dataset: FileDataset, data: Buffer, position: int, texts: Texts
) -> tuple[str, str] | None:
    if texts.get("transfer_syntax_uid", "").endswith((".1.99", ".4.95")):
        return None  # the parser read an inflated copy; a cut file fails to inflate
    if position >= len(data):
        return _without_pixels(texts)
    is_implicit, is_little_endian = dataset.original_encoding
    problem = pixel_data_problem(
        data,
        position,
        is_implicit=bool(is_implicit),
        is_little_endian=is_little_endian is not False,
    )
    return None if problem is None else ("truncated", problem)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep pydicom's remarks on odd values out of the log: they become notices."""
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def texts_of(dataset: Dataset) -> dict[str, str]:
    """Texts of the needed elements of a data set that pydicom read.

    Several values are joined by a backslash. A value that pydicom refuses to convert (text in a
    number field) is given as it stands in the file.
    """
    texts = {}
    meta = getattr(dataset, "file_meta", {})
    for tag, name in _META.items():
        if tag in meta:
            texts[name] = _joined(meta[tag].value)
    for tag, name in _NAMES.items():
        if tag not in dataset:
            continue
        try:
            texts[name] = _joined(dataset[tag].value)
        except Exception:  # pydicom raises what its converters raise, any kind
            texts[name] = _as_stored(dataset, tag)
    return texts


def _as_stored(dataset: Dataset, tag: int) -> str:
    value = dataset.get_item(tag).value
    return _plain(value) if isinstance(value, bytes) else str(value)
