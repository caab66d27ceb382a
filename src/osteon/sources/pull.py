"""Pull studies from an archive by a list of questions: resumable, sparing, whole files only."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from osteon.core.progress import track
from osteon.sources.pull_archive import Archive, ArchiveError
from osteon.sources.pull_journal import PullJournal, QueryState
from osteon.sources.pull_pace import Pace
from osteon.sources.pull_queries import PullQuery
from osteon.sources.pull_store import PullStore

__all__ = ["PullReport", "pull"]

T = TypeVar("T")
_FINISHED = ("done", "no_match")


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull did. Questions = done + no_match + partial + failed + pending.

    ``objects_expected`` and ``objects_received`` count over all runs, ``objects_now`` this run.
    ``not_kept`` counts objects that came and were not kept, by reason. ``stopped`` says why the
    rest was not asked.
    """

    questions: int
    done: int
    no_match: int
    partial: int
    failed: int
    pending: int
    objects_expected: int
    objects_received: int
    objects_now: int
    reasons: dict[str, int] = field(default_factory=dict)
    not_kept: dict[str, int] = field(default_factory=dict)
    stopped: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every question has its answer and every object came."""
        return self.done + self.no_match == self.questions

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def pull(
    queries: Sequence[PullQuery],
    archive: Archive,
    folder: Path,
    pace: Pace,
    *,
    ask_again: bool = False,
) -> tuple[PullReport, list[QueryState]]:
    """Ask an archive, fetch what it has, and remember both.

    Files go to ``<folder>/dicom/<study>/<series>/<instance>.dcm``, the journal to
    ``<folder>/pull.sqlite``. A question that was answered and whose objects came is not asked
    again; of a series that came in part the rest is fetched object by object.

    Parameters
    ----------
    queries
        The questions.
    archive
        Whom to ask.
    folder
        Where files and journal are.
    pace
        How the archive is spared.
    ask_again
        Ask answered questions again, for what is new; what came is not fetched again.

    Returns
    -------
    The report, and how far every question is.

    Raises
    ------
    StorageError
        If the folder cannot be written, or another pull holds it.
    """
    with PullJournal(folder / "pull.sqlite") as journal:
        journal.add(queries)
        if ask_again:
            journal.ask_again()
        store = PullStore(folder / "dicom", journal)
        states = {state.key: state for state in journal.states()}
        open_ones = [query for query in queries if states[query.key].state not in _FINISHED]
        stopped = ""
        if open_ones:
            stopped = _ask_all(open_ones, archive, journal, store, pace)
        wanted = {query.key for query in queries}
        found = [state for state in journal.states() if state.key in wanted]
        return _report(found, store.kept, journal.remarks(), stopped), found


def _ask_all(
    queries: Sequence[PullQuery],
    archive: Archive,
    journal: PullJournal,
    store: PullStore,
    pace: Pace,
) -> str:
    try:
        with archive:
            for query in track(queries, "asking the archive", len(queries)):
                _answered(query, archive, journal, store, pace)
    except ArchiveError as error:
        return f"{error.reason}: {error.detail}"
    return ""


def _answered(
    query: PullQuery, archive: Archive, journal: PullJournal, store: PullStore, pace: Pace
) -> None:
    """Ask, and take down why where it fails; what stops everything is raised."""
    try:
        _ask(query, archive, journal, store, pace)
    except ArchiveError as error:
        journal.finish(query.key, "failed", error.reason, error.detail)
        if error.stops:
            raise


def _ask(
    query: PullQuery, archive: Archive, journal: PullJournal, store: PullStore, pace: Pace
) -> None:
    if journal.state_of(query.key) not in ("found", "partial"):
        found = _tried(lambda: archive.find(query), pace)
        journal.expect(query.key, found)
        if not found:
            journal.finish(query.key, "no_match", "no_match", "the archive has nothing like it")
            return
    trouble: ArchiveError | None = None
    for series in journal.missing(query.key):

        def fetch(name: str = series.series_instance_uid) -> None:
            left = [item for item in journal.missing(query.key) if item.series_instance_uid == name]
            for item in left:
                archive.fetch(item, store.receive)

        try:
            _tried(fetch, pace)
        except ArchiveError as error:
            trouble = error
            if error.stops:
                break
    _finish(query, journal, trouble)
    if trouble is not None and trouble.stops:
        raise trouble


def _finish(query: PullQuery, journal: PullJournal, trouble: ArchiveError | None) -> None:
    left = sum(len(series.sop_instance_uids) for series in journal.missing(query.key))
    if left == 0:
        journal.finish(query.key, "done")
    elif trouble is not None:
        detail = f"{left} objects did not come: {trouble.detail}"
        journal.finish(query.key, "partial", trouble.reason, detail)
    else:
        detail = f"{left} objects did not come, and the archive does not say why"
        journal.finish(query.key, "partial", "objects_missing", detail)


def _tried(action: Callable[[], T], pace: Pace) -> T:
    """Do what may fail in passing, as often as the settings allow."""
    for attempt in range(1, pace.settings.attempts + 1):
        pace.wait_for_turn()
        try:
            return action()
        except ArchiveError as error:
            if not error.is_passing or attempt == pace.settings.attempts:
                raise
            pace.wait(max(error.wait_s, pace.settings.wait_before(attempt + 1)))
    raise AssertionError("unreachable: the last attempt returns or raises")


def _report(
    states: Sequence[QueryState], kept: int, remarks: dict[str, int], stopped: str
) -> PullReport:
    count = Counter("pending" if state.state == "found" else state.state for state in states)
    reasons = Counter(state.reason for state in states if state.reason)
    return PullReport(
        questions=len(states),
        done=count["done"],
        no_match=count["no_match"],
        partial=count["partial"],
        failed=count["failed"],
        pending=count["pending"],
        objects_expected=sum(state.expected for state in states),
        objects_received=sum(state.received for state in states),
        objects_now=kept,
        reasons=dict(sorted(reasons.items())),
        not_kept=remarks,
        stopped=stopped,
    )
