"""Make synthetic patients one by one: in parallel, resumable, the same with any number of workers.

Every patient is made from the seed and its number alone and leaves a record, written last, so an
interrupted run goes on where it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from osteon._version import __version__
from osteon.core.files import read_json, remove_abandoned
from osteon.core.manifest import Manifest, Stopwatch, fingerprint
from osteon.core.parallel import map_parallel, worker_count
from osteon.errors import StudyError

__all__ = ["PatientRun", "PatientTask", "Patients", "make_patients"]

Record = dict[str, Any]


class Patients(Protocol):
    """Settings of a kind of synthetic patients: how many, and what their ids start with."""

    @property
    def n(self) -> int:
        """Number of patients."""

    @property
    def patient_prefix(self) -> str:
        """Start of every patient id."""

    def resolved(self) -> dict[str, Any]:
        """Every setting with its value."""


P = TypeVar("P", bound=Patients)


@dataclass(frozen=True, slots=True)
class PatientTask(Generic[P]):
    """One patient to make; ``key`` is the fingerprint of what decides its files."""

    settings: P
    seed: int
    index: int
    folder: Path
    key: str

    @property
    def patient_id(self) -> str:
        """Prefix and number."""
        return f"{self.settings.patient_prefix}-{self.index:05d}"

    @property
    def record_path(self) -> Path:
        """Where the patient's record is, once all its files are."""
        return self.folder / "patients" / f"{self.patient_id}.json"

    def record(self) -> Record | None:
        """Read the record; ``None`` when there is none, or it is of another run."""
        if not self.record_path.exists():
            return None
        found: Record = read_json(self.record_path)
        return found if found.get("key") == self.key else None


@dataclass(frozen=True, slots=True)
class PatientRun:
    """What a run did: counts of the tables, patients made now, time, whether all was there."""

    counts: Mapping[str, int]
    made_now: int
    wall_time_s: float
    is_up_to_date: bool


def make_patients(
    stage: str,
    settings: P,
    folder: Path,
    seed: int,
    workers: int | None,
    *,
    make: Callable[[PatientTask[P]], str],
    is_whole: Callable[[PatientTask[P], Record], bool],
    write: Callable[[list[Record]], Mapping[str, int]],
) -> PatientRun:
    """Make the patients that are missing, then their tables, then the manifest.

    Parameters
    ----------
    stage
        Name in the manifest.
    settings, folder, seed, workers
        What, where, from which seed, with how many processes.
    make
        Makes one patient's files, its record last; gives back the patient's id.
    is_whole
        Whether the files of a record are there and as recorded.
    write
        Writes the tables of all records; gives back their counts.

    Raises
    ------
    StudyError
        If the folder holds patients of other settings, another seed or another version.
    """
    watch = Stopwatch()
    remove_abandoned(folder)
    resolved = settings.resolved()
    manifest = folder / "manifest.json"
    key = _patient_key(settings, seed)
    current = Manifest.is_current(manifest, stage, {}, resolved, seed)
    _refuse_another_run(folder, key)
    tasks = [PatientTask(settings, seed, index, folder, key) for index in range(settings.n)]
    missing = [task for task in tasks if not _is_made(task, is_whole)]
    for _ in map_parallel(
        make,
        missing,
        workers=min(worker_count(workers), max(len(missing), 1)),
        description="synthetic patients",
    ):
        pass
    counts = dict(write([read_json(task.record_path) for task in tasks]))
    if not current or missing:
        Manifest(stage, {}, resolved, seed, counts, watch.seconds, synthetic=True).write(manifest)
    return PatientRun(counts, len(missing), watch.seconds, current and not missing)


def _patient_key(settings: Patients, seed: int) -> str:
    """Fingerprint of what decides one patient's files; the number of patients does not."""
    resolved = {name: value for name, value in settings.resolved().items() if name != "n"}
    return fingerprint([resolved, seed, __version__])


def _refuse_another_run(folder: Path, key: str) -> None:
    """Patients of two runs in one folder would be taken for one study."""
    for path in sorted((folder / "patients").glob("*.json")):
        if read_json(path).get("key") != key:
            raise StudyError(
                f"{folder} holds {path.stem} of another run: other settings, seed or version",
                remedy="choose a new folder, or delete this one",
            )


def _is_made(task: PatientTask[P], is_whole: Callable[[PatientTask[P], Record], bool]) -> bool:
    record = task.record()
    return record is not None and is_whole(task, record)
