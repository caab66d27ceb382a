"""The memory of an ingest: what was read, keyed by path, size and time of change.

One SQLite file in the study's cache. Each share of the files is one transaction, so after a kill
at any moment the next run goes on behind the last whole share, and sorting, duplicates and
counting happen on disk rather than in memory. Names and birth dates are kept as hashes only.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from osteon._version import __version__
from osteon.sources.contents import Unit
from osteon.sources.journal_file import JournalFile
from osteon.sources.reading import Found
from osteon.sources.walk import FileEntry

__all__ = ["Journal", "Listing"]

_FORMAT = 1  # raise it when rows are made differently within one version of Osteon
_PAGE = 500
_FOUND = ", ".join(field.name for field in fields(Found))
_VALUES = attrgetter(*(field.name for field in fields(Found)))
_PLACES = ", ".join("?" for _ in fields(Found))
_SETUP = """
CREATE TABLE IF NOT EXISTS units (path TEXT, member TEXT, size INTEGER, mtime INTEGER,
    PRIMARY KEY (path, member)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS found (path TEXT, unit TEXT, member TEXT, reason TEXT, detail TEXT,
    sop_instance_uid TEXT, content_hash TEXT, patient_id TEXT, born TEXT, sex TEXT, name TEXT,
    row TEXT, notices TEXT, is_file INTEGER);
CREATE INDEX IF NOT EXISTS found_by_unit ON found (path, unit);
CREATE TABLE IF NOT EXISTS seen (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made_by (version TEXT);
"""
_STALE = """ FROM {table} WHERE path IN (SELECT u.path FROM units u JOIN seen s ON s.path = u.path
    WHERE u.size <> s.size OR u.mtime <> s.mtime)"""
# what an index lists may have come or gone without a change of the index
_INDEXES = """DELETE FROM units WHERE member = '' AND path IN
    (SELECT path FROM found WHERE reason = 'dicomdir' AND unit = '')"""
_JUDGE = """
DROP TABLE IF EXISTS temp.judged;
DROP TABLE IF EXISTS temp.mixed;
CREATE TEMP TABLE judged AS SELECT f.rowid AS id, f.patient_id, f.born, f.sex, f.name,
    ROW_NUMBER() OVER w AS place, f.content_hash = FIRST_VALUE(f.content_hash) OVER w AS is_same,
    FIRST_VALUE(f.path || CASE f.member WHEN '' THEN '' ELSE '!' || f.member END) OVER w AS first
    FROM found f JOIN seen s ON s.path = f.path WHERE f.reason = ''
    WINDOW w AS (PARTITION BY f.sop_instance_uid ORDER BY f.path, f.member);
CREATE TEMP TABLE mixed AS SELECT patient_id, COUNT(DISTINCT NULLIF(born, '')) AS births,
    COUNT(DISTINCT NULLIF(sex, '')) AS sexes, COUNT(DISTINCT NULLIF(name, '')) AS names
    FROM judged WHERE place = 1 AND patient_id IS NOT NULL GROUP BY patient_id
    HAVING births > 1 OR sexes > 1 OR names > 1;
CREATE INDEX temp.mixed_by_id ON mixed (patient_id);
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a walk saw: number of files, their bytes, and a hash of paths, sizes and times."""

    files: int
    size_bytes: int
    digest: str


class Journal(JournalFile):
    """Open the journal of a study.

    Raises
    ------
    StorageError
        As :class:`~osteon.sources.journal_file.JournalFile`.
    """

    work = "ingest"
    tables = _SETUP
    pragmas = ("journal_mode = WAL", "synchronous = NORMAL")
    is_remade_when_damaged = True

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Forget what another version of Osteon took down."""
        made_by = f"{__version__} {_FORMAT}"
        if db.execute("SELECT version FROM made_by").fetchone() != (made_by,):
            for table in ("units", "found", "seen", "made_by"):
                db.execute(f"DELETE FROM {table}")
            db.execute("INSERT INTO made_by VALUES (?)", (made_by,))

    def look(self, entries: Iterable[FileEntry]) -> Listing:
        """Take down what a walk sees, and forget what has changed since it was read."""
        digest, count, size = hashlib.sha256(), 0, 0
        with self._transaction() as db:
            db.execute("DELETE FROM seen")
            for entry in entries:
                row = (entry.path, entry.size_bytes, entry.mtime_ns)
                digest.update(json.dumps(row).encode())
                count += 1
                size += entry.size_bytes
                db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", row)
                if entry.problem is not None:
                    unit = Unit(entry.path, "", entry.size_bytes, entry.mtime_ns)
                    _keep(db, [unit], [[_refused(entry)]])
            db.execute("DELETE" + _STALE.format(table="found"))
            db.execute("DELETE" + _STALE.format(table="units"))
            db.execute(_INDEXES)
        return Listing(count, size, digest.hexdigest())

    def pending_size(self) -> int:
        """Count the files that were not read yet."""
        with self._transaction() as db:
            return int(db.execute(f"SELECT COUNT(*) {_PENDING}").fetchone()[0])

    def pending(self) -> Iterator[FileEntry]:
        """Files that were not read yet, in the order of their paths."""
        last = ""
        while True:
            with self._transaction() as db:
                rows = db.execute(
                    f"SELECT s.path, s.size, s.mtime {_PENDING} AND s.path > ? "
                    f"ORDER BY s.path LIMIT {_PAGE}",
                    (last,),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from (FileEntry(*row) for row in rows)

    def members_read(self, path: str) -> set[str]:
        """Members of an archive that were read already."""
        with self._transaction() as db:
            rows = db.execute("SELECT member FROM units WHERE path = ?", (path,)).fetchall()
        return {row[0] for row in rows}

    def record(self, units: Sequence[Unit], answers: Sequence[Sequence[Found]]) -> None:
        """Keep the answers of a share of the files, all or none."""
        with self._transaction() as db:
            _keep(db, units, answers)

    def judge(self) -> None:
        """Find duplicates and mixed patients among what was seen."""
        with self._transaction() as db:
            db.executescript(_JUDGE)

    def one(self, query: str) -> tuple[Any, ...]:
        """Run a query that gives one row."""
        with self._transaction() as db:
            row: tuple[Any, ...] = db.execute(query).fetchone()
        return row

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Run one of the queries of :mod:`osteon.sources.verdict`, in pieces."""
        with self._transaction() as db:
            cursor = db.execute(query)
            while rows := cursor.fetchmany(_PAGE):
                yield from rows


_PENDING = """FROM seen s LEFT JOIN units u ON u.path = s.path AND u.member = ''
    WHERE u.path IS NULL"""


def _refused(entry: FileEntry) -> Found:
    return Found(entry.path, "", "", "unreadable", entry.problem or "")


def _keep(
    db: sqlite3.Connection, units: Sequence[Unit], answers: Sequence[Sequence[Found]]
) -> None:
    for unit in units:
        db.execute("DELETE FROM found WHERE path = ? AND unit = ?", (unit.path, unit.member))
    db.executemany(
        f"INSERT INTO found ({_FOUND}) VALUES ({_PLACES})",
        (_VALUES(item) for answer in answers for item in answer),
    )
    db.executemany(
        "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?)",
        ((unit.path, unit.member, unit.size_bytes, unit.mtime_ns) for unit in units),
    )
