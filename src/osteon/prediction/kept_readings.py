"""What readings of films and of CTs keep alike: reasons of failures, finished records, pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from osteon.core.files import atomic_path, read_json, write_bytes, write_json
from osteon.core.logs import logger
from osteon.errors import DicomError, OsteonError
from osteon.prediction.reading import CtOrFilm, Note

__all__ = ["finished_reading", "keep_reading", "save_png", "trouble"]

_LOG = logger(__name__)
_NAME, _HEAT_NAME = "reading.json", "heat.npz"
R = TypeVar("R", bound=CtOrFilm)


def trouble(error: Exception, source: Path) -> Note:
    """Say why something could not be read; what nobody foresaw goes to the log in full."""
    if isinstance(error, OsteonError):
        code = "not_readable" if isinstance(error, DicomError) else "not_usable"
        return Note(code, error.message.removeprefix(f"{source} "))
    if isinstance(error, MemoryError):
        return Note("out_of_memory", "it does not fit into this machine's memory")
    _LOG.exception("%s could not be read", source)
    return Note("unexpected_error", f"{type(error).__name__}: {error}; see the log")


def finished_reading(
    home: Path, folder: Path, key: str, source: str, build: Callable[[Mapping[str, Any]], R]
) -> R | None:
    """Give the record of an earlier run, if it is of the same key and whole.

    Parameters
    ----------
    home
        Where its files are.
    folder
        Of all readings, from which the record's ``files`` go.
    key
        What decides a reading: package, settings, version.
    source
        Where the film or CT lies now.
    build
        Makes the record of JSON; may raise ValueError, KeyError or TypeError.
    """
    try:
        content: Mapping[str, Any] = read_json(home / _NAME)
        if content["key"] != key:
            return None
        reading = build({**content["reading"], "source": source})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return reading if all((folder / name).exists() for name in reading.files) else None


def keep_reading(
    reading: R,
    names: Sequence[str],
    heat: Mapping[str, NDArray[np.float32]] | None,
    home: Path,
    folder: Path,
    key: str,
) -> R:
    """Write the heat maps and then, after all of its files, the record: it says they are there.

    Parameters
    ----------
    reading
        Without files.
    names
        Files written already, below ``home``.
    heat
        Maps by name; none are written where there are none.
    home, folder, key
        As of :func:`finished_reading`.

    Returns
    -------
    CtOrFilm
        The record with its files.
    """
    if heat:
        _save_heat(heat, home / _HEAT_NAME)
        names = [*names, _HEAT_NAME]
    relative = home.relative_to(folder)
    kept = replace(reading, files=tuple(str(relative / name) for name in names))
    write_json(home / _NAME, {"key": key, "reading": kept.as_json()})
    return kept


def save_png(picture: Image.Image, path: Path) -> None:
    """Write a picture, whole or not at all."""
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def _save_heat(heat: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Write heat maps by name, rounded to thousandths."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        rounded = {name: np.round(values, 3) for name, values in heat.items()}
        np.savez_compressed(stream, allow_pickle=False, **rounded)
