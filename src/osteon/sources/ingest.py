"""From a hospital's export to the table of instances, and to the list of what was not taken."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from osteon.core.manifest import Manifest, Stopwatch
from osteon.core.parallel import map_parallel, worker_count
from osteon.core.progress import track
from osteon.core.settings import Settings
from osteon.dicom.archive import ArchiveLimits
from osteon.sources.contents import Unit, units_of
from osteon.sources.journal import Journal
from osteon.sources.reading import read_units
from osteon.sources.verdict import write_verdict
from osteon.sources.walk import walk

__all__ = ["IngestReport", "IngestSettings", "ingest"]

_SHARE = 64
_LOOK_AFTER_S = 0.5
_ALONE_S = 3.0
_TABLES = ("instances", "exclusions", "notices", "identities")
Share = tuple[tuple[Unit, ...], ArchiveLimits]


class IngestSettings(Settings):
    """What an ingest takes.

    Parameters
    ----------
    keep_shared_ids
        Take the files of a patient id that seems to stand for two patients (other birth date or
        sex, or other name where no birth date is given).
    max_member_bytes
        Largest file inside an archive, inflated, in bytes.
    max_archive_depth
        How deep archives may lie within archives.
    """

    keep_shared_ids: bool = False
    max_member_bytes: int = 2**31
    max_archive_depth: int = 3


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest found. ``files = instances + duplicates + files excluded``.

    ``excluded`` and ``noticed`` count by reason; ``missing_references`` (files that a DICOMDIR
    lists and that are not there) are among ``excluded`` but are no files. ``files_read`` were
    read in this run, the others were remembered; ``is_up_to_date`` says nothing had to be done.
    """

    files: int
    instances: int
    duplicates: int
    patients: int
    imaging_studies: int
    files_read: int
    is_up_to_date: bool
    wall_time_s: float
    excluded: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)

    @property
    def missing_references(self) -> int:
        """Files that a DICOMDIR lists and that are not there."""
        return sum(
            count for reason, count in self.excluded.items() if reason.startswith("dicomdir_")
        )

    @property
    def files_excluded(self) -> int:
        """Files that were there and were not taken."""
        return sum(self.excluded.values()) - self.missing_references

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def ingest(
    sources: Sequence[Path],
    study: Path,
    *,
    workers: int | None = None,
    settings: IngestSettings | None = None,
) -> IngestReport:
    """Read every DICOM file below the sources and write the study's table of instances.

    Writes ``tables/instances.parquet`` (one row per instance), ``tables/exclusions.parquet``
    (what was not taken and why), ``tables/notices.parquet`` (what was taken and cleaned) and
    ``tables/identities.parquet`` (patient ids that share birth date, sex and name, as hashes).
    The tables hold what the sources of this call hold. A run that was stopped goes on where it
    was; a run over unchanged files does nothing.

    Parameters
    ----------
    sources
        Files, folders, zip archives, DICOMDIRs.
    study
        Study folder; made when absent, never read as a source.
    workers
        Number of processes; ``None`` or 0 means one for each core.
    settings
        What is taken.

    Raises
    ------
    UsageError
        If a source does not exist.
    StorageError
        If the study folder cannot be written, or another ingest holds it.
    """
    settings = settings or IngestSettings()
    watch = Stopwatch()
    tables = study / "tables"
    manifest_path = tables / "ingest.manifest.json"
    with Journal(study / "cache" / "ingest.sqlite") as journal:
        listing = journal.look(walk(sources, skip=[study]))
        inputs = {"files": listing.digest}
        resolved = settings.resolved()
        is_written = all((tables / f"{name}.parquet").exists() for name in _TABLES)
        if is_written and Manifest.is_current(manifest_path, "ingest", inputs, resolved, None):
            return _remembered(manifest_path, watch)
        manifest_path.unlink(missing_ok=True)
        files_read = _read_pending(journal, workers, settings)
        numbers = write_verdict(journal, tables, keep_shared_ids=settings.keep_shared_ids)
    report = IngestReport(
        **numbers, files_read=files_read, is_up_to_date=False, wall_time_s=watch.seconds
    )
    _manifest(report, inputs, resolved).write(manifest_path)
    return report


