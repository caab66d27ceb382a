import errno
import os
import subprocess
import sys

import pytest

from osteon.core.files import (
    atomic_path,
    hash_bytes,
    hash_file,
    hash_path,
    read_json,
    remove_abandoned,
    sync_files,
    write_bytes,
    write_json,
    write_unsynced,
)
from osteon.errors import StorageError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError, match="half way"), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("half way")
    assert read_json(path) == {"a": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["table.json"]


def test_a_full_disk_is_a_storage_error_with_a_remedy(tmp_path):
    with (
        pytest.raises(StorageError, match="free some space"),
        atomic_path(tmp_path / "x"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_a_storage_error(tmp_path):
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(StorageError, match="could not write"):
        write_bytes(tmp_path / "blocked" / "x", b"1")


def test_permissions_follow_the_umask(tmp_path):
    write_bytes(tmp_path / "x", b"1")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o666 & ~mask


def test_hash_of_file_is_hash_of_bytes(tmp_path):
    write_bytes(tmp_path / "x", b"abc")
    assert hash_file(tmp_path / "x") == hash_bytes(b"abc")
    assert hash_bytes(b"abc").startswith("ba7816bf")  # FIPS 180-4 example


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})


_KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from osteon.core.files import atomic_path
with atomic_path(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "table.json"
    subprocess.run([sys.executable, "-c", _KILLED_WHILE_WRITING, str(path)], check=False)
    assert len(list(tmp_path.rglob(".writing-*"))) == 1
    with atomic_path(path) as temporary:  # of a living process: stays
        assert remove_abandoned(tmp_path) == 1
        assert temporary.exists()
    assert [item.name for item in tmp_path.rglob("*")] == ["deep", "table.json"]


def test_the_hash_of_a_folder_is_that_of_its_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    first = hash_path(tmp_path)
    assert first == hash_path(tmp_path)
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert hash_path(tmp_path) != first
    assert hash_path(tmp_path / "a" / "y") == hash_file(tmp_path / "a" / "y")


def test_files_that_are_synced_together(tmp_path):
    paths = [tmp_path / "deep" / f"{n}.bin" for n in range(3)]
    for number, path in enumerate(paths):
        write_unsynced(path, bytes([number]))
    sync_files(paths)
    assert [path.read_bytes() for path in paths] == [b"\0", b"\1", b"\2"]
    with pytest.raises(StorageError, match="could not write"):
        sync_files([tmp_path / "absent"])
    with pytest.raises(StorageError, match="could not write"):
        write_unsynced(paths[0] / "in_a_file", b"")
