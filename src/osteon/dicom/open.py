"""Open a DICOM file, or say in one sentence why it cannot be used."""

import io
import warnings
import zlib
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from osteon.dicom.archive import ArchiveLimits, read_archived
from osteon.errors import DicomError

__all__ = [
    "MAX_FILE_BYTES",
    "describe_tag",
    "looks_like_dicom",
    "open_instance",
    "parse_instance",
    "read_bytes",
    "source_name",
]

MAX_FILE_BYTES: Final = 512 * 2**20  # a film of 16,000 x 16,000; checked before reading
_UNDEFINED_LENGTH = 0xFFFFFFFF
_INFLATE_STEP = 2**22
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive", "give the archive to `osteon ingest`, which looks inside"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"Salted__", "encrypted (OpenSSL)", "decrypt it with the key of whoever sent it"),
    (b"-----BEGIN PGP", "encrypted (PGP)", "decrypt it with the key of whoever sent it"),
    (b"-----BEGIN CMS", "encrypted (CMS)", "decrypt it with the key of whoever sent it"),
    (b"\x89PNG", "a PNG picture", "export the DICOM object instead of a picture of it"),
    (b"\xff\xd8\xff", "a JPEG picture", "export the DICOM object instead of a picture of it"),
    (b"\x5c\x01\x00\x00", "a NIfTI volume", "read it with osteon.pixels.volume.read_volume"),
)
_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d0107")  # CMS content types, PS3.15 annex D


def open_instance(
    path: Path,
    archive_member: str | None = None,
    *,
    max_bytes: int = MAX_FILE_BYTES,
    header_only: bool = False,
) -> FileDataset:
    """Read one DICOM object.

    Files without the 128-byte preamble are accepted when what follows looks like DICOM.

    Parameters
    ----------
    path
        The file, or the zip archive that holds it.
    archive_member
        Name inside the archive; empty or ``None`` for a plain file.
    max_bytes
        Largest size accepted, after inflating, in bytes.
    header_only
        Stop before the pixel data.

    Raises
    ------
    DicomError
        If the file is absent, empty, truncated, too large, encrypted or not DICOM.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> open_instance(Path(get_testdata_file("CT_small.dcm"))).Modality
    'CT'
    """
    data = read_bytes(path, archive_member, max_bytes=max_bytes)
    name = source_name(path, archive_member)
    return parse_instance(data, name, max_bytes=max_bytes, header_only=header_only)


def source_name(path: Path, archive_member: str | None = None) -> str:
    """Name a file, or a member of an archive, for messages."""
    return f"{path}!{archive_member}" if archive_member else str(path)


def read_bytes(
    path: Path, archive_member: str | None = None, *, max_bytes: int = MAX_FILE_BYTES
) -> bytes:
    """Read a file or a member of a zip archive whole.

    Raises
    ------
    DicomError
        If it is absent, too large, encrypted or cannot be unpacked.
    """
    name = source_name(path, archive_member)
    try:
        if archive_member:
            return _member_bytes(path, archive_member, max_bytes)
        if (size := path.stat().st_size) > max_bytes:
            raise _too_large(name, size, max_bytes)
        return path.read_bytes()
    except OSError as error:
        raise DicomError(f"{name} cannot be read: {error.strerror or error}") from error


def looks_like_dicom(head: bytes) -> bool:
    """Whether the first bytes of a file (256 or more) can be those of a DICOM object."""
    return head[128:132] == b"DICM" or _looks_like_bare_dataset(head)


def parse_instance(
    data: bytes, name: str, *, max_bytes: int = MAX_FILE_BYTES, header_only: bool = False
) -> FileDataset:
    """Parse the bytes of one DICOM object; ``name`` is for messages.

    Raises
    ------
    DicomError
        If the bytes are empty, truncated, too large when inflated, encrypted or not DICOM.
    """
    if not data:
        raise DicomError(f"{name} is empty", remedy="copy or export the file again")
    head = data[:1024]
    if not looks_like_dicom(head):
        raise _not_dicom(name, head)
    _check_inflated_size(data, name, max_bytes)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True, stop_before_pixels=header_only)
    except InvalidDicomError as error:
        raise _not_dicom(name, head) from error
    except (EOFError, zlib.error) as error:
        raise _truncated(name, len(data), str(error)) from error
    except Exception as error:  # a damaged header can fail in pydicom in any way
        raise DicomError(
            f"{name} cannot be parsed as DICOM: {error}", remedy="copy or export the file again"
        ) from error
    if ended := [str(item.message) for item in caught if _says_end_of_file(str(item.message))]:
        raise _truncated(name, len(data), ended[0])
    _check_whole(dataset, name, len(data))
    return dataset


