"""The memory of a pull: what was asked, what there is, what came, what failed and why.

One SQLite file. An object is taken down after its file is whole on disk, a question after its
objects; after a kill at any moment the next run asks for the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from osteon.sources.journal_file import JournalFile
from osteon.sources.pull_archive import Instance, Series
from osteon.sources.pull_queries import PullQuery

__all__ = ["PullJournal", "QueryState"]

_SETUP = """
CREATE TABLE IF NOT EXISTS query (key TEXT PRIMARY KEY, asked TEXT, place INTEGER,
    state TEXT DEFAULT 'pending', reason TEXT DEFAULT '', detail TEXT DEFAULT '');
CREATE TABLE IF NOT EXISTS expected (query TEXT, study TEXT, series TEXT, instance TEXT,
    PRIMARY KEY (query, instance)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expected_by_instance ON expected (instance);
CREATE TABLE IF NOT EXISTS received (instance TEXT PRIMARY KEY, path TEXT, size INTEGER,
    hash TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS remark (instance TEXT, reason TEXT, detail TEXT,
    PRIMARY KEY (instance, reason, detail)) WITHOUT ROWID;
"""
_MISSING = """SELECT e.study, e.series, e.instance FROM expected e LEFT JOIN received r
    ON r.instance = e.instance WHERE e.query = ? AND r.instance IS NULL
    ORDER BY e.study, e.series, e.instance"""
_STATES = """SELECT q.key, q.asked, q.state, q.reason, q.detail, COUNT(e.instance),
    COUNT(r.instance) FROM query q LEFT JOIN expected e ON e.query = q.key
    LEFT JOIN received r ON r.instance = e.instance GROUP BY q.key ORDER BY q.place"""


@dataclass(frozen=True, slots=True)
class QueryState:
    """How far a question is.

    ``state`` is ``pending``, ``found``, ``done``, ``no_match``, ``partial`` or ``failed``.
    ``expected`` and ``received`` count objects; ``reason`` and ``detail`` say what went wrong.
    """

    key: str
    asked: str
    state: str
    reason: str
    detail: str
    expected: int
    received: int


class PullJournal(JournalFile):
    """Open the journal of a pull.

    Raises
    ------
    StorageError
        As :class:`~osteon.sources.journal_file.JournalFile`.
    """

    work = "pull"
    tables = _SETUP
    pragmas = ("synchronous = FULL",)

    def add(self, queries: Sequence[PullQuery]) -> None:
        """Take down what is to be asked; what is there already keeps its state."""
        with self._transaction() as db:
            start = db.execute("SELECT COUNT(*) FROM query").fetchone()[0]
            db.executemany(
                "INSERT OR IGNORE INTO query (key, asked, place) VALUES (?, ?, ?)",
                ((q.key, str(q), start + n) for n, q in enumerate(queries)),
            )

    def ask_again(self) -> None:
        """Put every question back to the beginning; what came stays."""
        with self._transaction() as db:
            db.execute("UPDATE query SET state = 'pending', reason = '', detail = ''")

    def states(self) -> list[QueryState]:
        """How far every question is, in the order they came."""
        with self._transaction() as db:
            return [QueryState(*row) for row in db.execute(_STATES)]

    def state_of(self, key: str) -> str:
        """How far one question is."""
        with self._transaction() as db:
            query = "SELECT state FROM query WHERE key = ?"
            return str(db.execute(query, (key,)).fetchone()[0])

    def expect(self, key: str, instances: Sequence[Instance]) -> None:
        """Take down what answers a question; the next run need not ask again."""
        with self._transaction() as db:
            db.execute("DELETE FROM expected WHERE query = ?", (key,))
            db.executemany(
                "INSERT OR IGNORE INTO expected VALUES (?, ?, ?, ?)",
                (
                    (key, item.study_instance_uid, item.series_instance_uid, item.sop_instance_uid)
                    for item in instances
                ),
            )
            db.execute("UPDATE query SET state = 'found' WHERE key = ?", (key,))

    def missing(self, key: str) -> list[Series]:
        """Objects that answer a question and did not come yet, by series."""
        with self._transaction() as db:
            rows = db.execute(_MISSING, (key,)).fetchall()
            sizes = dict(
                db.execute(
                    "SELECT series, COUNT(*) FROM expected WHERE query = ? GROUP BY series", (key,)
                ).fetchall()
            )
        groups: dict[tuple[str, str], list[str]] = {}
        for study, series, instance in rows:
            groups.setdefault((study, series), []).append(instance)
        return [
            Series(study, series, tuple(names), len(names) == sizes[series])
            for (study, series), names in groups.items()
        ]

    def place_of(self, instance: str) -> tuple[str, str] | None:
        """Study and series an object is expected in; ``None`` when it was not asked for."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT study, series FROM expected WHERE instance = ? LIMIT 1", (instance,)
            ).fetchone()
        return None if row is None else (row[0], row[1])

    def hash_of(self, instance: str) -> str | None:
        """SHA-256 of an object that came; ``None`` when it did not."""
        with self._transaction() as db:
            row = db.execute("SELECT hash FROM received WHERE instance = ?", (instance,)).fetchone()
        return None if row is None else str(row[0])

    def record(self, instance: str, path: str, size: int, digest: str) -> None:
        """Take down an object whose file is whole on disk."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO received VALUES (?, ?, ?, ?)", (instance, path, size, digest)
            )

    def remark(self, instance: str, reason: str, detail: str) -> None:
        """Take down that an object came that was not kept."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO remark VALUES (?, ?, ?)", (instance, reason, detail))

    def finish(self, key: str, state: str, reason: str = "", detail: str = "") -> None:
        """Take down the end of a question."""
        with self._transaction() as db:
            db.execute(
                "UPDATE query SET state = ?, reason = ?, detail = ? WHERE key = ?",
                (state, reason, detail, key),
            )

    def unrecorded(self) -> list[Instance]:
        """Objects that are expected and not taken down: a kill may have come in between."""
        query = """SELECT DISTINCT e.study, e.series, e.instance FROM expected e
            LEFT JOIN received r ON r.instance = e.instance WHERE r.instance IS NULL"""
        with self._transaction() as db:
            return [Instance(*row) for row in db.execute(query)]

    def received(self) -> list[tuple[Any, ...]]:
        """Give instance, path, size and hash of every object that came."""
        with self._transaction() as db:
            return db.execute("SELECT * FROM received ORDER BY path").fetchall()

    def remarks(self) -> dict[str, int]:
        """Count objects that were not kept, by reason."""
        with self._transaction() as db:
            query = "SELECT reason, COUNT(*) FROM remark GROUP BY reason ORDER BY reason"
            return dict(db.execute(query).fetchall())
