"""What one process does with its share of the files: hash, header, reason.

Nothing heavier than pydicom is imported here, because every worker process imports this module.
"""

import hashlib
import json
from dataclasses import dataclass, replace

from osteon.core.records import Exclusion
from osteon.dicom.archive import ArchiveLimits
from osteon.dicom.headers import Header, read_header
from osteon.dicom.scan import Buffer
from osteon.sources.contents import Content, Unit, contents
from osteon.sources.dicomdir import missing_references, references

__all__ = ["Found", "read_units"]


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
    """Read a share of the files; the answers stand in the order of the units."""
    units, limits = work
    answers: dict[Unit, list[Found]] = {unit: [] for unit in units}
    for content in contents(units, limits):
        answers[content.unit] += _described(content)
    return list(answers.values())


def _described(content: Content) -> list[Found]:
    unit, member = content.unit, content.member
    if content.problem is not None:
        return [_refused(unit, member, *content.problem)]
    answer = read_header(content.data, content.key)
    if isinstance(answer, Exclusion):
        found = [_refused(unit, member, answer.reason, answer.detail)]
        if answer.reason == "dicomdir":
            listed = references(content.data)
            for absent in missing_references(content.key, listed, content.exists):
                name = f"{member}#{absent.key.rpartition('#')[2]}"
                item = _refused(unit, name, absent.reason, absent.detail)
                found.append(replace(item, is_file=False))
        return found
    return [_instance(unit, member, content.data, answer)]


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
