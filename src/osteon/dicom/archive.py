"""Zip archives read in memory: nothing is unpacked to disk, and nothing grows without limit.

A member of an archive within an archive is named ``inner.zip!/folder/IM1``.
"""

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from osteon.errors import DicomError

__all__ = [
    "NESTED",
    "ArchiveLimits",
    "Member",
    "is_zip",
    "list_members",
    "open_zip",
    "read_archived",
    "read_member",
]

NESTED = "!/"
_DIRECTORY_OF_NOTHING = b"PK\x05\x06"
_STEP = 2**20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How far an archive may grow before it is refused.

    Parameters
    ----------
    max_member_bytes
        Largest member, inflated, in bytes.
    max_depth
        How deep archives may lie within archives; 1 is an archive on disk.
    max_members
        Most members in one archive.
    max_ratio
        Most bytes inflated from one byte of archive, once more than ``ratio_from_bytes`` would
        come out. A black film deflates a thousandfold, a thousand films do not.
    ratio_from_bytes
        Sizes below this, in bytes, are never a bomb.
    """

    max_member_bytes: int = 2**31
    max_depth: int = 3
    max_members: int = 1_000_000
    max_ratio: float = 200.0
    ratio_from_bytes: int = 2**30


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; ``problem`` holds reason and detail when it must not be read."""

    name: str
    size_bytes: int
    problem: tuple[str, str] | None = None


def is_zip(head: bytes) -> bool:
    """Whether bytes start like a zip archive."""
    return head.startswith((b"PK\x03\x04", _DIRECTORY_OF_NOTHING)) and head[128:132] != b"DICM"


@contextmanager
def open_zip(source: Path | bytes) -> Iterator[zipfile.ZipFile]:
    """Open an archive from disk or from memory.

    Raises
    ------
    DicomError
        If it is no readable zip archive.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise DicomError(f"the zip archive cannot be read: {error}") from error
    with archive:
        yield archive


def list_members(
    archive: zipfile.ZipFile, archive_bytes: int, limits: ArchiveLimits
) -> list[Member]:
    """List the files of an archive in the order of their names, refusing what must not be read.

    Raises
    ------
    DicomError
        If the archive as a whole is refused: too many members, or a bomb.
    """
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > limits.max_members:
        raise DicomError(f"{len(entries)} members, at most {limits.max_members} are read")
    inflated = sum(entry.file_size for entry in entries)
    if inflated > limits.ratio_from_bytes and inflated > limits.max_ratio * archive_bytes:
        raise DicomError(
            f"an archive of {archive_bytes} bytes that inflates to {inflated}: a zip bomb"
        )
    members: dict[str, Member] = {}
    for entry in entries:
        problem = _problem(entry, limits)
        if entry.filename in members:
            problem = ("archive_name_repeated", "two members of the archive have this name")
        members[entry.filename] = Member(entry.filename, entry.file_size, problem)
    return [members[name] for name in sorted(members)]


def _problem(entry: zipfile.ZipInfo, limits: ArchiveLimits) -> tuple[str, str] | None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0][-1:] == ":"):
        return "archive_path_climbs", "its name leads out of the archive"
    if NESTED in entry.filename or "\0" in entry.orig_filename:
        return "archive_name_ambiguous", "its name cannot be told from a nested archive's"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "archive_link", "a symbolic link in an archive is not followed"
    if entry.flag_bits & 0x1:
        return "encrypted", "encrypted in the archive: unpack it with its password first"
    if entry.file_size > limits.max_member_bytes:
        return "too_large", f"{entry.file_size} bytes, at most {limits.max_member_bytes} are read"
    return None


def read_member(archive: zipfile.ZipFile, name: str, limits: ArchiveLimits) -> bytes:
    """Inflate one file of an archive into memory.

    Raises
    ------
    DicomError
        If it is absent, too large, larger than it says, damaged, encrypted, or compressed in an
        unknown way.
    """
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise DicomError(f"the archive has no member {name}") from error
    if entry.flag_bits & 0x1:
        raise DicomError(
            "it is encrypted in the archive", remedy="unpack the archive with its password first"
        )
    if entry.file_size > limits.max_member_bytes:
        raise DicomError(
            f"{entry.file_size / 2**20:.0f} MiB, wanted at most"
            f" {limits.max_member_bytes / 2**20:.0f} MiB",
            remedy="raise max_bytes if the file is meant to be this large",
        )
    try:
        with archive.open(entry) as stream:
            pieces, size = [], 0
            while piece := stream.read(_STEP):
                size += len(piece)
                if size > limits.max_member_bytes:
                    raise DicomError(f"more than {limits.max_member_bytes} bytes come out")
                pieces.append(piece)
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError,
        NotImplementedError, ValueError,
    ) as error:  # fmt: skip
        raise DicomError(f"damaged or unreadable in the archive: {error}") from error
    return b"".join(pieces)


def read_archived(path: Path, member: str, limits: ArchiveLimits | None = None) -> bytes:
    """Read a file by the archive and the name that the table of instances gives it.

    Parameters
    ----------
    path
        The archive on disk.
    member
        Name inside it; ``inner.zip!/IM1`` lies in an archive within the archive.
    limits
        How far the archive may grow.

    Raises
    ------
    DicomError
        If the member is absent, too large, damaged or encrypted.
    """
    limits = limits or ArchiveLimits()
    source: Path | bytes = path
    names = member.split(NESTED)
    if len(names) > limits.max_depth:
        raise DicomError(f"{path}!{member} lies more than {limits.max_depth} archives deep")
    for name in names:
        with open_zip(source) as archive:
            source = read_member(archive, name, limits)
    return source if isinstance(source, bytes) else b""