def _read_pending(journal: Journal, workers: int | None, settings: IngestSettings) -> int:
    limits = ArchiveLimits(
        max_member_bytes=settings.max_member_bytes, max_depth=settings.max_archive_depth
    )
    files = journal.pending_size()
    count = worker_count(workers)
    archives: list[Unit] = []
    shares = _shares(_units(journal, limits, archives), max(1, min(_SHARE, files // (8 * count))))
    read = 0
    for _ in track(_recorded(journal, shares, limits, files, count), "reading files", files):
        read += 1
    journal.record(archives, [])
    return read


def _recorded(
    journal: Journal,
    shares: Iterator[tuple[Unit, ...]],
    limits: ArchiveLimits,
    files: int,
    workers: int,
) -> Iterator[Unit]:
    """Read the shares and keep the answers; gives back each unit that is kept.

    Starting processes takes about as long as reading a thousand files, so work begins here, and
    is shared out only when what is left would take seconds more at the speed seen.
    """
    watch, read = Stopwatch(), 0
    for units in shares:
        journal.record(units, read_units((units, limits)))
        yield from units
        read += len(units)
        left_s = max(files - read, 0) * watch.seconds / read
        is_long = watch.seconds > _LOOK_AFTER_S and left_s + watch.seconds > _ALONE_S
        if workers > 1 and is_long:
            break
    else:
        return
    waiting: deque[tuple[Unit, ...]] = deque()

    def handed_out() -> Iterator[Share]:
        for units in shares:
            waiting.append(units)
            yield units, limits

    for answers in map_parallel(read_units, handed_out(), workers=workers):
        units = waiting.popleft()  # answers come in the order in which the shares were handed out
        journal.record(units, answers)
        yield from units


def _units(journal: Journal, limits: ArchiveLimits, archives: list[Unit]) -> Iterator[Unit]:
    """List what is to be read; archives are noted as read when all is done."""
    for entry in journal.pending():
        units = units_of(entry, limits)
        if len(units) == 1 and not units[0].member:
            yield units[0]
            continue
        archives.append(Unit(entry.path, "", entry.size_bytes, entry.mtime_ns))
        done = journal.members_read(entry.path)
        yield from (unit for unit in units if unit.member not in done)


def _shares(units: Iterable[Unit], size: int) -> Iterator[tuple[Unit, ...]]:
    """Cut the work into shares; an archive's members stay together, in larger shares."""
    for (_, is_member), group in groupby(
        units, key=lambda unit: (unit.path if unit.member else "", bool(unit.member))
    ):
        share: list[Unit] = []
        for unit in group:
            share.append(unit)
            if len(share) >= (4 * size if is_member else size):
                yield tuple(share)
                share = []
        if share:
            yield tuple(share)


def _remembered(manifest_path: Path, watch: Stopwatch) -> IngestReport:
    counts = dict(Manifest.read(manifest_path)["counts"])
    parts: dict[str, dict[str, int]] = {"excluded": {}, "noticed": {}}
    for name in list(counts):
        kind, dot, reason = name.partition(".")
        if dot:
            parts[kind][reason] = counts.pop(name)
    counts["files_read"] = 0
    return IngestReport(
        **counts,
        excluded=parts["excluded"],
        noticed=parts["noticed"],
        is_up_to_date=True,
        wall_time_s=watch.seconds,
    )


def _manifest(report: IngestReport, inputs: dict[str, str], settings: dict[str, Any]) -> Manifest:
    names = ("files", "instances", "duplicates", "patients", "imaging_studies", "files_read")
    counts = {name: getattr(report, name) for name in names}
    counts |= {f"excluded.{reason}": count for reason, count in report.excluded.items()}
    counts |= {f"noticed.{code}": count for code, count in report.noticed.items()}
    return Manifest("ingest", inputs, settings, None, counts, report.wall_time_s, synthetic=False)
