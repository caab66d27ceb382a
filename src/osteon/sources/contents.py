"""The bytes of every file below the sources, members of archives included.

Archives are read in memory, never unpacked to disk. What cannot be read comes with its reason.
Nothing heavier than pydicom is imported here, because every worker process imports this module.
"""

import mmap
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from osteon.dicom.archive import NESTED, ArchiveLimits, is_zip, list_members, open_zip, read_member
from osteon.dicom.scan import Buffer
from osteon.errors import DicomError
from osteon.sources.walk import FileEntry

__all__ = ["Content", "Exists", "Unit", "contents", "units_of"]

_MAP_FROM_BYTES = 64 * 2**20
Exists = Callable[[tuple[str, ...]], bool]


@dataclass(frozen=True, slots=True)
class Unit:
    """What is read at once and remembered: a file, or one member of an archive.

    ``member`` is empty for a plain file. ``problem`` is a reason and a detail when it is known
    beforehand that it cannot be read.
    """

    path: str
    member: str
    size_bytes: int
    mtime_ns: int
    problem: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """One file and its bytes, or a reason and a detail why there are none.

    ``member`` is its place in the archive (``inner.zip!/IM1``), empty for a plain file; ``data``
    may be mapped memory, which ends with the next content. ``exists`` looks up paths beside it.
    """

    unit: Unit
    member: str
    data: Buffer
    exists: Exists
    problem: tuple[str, str] | None = None

    @property
    def key(self) -> str:
        """Path of the file, and of its place in the archive."""
        return f"{self.unit.path}!{self.member}" if self.member else self.unit.path


def units_of(entry: FileEntry, limits: ArchiveLimits) -> list[Unit]:
    """List what is to be read of a file: itself, or each member when it is an archive.

    An archive that is refused as a whole is one unit with its problem.
    """
    unit = Unit(entry.path, "", entry.size_bytes, entry.mtime_ns)
    if not _is_archive(entry):
        return [unit]
    try:
        with open_zip(Path(entry.path)) as archive:
            members = list_members(archive, entry.size_bytes, limits)
    except DicomError as error:
        problem = (_archive_problem(error), error.message)
        return [Unit(entry.path, "", entry.size_bytes, entry.mtime_ns, problem)]
    return [
        Unit(entry.path, member.name, entry.size_bytes, entry.mtime_ns, member.problem)
        for member in members
    ]


def contents(units: tuple[Unit, ...], limits: ArchiveLimits) -> Iterator[Content]:
    """Read units, in their order; a member that is an archive gives what lies in it.

    An archive whose members follow one another is opened once. Every unit gives at least one
    content, unless it is an empty archive within an archive.
    """
    start = 0
    while start < len(units):
        stop = start + 1
        if units[start].member:
            while stop < len(units) and units[stop].path == units[start].path:
                stop += 1
            yield from _archive(units[start:stop], limits)
        else:
            yield from _file(units[start])
        start = stop


def _is_archive(entry: FileEntry) -> bool:
    try:
        with open(entry.path, "rb") as stream:
            return is_zip(stream.read(132))
    except OSError:
        return False


def _archive_problem(error: DicomError) -> str:
    return "archive_bomb" if "zip bomb" in error.message else "archive_broken"


def _file(unit: Unit) -> Iterator[Content]:
    if unit.problem is not None:
        yield _refused(unit, unit.member, *unit.problem)
        return
    try:
        with open(unit.path, "rb") as stream:
            exists = _exists_beside(unit.path)
            if os.fstat(stream.fileno()).st_size < _MAP_FROM_BYTES:
                yield Content(unit, "", stream.read(), exists)
                return
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield Content(unit, "", mapped, exists)
    except OSError as error:
        yield _refused(unit, unit.member, "unreadable", error.strerror or str(error))


def _exists_beside(path: str) -> Exists:
    """Look a path up below the folder of an index; media differ in case and endings."""

    def exists(parts: tuple[str, ...]) -> bool:
        folder = Path(path).parent
        for part in parts:
            exact = folder / part
            if not exact.exists():
                same = [
                    item
                    for item in (sorted(folder.iterdir()) if folder.is_dir() else [])
                    if item.name.upper() in (part.upper(), f"{part.upper()}.DCM")
                ]
                if not same:
                    return False
                exact = same[0]
            folder = exact
        return True

    return exists


def _archive(units: tuple[Unit, ...], limits: ArchiveLimits) -> Iterator[Content]:
    try:
        with open_zip(Path(units[0].path)) as archive:
            for unit in units:
                if unit.problem is not None:
                    yield _refused(unit, unit.member, *unit.problem)
                else:
                    yield from _members(unit, "", unit.member, archive, limits, 1)
    except DicomError as error:
        for unit in units:
            yield _refused(unit, unit.member, "archive_broken", error.message)


def _members(
    unit: Unit, prefix: str, name: str, archive: zipfile.ZipFile, limits: ArchiveLimits, depth: int
) -> Iterator[Content]:
    """Read one member, and what lies in it when it is an archive itself."""
    member = prefix + name
    try:
        data = read_member(archive, name, limits)
        if not is_zip(data[:132]):
            yield Content(unit, member, data, _exists_in(archive, name))
            return
        if depth >= limits.max_depth:
            detail = f"archives lie more than {limits.max_depth} deep in one another"
            yield _refused(unit, member, "archive_too_deep", detail)
            return
        with open_zip(data) as inner:
            for item in list_members(inner, len(data), limits):
                inner_name = f"{member}{NESTED}{item.name}"
                if item.problem is not None:
                    yield _refused(unit, inner_name, *item.problem)
                else:
                    yield from _members(unit, member + NESTED, item.name, inner, limits, depth + 1)
    except DicomError as error:
        yield _refused(unit, member, _archive_problem(error), error.message)


def _exists_in(archive: zipfile.ZipFile, name: str) -> Exists:
    def exists(parts: tuple[str, ...]) -> bool:
        base = name.rpartition("/")[0]
        wanted = "/".join([base, *parts] if base else parts).upper()
        names = {item.upper() for item in archive.namelist()}
        return wanted in names or f"{wanted}.DCM" in names

    return exists


def _refused(unit: Unit, member: str, reason: str, detail: str) -> Content:
    return Content(unit, member, b"", lambda _: False, (reason, detail))
