"""What one process does with its share of the files."""

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteon.core.files import hash_bytes, write_unsynced
from osteon.dicom.archive import ArchiveLimits
from osteon.sources.contents import Content, Unit, contents
from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.unit import Cleaned, Refused, deidentify_bytes

if TYPE_CHECKING:
    from osteon.sources.deidentify.pixels import PixelFindings

__all__ = ["Job", "Outcome", "Private", "do_share", "unit_key"]

_FRAMES_TOLD = 200


@dataclass(frozen=True, slots=True)
class Job:
    """What every process needs to know; ``staging`` is where finished files wait."""

    settings: DeidentifySettings
    secret: bytes
    staging: Path

    @property
    def limits(self) -> ArchiveLimits:
        """How far archives may grow."""
        return ArchiveLimits(
            max_member_bytes=self.settings.max_member_bytes,
            max_depth=self.settings.max_archive_depth,
        )

    def staged(self, key: str) -> Path:
        """Where the new file of a key waits for its delivery."""
        return self.staging / f"{key}.dcm"


@dataclass(frozen=True, slots=True)
class Private:
    """What the results may not hold: the path, identifiers as they were, an error's own words."""

    path: str
    said: str = ""
    patient_id: str = ""
    study: str = ""
    series: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: columns of the table of results, and what stays out of it.

    ``digest`` and ``person`` are keyed hashes of the file and of name and birth date.
    """

    key: str
    unit: str
    status: str
    reason: str = ""
    detail: str = ""
    patient: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    painted: int = 0
    painted_boxes: str = ""
    kept: int = 0
    kept_words: str = ""
    digest: str = ""
    person: str = ""
    private: Private | None = field(default=None, compare=False)

    def public(self) -> dict[str, Any]:
        """All but what is private."""
        values = asdict(self)
        del values["private"]
        return values


@lru_cache(4)
def _pseudonyms(secret: bytes) -> Pseudonyms:
    return Pseudonyms(secret)


def unit_key(unit: Unit, pseudonyms: Pseudonyms) -> str:
    """Name a file as it is now: another size or time of change gives another key."""
    text = "\x1f".join([unit.path, unit.member, str(unit.size_bytes), str(unit.mtime_ns)])
    return pseudonyms.key("unit", text)


def do_share(work: tuple[tuple[Unit, ...], Job]) -> list[Outcome]:
    """De-identify a share of the files into the staging folder; whoever asked has to sync them."""
    units, job = work
    pseudonyms = _pseudonyms(job.secret)
    return [_outcome(content, job, pseudonyms) for content in contents(units, job.limits)]


def _outcome(content: Content, job: Job, pseudonyms: Pseudonyms) -> Outcome:
    key = pseudonyms.key("path", content.key)
    unit = unit_key(content.unit, pseudonyms)
    if content.problem is not None:
        reason, said = content.problem
        return _refused(key, unit, Refused(reason, "could not be read", said), content)
    data = bytes(content.data)
    result = deidentify_bytes(data, content.key, job.settings, pseudonyms)
    if isinstance(result, Refused):
        return _refused(key, unit, result, content)
    write_unsynced(job.staged(key), result.data)
    digest = pseudonyms.key("content", hash_bytes(data))
    return _delivered(key, unit, result, digest, content)


def _refused(key: str, unit: str, result: Refused, content: Content) -> Outcome:
    private = Private(content.key, result.said)
    return Outcome(key, unit, "refused", result.reason, result.detail, private=private)


def _delivered(key: str, unit: str, result: Cleaned, digest: str, content: Content) -> Outcome:
    painted, boxes, kept, words = _print_columns(result.pixels)
    return Outcome(
        key,
        unit,
        "delivered",
        patient=result.patient,
        study_instance_uid=result.study,
        series_instance_uid=result.series,
        sop_instance_uid=result.instance,
        sop_class_uid=result.sop_class,
        painted=painted,
        painted_boxes=boxes,
        kept=kept,
        kept_words=words,
        digest=digest,
        person=result.person_key,
        private=Private(content.key, "", *result.originals),
    )


def _print_columns(findings: "PixelFindings | None") -> tuple[int, str, int, str]:
    if findings is None:
        return 0, "", 0, ""
    boxes = " ".join(
        f"{frame}:{','.join(map(str, item.box))}={item.reason}"
        for frame, item in findings.painted[:_FRAMES_TOLD]
    )
    words = sorted({item.text.strip().upper() for _, item in findings.kept})
    return len(findings.painted), boxes, len(findings.kept), " ".join(words)
