"""The files of an annotation export, one by one: a file, a folder, or a zip archive read in memory.

A document is parsed once, whichever formats look at it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree
from pydicom.dataset import FileDataset

from osteon.core.decoding import Decoded, decode_text
from osteon.core.spreadsheets import Sheet, is_workbook, read_sheet
from osteon.dicom.archive import ArchiveLimits, is_zip, list_members, open_zip, read_member
from osteon.dicom.open import parse_instance
from osteon.dicom.scan import UnusualFileError, scan
from osteon.errors import AnnotationError, DicomError, TableError

__all__ = ["MAX_DOCUMENT_BYTES", "TABLE_ENDINGS", "Document", "documents"]

MAX_DOCUMENT_BYTES = 512 * 2**20
TABLE_ENDINGS = frozenset({".csv", ".tsv", ".xlsx"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"})
_LEVELS_UP = 3
_Reader = Callable[[str], bytes | None]


class Document:
    """One file of an export.

    Parameters
    ----------
    name
        Its name within the export, with ``/``.
    read
        Gives the bytes of a file of the export by its name; ``None`` when there is none.
    """

    def __init__(self, name: str, read: _Reader) -> None:
        self.name = name
        self.path = PurePosixPath(name)
        self._read = read

    @cached_property
    def data(self) -> bytes:
        """The bytes."""
        return self._read(self.name) or b""

    @cached_property
    def text(self) -> str:
        """The text; empty when it is none."""
        return self._decoded.text

    @cached_property
    def _decoded(self) -> Decoded:
        if b"\0" in self.data[:4] and not self._has_mark:
            return Decoded("", "")
        try:
            return decode_text(self.data, self.name)
        except TableError:
            return Decoded("", "")

    @property
    def _has_mark(self) -> bool:
        return self.data[:2] in (b"\xff\xfe", b"\xfe\xff")

    @cached_property
    def json(self) -> Any:
        """The content of a JSON file, ``None`` when it does not look like one.

        Raises
        ------
        AnnotationError
            If it begins as JSON and is not whole.
        """
        if self.is_dicom or self.data.lstrip(b"\xef\xbb\xbf \t\r\n\xff\xfe\0")[:1] not in (
            b"{", b"[",
        ):  # fmt: skip
            return None
        try:
            return json.loads(self._decoded.tell().text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise AnnotationError(
                f"annotations {self.name} are not whole JSON: {error}", remedy="export them again"
            ) from error

    @cached_property
    def xml(self) -> Element | None:
        """The root of an XML file, ``None`` when it does not look like one.

        Raises
        ------
        AnnotationError
            If it is not whole, or declares a document type or entities: these are refused.
        """
        if not self.text.lstrip().startswith("<"):
            return None
        try:
            root: Element = ElementTree.fromstring(self.data, forbid_dtd=True)
        except ParseError as error:
            raise AnnotationError(
                f"annotations {self.name} are not whole XML: {error}", remedy="export them again"
            ) from error
        except DefusedXmlException as error:
            raise AnnotationError(
                f"annotations {self.name} declare a document type or entities, which is refused",
                remedy="take the <!DOCTYPE ...> out of the file",
            ) from error
        return root

    @cached_property
    def sheet(self) -> Sheet | None:
        """The table of a CSV file or workbook, ``None`` when it is another kind of file."""
        if self.is_dicom or self.json is not None or self.xml is not None:
            return None
        if not self.text and not is_workbook(self.data):
            return None
        try:
            return read_sheet(self.data, self.name)
        except TableError as error:
            if self.path.suffix.lower() not in TABLE_ENDINGS:
                return None  # a note or a picture that lies beside
            raise AnnotationError(f"annotations {error.message}", remedy=error.remedy) from error

    @property
    def is_dicom(self) -> bool:
        """Whether it is a DICOM file with its preamble, or without one by its name."""
        return self.data[128:132] == b"DICM" or self.path.suffix.lower() == ".dcm"

    @cached_property
    def dicom(self) -> FileDataset | None:
        """The data set of a DICOM file, ``None`` when it is none.

        Raises
        ------
        AnnotationError
            If it is truncated or otherwise not DICOM.
        """
        if not self.is_dicom:
            return None
        try:
            with suppress(UnusualFileError):
                scan(self.data, frozenset())  # steps over every element: none may be cut short
            return parse_instance(self.data, self.name)
        except DicomError as error:
            raise AnnotationError(error.message, remedy=error.remedy) from error

    def beside(self, name: str) -> "Document | None":
        """Give the file of this name in the same folder or the nearest one above it."""
        folder = self.path.parent
        for _ in range(_LEVELS_UP):
            found = Document(str(folder / name), self._read)
            if found.data:
                return found
            if folder == folder.parent:
                return None
            folder = folder.parent
        return None


def documents(path: Path) -> Iterator[Document]:
    """Give the files of an export in the order of their names; pictures are passed over.

    Raises
    ------
    AnnotationError
        If the export cannot be read, or a file of it is larger than 512 MiB.
    """
    try:
        if path.is_dir():
            yield from _from_folder(path)
        elif _is_archive(path):
            yield from _from_archive(path)
        else:
            yield Document(path.name, lambda name: _file_bytes(path.parent / name))
    except (OSError, DicomError) as error:
        raise AnnotationError(f"annotations {path} cannot be read: {error}") from error


def _file_bytes(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    if (size := path.stat().st_size) > MAX_DOCUMENT_BYTES:
        raise AnnotationError(
            f"annotations {path} have {size} bytes, at most {MAX_DOCUMENT_BYTES} are read",
            remedy="export them in parts",
        )
    return path.read_bytes()


def _is_archive(path: Path) -> bool:
    if not path.is_file():
        raise AnnotationError(f"annotations {path} cannot be read: there is no such file")
    with path.open("rb") as stream:
        if not is_zip(stream.read(256)):
            return False
    with open_zip(path) as archive:
        return "xl/workbook.xml" not in archive.namelist()


def _from_folder(path: Path) -> Iterator[Document]:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        is_hidden = any(part.startswith(".") for part in name.parts)
        if file.is_file() and not is_hidden and file.suffix.lower() not in _PICTURES:
            yield Document(name.as_posix(), lambda inner: _file_bytes(path / inner))


def _from_archive(path: Path) -> Iterator[Document]:
    limits = ArchiveLimits(max_member_bytes=MAX_DOCUMENT_BYTES)
    with open_zip(path) as archive:
        members = list_members(archive, path.stat().st_size, limits)
        names = {member.name for member in members if member.problem is None}

        def read(name: str) -> bytes | None:
            return read_member(archive, name, limits) if name in names else None

        for member in members:
            if PurePosixPath(member.name).suffix.lower() in _PICTURES:
                continue
            if member.problem is not None:
                raise AnnotationError(f"annotations {path}!{member.name}: {member.problem[1]}")
            yield Document(member.name, read)