def describe_tag(tag: int) -> str:
    """Write a tag as ``(7FE0,0010) PixelData``."""
    keyword = pydicom.datadict.keyword_for_tag(tag)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword}".rstrip()


def _member_bytes(path: Path, member: str, max_bytes: int) -> bytes:
    if not path.exists():
        raise DicomError(f"{path} cannot be read: there is no such archive")
    try:
        return read_archived(path, member, ArchiveLimits(max_member_bytes=max_bytes))
    except DicomError as error:
        raise DicomError(f"{path}!{member}: {error.message}", remedy=error.remedy) from error


def _too_large(name: str, size: int, max_bytes: int) -> DicomError:
    return DicomError(
        f"{name} is {size / 2**20:.0f} MiB, wanted at most {max_bytes / 2**20:.0f} MiB",
        remedy="raise max_bytes if the file is meant to be this large",
    )


def _looks_like_bare_dataset(head: bytes) -> bool:
    """Whether the first element can be one of group 0002 or 0008, in any byte order."""
    if len(head) < 8:
        return False
    little = head[:2] in (b"\x02\x00", b"\x08\x00") and head[3] == 0
    big = head[:2] == b"\x00\x08" and head[2] == 0
    has_vr = head[4:6].isalpha() and head[4:6].isupper()
    length = int.from_bytes(head[4:8], "little")
    return (little and (has_vr or length < 2**16)) or (big and has_vr)


def _not_dicom(name: str, head: bytes) -> DicomError:
    if head[:1] == b"\x30" and _ENVELOPED_DATA in head[:64]:
        return DicomError(
            f"{name} is encrypted (CMS envelope, PS3.15): wanted a plain DICOM file",
            remedy="decrypt it with the key of whoever sent it",
        )
    for start, what, remedy in _FOREIGN:
        if head.startswith(start):
            return DicomError(f"{name} is {what}, wanted a DICOM file", remedy=remedy)
    return DicomError(
        f"{name} is not DICOM: no DICM mark at byte 128 and no data element at byte 0",
        remedy="leave it out; ingest lists such files in the table of exclusions",
    )


def _truncated(name: str, size: int, detail: str) -> DicomError:
    return DicomError(
        f"{name} is truncated after {size} bytes: {detail}", remedy="copy or export the file again"
    )


def _says_end_of_file(message: str) -> bool:
    lowered = message.lower()
    return "end of file" in lowered or "eof" in lowered


def _check_inflated_size(data: bytes, name: str, max_bytes: int) -> None:
    """Refuse a deflated object that would grow beyond all bounds, before pydicom inflates it."""
    if DeflatedExplicitVRLittleEndian.encode() not in data[132:1024]:
        return
    if data[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        raise DicomError(f"{name} is deflated and lacks (0002,0000) FileMetaInformationGroupLength")
    pending = data[144 + int.from_bytes(data[140:144], "little") :]
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        while pending and not inflater.eof:
            total += len(inflater.decompress(pending, _INFLATE_STEP))
            if total > max_bytes:
                raise _too_large(name, total, max_bytes)
            pending = inflater.unconsumed_tail
    except zlib.error as error:
        raise _truncated(name, len(data), str(error)) from error
    if not inflater.eof:
        raise _truncated(name, len(data), "the deflated stream has no end")


def _check_whole(dataset: FileDataset, name: str, size: int) -> None:
    if len(dataset) == 0:
        raise _truncated(name, size, "there is no data element after the header")
    for tag in dataset.keys():  # noqa: SIM118  iterating a Dataset converts its elements
        try:
            element = dataset.get_item(tag)
        except Exception as error:  # a damaged element can fail in pydicom in any way
            raise DicomError(
                f"{name}: {describe_tag(tag)} cannot be read: {error}",
                remedy="copy or export the file again",
            ) from error
        if not isinstance(element, RawDataElement) or element.length == _UNDEFINED_LENGTH:
            continue
        found = len(element.value or b"")
        if found < element.length:
            detail = f"{describe_tag(tag)} has {found} of {element.length} bytes"
            raise _truncated(name, size, detail)
