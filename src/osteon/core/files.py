"""Files that are whole or absent, and their hashes."""

import errno
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from osteon.errors import StorageError

__all__ = [
    "atomic_path",
    "hash_bytes",
    "hash_file",
    "hash_path",
    "read_json",
    "remove_abandoned",
    "sync_files",
    "write_bytes",
    "write_json",
    "write_text",
    "write_unsynced",
]

_WRITING = ".writing-"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; move it into place when the block succeeds.

    A reader sees the old file or the new one, never half of it. A failed block leaves nothing.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f"{_WRITING}{_host()}-{os.getpid()}-"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise _storage_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise _storage_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> int:
    """Remove what processes of this machine that were killed left half written below a folder.

    Files of living processes and of other machines stay. Gives back how many were removed.
    """
    removed = 0
    for path in folder.rglob(f"{_WRITING}*"):
        host, _, rest = path.name.removeprefix(_WRITING).partition("-")
        pid = rest.partition("-")[0]
        if host == _host() and pid.isdecimal() and not psutil.pid_exists(int(pid)):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _host() -> str:
    return hash_bytes(platform.node().encode())[:8]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _storage_error(path: Path, error: OSError) -> StorageError:
    remedy = {
        errno.ENOSPC: "free some space or choose another folder, then run the same command again",
        errno.EDQUOT: "your quota is used up: free some space, then run the same command again",
        errno.EACCES: "choose a folder you may write to",
        errno.EROFS: "the file system is read-only: choose another folder",
    }.get(error.errno or 0)
    return StorageError(f"could not write {path}: {error.strerror or error}", remedy=remedy)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_unsynced(path: Path, data: bytes) -> None:
    """Write a file that counts for nothing before :func:`sync_files`.

    For folders whose leftovers a later run throws away: a stop can leave half a file.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _storage_error(path, error) from error


def sync_files(paths: Iterable[Path]) -> None:
    """Wait until files are on the disk; many at once take little longer than one.

    Raises
    ------
    StorageError
        If one of them cannot be written out.
    """
    for path in paths:
        try:
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        except OSError as error:
            raise _storage_error(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, keys in the order given, NaN refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON."""
    return json.loads(path.read_text("utf-8"))


def hash_bytes(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_path(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files below a folder."""
    if not path.is_dir():
        return hash_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{file.relative_to(path).as_posix()} {hash_file(file)}" for file in files]
    return hash_bytes("\n".join(lines).encode())
