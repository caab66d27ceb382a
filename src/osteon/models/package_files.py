"""The files of a model package as bytes: read without trusting a folder or a zip."""

import os
import stat
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from osteon.errors import PackageError

__all__ = ["check_absent", "read_members", "zipped"]

_LARGEST_BYTES = 4 * 2**30
_PICKLE_SUFFIXES = {".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib", ".npy", ".npz"}
_PICKLE_STARTS = (*(b"\x80" + bytes([protocol]) for protocol in range(2, 6)), b"PK\x03\x04")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def read_members(path: Path) -> dict[str, bytes]:
    """Read every file of a package folder or zip, by name.

    Raises
    ------
    PackageError
        If a member is not a plain file with a plain name, is there twice, is or looks like a
        pickle, or all together are larger than 4 GiB.
    """
    content = _read_zip(path) if path.is_file() else _read_folder(path)
    for name, data in content.items():
        if data.startswith(_PICKLE_STARTS):
            raise PackageError(f"{path}: {name} holds a pickle, and a pickle runs code when loaded")
    return content


def zipped(content: Mapping[str, bytes]) -> bytes:
    """Make the zip of these files; the same files give the same bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            member = zipfile.ZipInfo(name, date_time=_EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, content[name], compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def check_absent(destination: Path) -> None:
    """Refuse to write over anything: the folder must be new or empty, the zip new."""
    if destination.is_dir() and destination.suffix != ".zip":
        if not any(destination.iterdir()):
            return
    elif not destination.exists():
        return
    raise PackageError(
        f"{destination} is already there", remedy="choose a new name; packages are never changed"
    )


def _read_folder(path: Path) -> dict[str, bytes]:
    if not path.is_dir():
        raise PackageError(f"{path}: no such model package", remedy="give a package folder or zip")
    content: dict[str, bytes] = {}
    total = 0
    for entry in sorted(os.scandir(path), key=lambda item: item.name):
        if not entry.is_file(follow_symlinks=False):
            raise PackageError(f"{path}: {entry.name} is not a plain file, wanted plain files only")
        _check_name(path, entry.name)
        total += entry.stat(follow_symlinks=False).st_size
        _check_total(path, total)
        content[entry.name] = Path(entry.path).read_bytes()
    return content


def _read_zip(path: Path) -> dict[str, bytes]:
    content: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_total(path, sum(member.file_size for member in members))
            for member in members:
                _check_member(path, member, content)
                content[member.filename] = archive.read(member)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise PackageError(f"{path}: not a readable zip: {error}") from error
    return content


def _check_member(path: Path, member: zipfile.ZipInfo, seen: Mapping[str, bytes]) -> None:
    name = member.filename
    mode = member.external_attr >> 16
    if "/" in name or "\\" in name or name in ("", ".", "..") or ":" in name:
        raise PackageError(f"{path}: {name!r} is not a plain name, it would climb out of the zip")
    if stat.S_ISLNK(mode):
        raise PackageError(f"{path}: {name} is a link, wanted plain files only")
    if name in seen:
        raise PackageError(f"{path}: {name} is in the zip twice")
    _check_name(path, name)


def _check_name(path: Path, name: str) -> None:
    if Path(name).suffix.lower() in _PICKLE_SUFFIXES:
        raise PackageError(f"{path}: {name} may hold a pickle, and a pickle runs code when loaded")


def _check_total(path: Path, total: int) -> None:
    if total > _LARGEST_BYTES:
        raise PackageError(f"{path}: unpacks to {total:,} bytes, wanted at most {_LARGEST_BYTES:,}")
