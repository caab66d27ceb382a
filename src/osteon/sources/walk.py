"""Every file below the sources, once, in the order of the paths."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from osteon.errors import UsageError

__all__ = ["FileEntry", "walk"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file: absolute path, size in bytes, time of its last change in ns.

    ``problem`` says why it cannot be looked at.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    problem: str | None = None


def walk(sources: Iterable[Path], *, skip: Iterable[Path] = ()) -> Iterator[FileEntry]:
    """List every file below the sources.

    Links to folders are followed, each folder is entered once, so loops and sources that contain
    one another end well. A file named ``DICOMDIR`` as a source stands for its folder.

    Parameters
    ----------
    sources
        Files and folders.
    skip
        Folders that are not entered (the study folder).

    Raises
    ------
    UsageError
        If a source does not exist.
    """
    given = [Path(os.path.abspath(source)) for source in sources]
    for source in given:
        if not source.exists():
            raise UsageError(f"source {source} does not exist", remedy="check the path")
    given = [source.parent if source.name.upper() == "DICOMDIR" else source for source in given]
    folders = sorted({source for source in given if source.is_dir()})
    entered = {_identity(folder) for folder in skip if folder.is_dir()}
    for folder in folders:
        yield from _below(folder, entered)
    for file in sorted({source for source in given if not source.is_dir()}):
        if _identity(file.parent) not in entered:
            yield _entry(str(file))


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _below(folder: Path, entered: set[tuple[int, int]]) -> Iterator[FileEntry]:
    waiting = [str(folder)]
    while waiting:
        current = waiting.pop()
        try:
            identity = _identity(Path(current))
            if identity in entered:
                continue
            entered.add(identity)
            with os.scandir(current) as listing:
                items = sorted(listing, key=lambda item: item.name)
        except OSError as error:
            shown = current.encode("utf-8", "backslashreplace").decode()
            yield FileEntry(shown, 0, 0, f"the folder cannot be listed: {error.strerror}")
            continue
        inner = []
        for item in items:
            if _is_folder(item):
                inner.append(item.path)
            else:
                yield _entry(item.path)
        waiting.extend(reversed(inner))


def _is_folder(item: "os.DirEntry[str]") -> bool:
    try:
        return item.is_dir()
    except OSError:
        return False


def _entry(path: str) -> FileEntry:
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "backslashreplace").decode()
        return FileEntry(shown, 0, 0, "its name is no UTF-8 text: rename it")
    try:
        status = os.stat(path)
    except OSError as error:
        return FileEntry(path, 0, 0, f"cannot be looked at: {error.strerror}")
    if not os.path.isfile(path):
        return FileEntry(path, 0, 0, "neither a file nor a folder")
    return FileEntry(path, status.st_size, status.st_mtime_ns)
