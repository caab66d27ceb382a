"""De-identify every file below the sources into an output folder.

Folder::

    files/<patient>/<study>/<series>/<instance>.dcm   pseudonym and new UIDs, never an old name
    report/files.parquet, files.csv                   what became of each file
    report/report.json, summary.txt                   counts, method, settings
    report/run.json, done.jsonl                       so that a second run does what is missing
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osteon.core.files import sync_files
from osteon.core.manifest import Stopwatch
from osteon.core.parallel import map_parallel, worker_count
from osteon.core.progress import track
from osteon.errors import StorageError, UsageError
from osteon.sources.contents import Unit, units_of
from osteon.sources.deidentify.key_table import KeyTable
from osteon.sources.deidentify.ledger import Ledger
from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.report import DeidentifyReport, make_report, write_report
from osteon.sources.deidentify.secret import is_inside, load_secret
from osteon.sources.deidentify.unit import reader_for
from osteon.sources.deidentify.work import Job, Outcome, do_share, unit_key
from osteon.sources.walk import walk

__all__ = ["DeidentifyRun", "deidentify"]

_SHARE, _FEW = 32, 24


@dataclass(frozen=True, slots=True)
class DeidentifyRun:
    """A run's counts, and the files of this run that were not delivered, for the terminal.

    ``not_delivered`` holds path, reason and detail; it is in no file of the results.
    """

    report: DeidentifyReport
    not_delivered: tuple[tuple[str, str, str], ...]


def deidentify(
    sources: Sequence[Path],
    output: Path,
    secret_file: Path,
    *,
    settings: DeidentifySettings | None = None,
    key_table: Path | None = None,
    workers: int | None = None,
) -> DeidentifyRun:
    """De-identify files, folders, zip archives and DICOMDIRs.

    Parameters
    ----------
    sources
        What is read; never changed.
    output
        Folder of the results; empty, absent, or of an earlier run with the same settings.
    secret_file
        Secret behind every pseudonym; made where there is none, never in the output.
    settings
        Options of PS3.15 and limits.
    key_table
        CSV file that leads back from pseudonyms; not written unless named.
    workers
        Number of processes; ``None`` or 0 means one for each core.

    Raises
    ------
    UsageError
        If a source does not exist, sources and output lie in one another, the output holds
        something else, or secret or key table would lie in it.
    StorageError
        If something cannot be written.
    """
    settings, watch = settings or DeidentifySettings(), Stopwatch()
    _check_apart(sources, output)
    table = None if key_table is None else KeyTable(key_table, output)
    pseudonyms = Pseudonyms(secret := load_secret(secret_file, output))
    ledger = Ledger(output, settings, pseudonyms)
    reads = reader_for(settings) is not None
    job = Job(settings, secret, output / "report" / "staging")
    done = ledger.read()
    delivery = _Delivery(output, done)
    now = []
    for outcomes in _worked(_pending(sources, output, job, done, pseudonyms), job, workers):
        sync_files(job.staged(item.key) for item in outcomes if item.status == "delivered")
        settled = [delivery.settle(item, job) for item in outcomes]
        ledger.add(settled)
        now += settled
    delivery.clear(job.staging)
    if table is not None:
        table.add(now)
        table.write()
    everything = _latest([*done, *now])
    report = make_report(
        everything, done_now=len(now), read_by_ocr=reads, wall_time_s=watch.seconds
    )
    write_report(everything, report, settings, ledger.folder)
    return DeidentifyRun(report, tuple(_told(now)))


def _check_apart(sources: Sequence[Path], output: Path) -> None:
    for source in sources:
        if is_inside(output, source) or is_inside(source, output):
            raise UsageError(
                f"the output folder {output} and the source {source} lie in one another",
                remedy="name an output folder apart from the originals",
            )


def _pending(
    sources: Sequence[Path],
    output: Path,
    job: Job,
    done: Sequence[Outcome],
    pseudonyms: Pseudonyms,
) -> list[Unit]:
    """List what was not done yet."""
    known = {item.unit for item in done}
    return [
        unit
        for entry in walk(sources, skip=[output])
        for unit in (
            [Unit(entry.path, "", 0, 0, ("unreadable", entry.problem))]
            if entry.problem is not None
            else units_of(entry, job.limits)
        )
        if unit_key(unit, pseudonyms) not in known
    ]


def _worked(units: list[Unit], job: Job, workers: int | None) -> Iterator[list[Outcome]]:
    """Share the files out; answers come in the order of the paths."""
    count = worker_count(workers) if len(units) > _FEW else 1
    size = max(1, min(_SHARE, len(units) // (8 * count)))
    shares = [(tuple(units[at : at + size]), job) for at in range(0, len(units), size)]
    answers: Iterable[list[Outcome]] = map_parallel(do_share, shares, workers=count)
    yield from track(answers, f"de-identifying ({size} files each)", len(shares))


class _Delivery:
    """Moves finished files to their places, the first of each instance."""

    def __init__(self, output: Path, done: Sequence[Outcome]) -> None:
        self._files = output / "files"
        self._taken = {
            item.sop_instance_uid: item.digest for item in done if item.status == "delivered"
        }

    def settle(self, item: Outcome, job: Job) -> Outcome:
        """Deliver a file, or say that its instance was there before."""
        if item.status != "delivered":
            return item
        staged = job.staged(item.key)
        before = self._taken.get(item.sop_instance_uid)
        if before is not None:
            staged.unlink(missing_ok=True)
            if before == item.digest:
                return replace(item, status="duplicate", reason="same_file")
            detail = "another file with this SOP Instance UID and other content comes first"
            return replace(item, status="refused", reason="same_uid_other_content", detail=detail)
        self._taken[item.sop_instance_uid] = item.digest
        place = self._files / item.patient / item.study_instance_uid / item.series_instance_uid
        try:
            place.mkdir(parents=True, exist_ok=True)
            staged.replace(place / f"{item.sop_instance_uid}.dcm")
        except OSError as error:
            raise StorageError(
                f"could not write to {place}: {error.strerror or error}",
                remedy="free some space, then run the same command again",
            ) from error
        return item

    @staticmethod
    def clear(staging: Path) -> None:
        """Remove what is left in the staging folder."""
        for name in sorted(os.listdir(staging)) if staging.is_dir() else []:
            (staging / name).unlink()
        if staging.is_dir():
            staging.rmdir()


def _latest(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Keep the last word on each path."""
    return list({item.key: item for item in outcomes}.values())


def _told(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, str, str]]:
    for item in outcomes:
        if item.status == "refused" and item.private is not None:
            yield item.private.path, item.reason, item.private.said or item.detail
