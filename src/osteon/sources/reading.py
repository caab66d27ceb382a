"""What one process does with its share of the files: hash, header, reason.

Nothing heavier than pydicom is imported here, because every worker process imports this module.
"""

import hashlib
import json
import mmap
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from osteon.core.records import Exclusion
from osteon.dicom.archive import NESTED, ArchiveLimits, is_zip, list_members, open_zip, read_member
from osteon.dicom.headers import Header, read_header
from osteon.dicom.scan import Buffer
from osteon.errors import DicomError
from osteon.sources.dicomdir import missing_references, references

__all__ = ["Found", "Unit", "read_units"]

_MAP_FROM_BYTES = 64 * 2**20


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


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a unit: an instance (``reason`` empty) or something not taken.

    ``is_file`` is false for a file that an index lists and that does not exist.
    """

    path: str
    unit: str
    member: str
    reason: str = ""
    detail: str = ""
    sop_instance_uid: str | None = None
    content_hash: str | None = None
    patient_id: str | None = None
    born: str = ""
    sex: str = ""
    name: str = ""
    row: str = ""
    notices: str = "[]"
    is_file: bool = True


def read_units(work: tuple[tuple[Unit, ...], ArchiveLimits]) -> list[list[Found]]:
    """Read a share of the files; the answers stand in the order of the units.

    An archive whose members follow one another is opened once.
    """
    units, limits = work
    answers: list[list[Found]] = []
    start = 0
    while start < len(units):
        stop = start + 1
        if units[start].member:
            while stop < len(units) and units[stop].path == units[start].path:
                stop += 1
            answers += _read_archive(units[start:stop], limits)
        else:
            answers.append(_read_file(units[start]))
        start = stop
    return answers


def _read_file(unit: Unit) -> list[Found]:
    if unit.problem is not None:
        return [_refused(unit, unit.member, *unit.problem)]
    try:
        with open(unit.path, "rb") as stream:
            if os.fstat(stream.fileno()).st_size < _MAP_FROM_BYTES:
                return _described(unit, unit.member, stream.read(), _exists_beside(unit.path))
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return _described(unit, unit.member, mapped, _exists_beside(unit.path))
    except OSError as error:
        return [_refused(unit, unit.member, "unreadable", error.strerror or str(error))]


def _exists_beside(path: str) -> Callable[[tuple[str, ...]], bool]:
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


def _read_archive(units: tuple[Unit, ...], limits: ArchiveLimits) -> list[list[Found]]:
    try:
        with open_zip(Path(units[0].path)) as archive:
            return [_read_member(unit, archive, limits) for unit in units]
    except DicomError as error:
        return [[_refused(unit, unit.member, "archive_broken", error.message)] for unit in units]


def _read_member(unit: Unit, archive: zipfile.ZipFile, limits: ArchiveLimits) -> list[Found]:
    if unit.problem is not None:
        return [_refused(unit, unit.member, *unit.problem)]
    return list(_members(unit, "", unit.member, archive, limits, 1))


def _members(
    unit: Unit, prefix: str, name: str, archive: zipfile.ZipFile, limits: ArchiveLimits, depth: int
) -> Iterator[Found]:
    """Describe one member, and what lies in it when it is an archive itself."""
    member = prefix + name
    try:
        data = read_member(archive, name, limits)
        if not is_zip(data[:132]):
            yield from _described(unit, member, data, _exists_in(archive, name))
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
        code = "archive_bomb" if "zip bomb" in error.message else "archive_broken"
        yield _refused(unit, member, code, error.message)


def _exists_in(archive: zipfile.ZipFile, name: str) -> Callable[[tuple[str, ...]], bool]:
    def exists(parts: tuple[str, ...]) -> bool:
        base = name.rpartition("/")[0]
        wanted = "/".join([base, *parts] if base else parts).upper()
        names = {item.upper() for item in archive.namelist()}
        return wanted in names or f"{wanted}.DCM" in names

    return exists


def _described(
    unit: Unit, member: str, data: Buffer, exists: Callable[[tuple[str, ...]], bool]
) -> list[Found]:
    key = f"{unit.path}!{member}" if member else unit.path
    answer = read_header(data, key)
    if isinstance(answer, Exclusion):
        found = [_refused(unit, member, answer.reason, answer.detail)]
        if answer.reason == "dicomdir":
            for absent in missing_references(key, references(data), exists):
                name = f"{member}#{absent.key.rpartition('#')[2]}"
                item = _refused(unit, name, absent.reason, absent.detail)
                found.append(replace(item, is_file=False))
        return found
    return [_instance(unit, member, data, answer)]


def _instance(unit: Unit, member: str, data: Buffer, header: Header) -> Found:
    content_hash = hashlib.sha256(data).hexdigest()
    row = header.row | {
        "path": unit.path,
        "archive_member": member or None,
        "size_bytes": len(data),
        "content_hash": content_hash,
    }
    born, sex, name = header.identity
    return Found(
        unit.path,
        unit.member,
        member,
        sop_instance_uid=header.row["sop_instance_uid"],
        content_hash=content_hash,
        patient_id=header.row["patient_id"],
        born=born,
        sex=sex,
        name=name,
        row=json.dumps(row, ensure_ascii=False),
        notices=json.dumps([[item.code, item.detail] for item in header.notices]),
    )


def _refused(unit: Unit, member: str, reason: str, detail: str) -> Found:
    return Found(unit.path, unit.member, member, reason, detail)
