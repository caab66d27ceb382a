"""A journal holds whole steps, for one process at a time."""

import sqlite3

import pytest

from osteon.errors import StorageError
from osteon.sources.journal import Journal
from osteon.sources.journal_file import JournalFile
from osteon.sources.pull_journal import PullJournal


class Steps(JournalFile):
    work = "walk"
    tables = "CREATE TABLE IF NOT EXISTS step (name TEXT PRIMARY KEY);"

    def take(self, *names):
        with self._transaction() as db:
            for name in names:
                db.execute("INSERT INTO step VALUES (?)", (name,))

    def taken(self):
        with self._transaction() as db:
            return [row[0] for row in db.execute("SELECT name FROM step ORDER BY name")]


def test_a_step_is_taken_whole_or_not_at_all_and_remembered(tmp_path):
    with Steps(tmp_path / "deep" / "j.sqlite") as journal:
        journal.take("a", "b")
        with pytest.raises(sqlite3.IntegrityError):
            journal.take("c", "a")
        assert journal.taken() == ["a", "b"]
    with Steps(tmp_path / "deep" / "j.sqlite") as journal:
        assert journal.taken() == ["a", "b"]


@pytest.mark.parametrize("kind", [Steps, Journal, PullJournal])
def test_a_second_holder_is_refused_with_what_holds_it(kind, tmp_path):
    path = tmp_path / "j.sqlite"
    with kind(path), pytest.raises(StorageError, match=f"held by another {kind.work}"):
        kind(path)
    with kind(path):
        pass


@pytest.mark.parametrize("kind", [Steps, Journal, PullJournal])
def test_a_damaged_file_is_remade_only_where_it_can_be_found_out_again(kind, tmp_path):
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"no database" * 1000)
    if kind.is_remade_when_damaged:
        with kind(path):
            assert path.read_bytes().startswith(b"SQLite format 3")
        return
    with pytest.raises(StorageError, match="could not write the journal"):
        kind(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="could not make the folder"):
        Steps(tmp_path / "file" / "j.sqlite")
