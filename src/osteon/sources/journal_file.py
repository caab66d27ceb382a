"""The SQLite file in which a long work remembers what it has done, so that it can be gone on with.

A step is one transaction: after a kill at any moment the file holds whole steps only, and one
process at a time holds the file.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

from osteon.errors import StorageError

__all__ = ["JournalFile"]


class JournalFile:
    """Open a journal; one process at a time, any of its threads.

    Subclasses say what they are: ``work`` names what is done, for messages; ``pragmas`` how safe
    and how fast the file is; ``tables`` makes the tables where they are absent;
    ``is_remade_when_damaged`` whether a file that is no journal gives way to a new one, because
    what it remembered can be found out again.

    Raises
    ------
    StorageError
        If the folder cannot be made, another process holds the file, or it cannot be written.
    """

    work: ClassVar[str]
    tables: ClassVar[str]
    pragmas: ClassVar[tuple[str, ...]] = ()
    is_remade_when_damaged: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()  # pools and networks ask from threads of their own
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"could not make the folder {path.parent}: {error.strerror or error}",
                remedy="choose a folder that you may write to",
            ) from error
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            is_damaged = not isinstance(error, sqlite3.OperationalError)
            if not (is_damaged and self.is_remade_when_damaged):
                raise self._storage_error(error) from error
            path.unlink()
            self._open()

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, timeout=0, check_same_thread=False)
        try:
            for pragma in ("locking_mode = EXCLUSIVE", *self.pragmas):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(self.tables)
            self._db.execute("BEGIN IMMEDIATE")  # takes the lock now rather than at the first row
            self._prepare(self._db)
            self._db.commit()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Do what has to be done before the first step; nothing by default."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Do a step: all of it or nothing."""
        with self._lock:
            try:
                with self._db:
                    yield self._db
            except sqlite3.OperationalError as error:
                raise self._storage_error(error) from error

    def _storage_error(self, error: sqlite3.Error) -> StorageError:
        if "locked" in str(error):
            return StorageError(
                f"the journal {self._path} is held by another {self.work}",
                remedy="wait until it has finished, or stop it",
            )
        return StorageError(
            f"could not write the journal {self._path}: {error}",
            remedy="free some space, then run the same command again",
        )
