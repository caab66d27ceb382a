"""The secret that every pseudonym comes from: a small file kept away from the results."""

import os
import secrets
import stat
from pathlib import Path

from osteon.errors import StorageError, UsageError

__all__ = ["is_inside", "load_secret"]

_BYTES = 32


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path, links followed, lies in a folder or is it."""
    real, around = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    return real == around or around in real.parents


def load_secret(path: Path, output: Path) -> bytes:
    """Read the secret, or make it where there is none (mode 0600).

    Whoever has the secret and a patient id can tell the patient's pseudonym, so it may neither
    lie in the output folder nor be open to others.

    Raises
    ------
    UsageError
        If it would lie in the output folder, is no secret of Osteon, or others may read it.
    StorageError
        If it cannot be read or made.
    """
    if is_inside(path, output):
        raise UsageError(
            f"the secret {path} would lie in the output folder {output}",
            remedy="keep it where the results are never copied from",
        )
    try:
        return _read(path) if path.exists() else _made(path)
    except OSError as error:
        raise StorageError(
            f"could not read or make the secret {path}: {error.strerror or error}",
            remedy="name a file in a folder you may write to",
        ) from error


def _read(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise UsageError(
            f"the secret {path} has mode {mode:04o}, wanted 0600: others may read it",
            remedy=f"chmod 600 {path}",
        )
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise UsageError(
            f"{path} holds no secret: wanted {2 * _BYTES} hexadecimal digits",
            remedy="name another file; it is made when it does not exist",
        )
    return secret


def _made(path: Path) -> bytes:
    secret = secrets.token_bytes(_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secret.hex() + "\n")
    return secret
