"""Prepared films on disk: rendered once, reduced, found again by a key one can read.

A film is kept as ``<content hash>.render-<hash>.side-<pixels>.npy``: uint16, 0 to 65,535 for
grey 0 to 1; the hash is that of rendering and resampling. Beside it a ``.json`` of the same name
holds the factor, the spacing and the record of the rendering, and the film's fingerprint lies in a
``.print-<hash>.npy`` (:mod:`osteon.pixels.fingerprint_store`). Names hold everything that decides
the pixels, so a changed rendering or size is another file, and a stale film cannot be met. The
``.json`` is written last: a film without it does not count, so a run that was killed is simply
run again.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.files import atomic_path, hash_bytes, read_json, write_json
from osteon.core.manifest import fingerprint
from osteon.core.parallel import map_parallel
from osteon.core.records import Exclusion
from osteon.dicom.open import parse_instance, read_bytes, source_name
from osteon.errors import DataError, DecodeError, StorageError, StudyError
from osteon.pixels.fingerprint_store import keep_fingerprint
from osteon.pixels.radiograph import Radiograph
from osteon.pixels.render import RENDER_HASH, render
from osteon.pixels.resample import RESAMPLING_VERSION, fit_within

__all__ = ["PREPARATION_HASH", "PixelCache", "PreparedFilm"]

_WHITE = 65535
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError)
PREPARATION_HASH: Final = fingerprint([RENDER_HASH, RESAMPLING_VERSION, _WHITE])


@dataclass(frozen=True, slots=True)
class _Source:
    content_hash: str
    path: Path
    archive_member: str | None
    sop_instance_uid: str


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFilm:
    """A film of the cache: grey float32 in [0, 1], and how it relates to the stored one."""

    grey: NDArray[np.float32]
    factor: float
    stored_shape: tuple[int, int]
    pixel_spacing_mm: tuple[float, float] | None
    spacing_source: str | None
    steps: tuple[str, ...]


class PixelCache:
    """Prepared films in a folder, their longer side at most ``max_side_px`` pixels.

    Parameters
    ----------
    folder
        Where films are kept, usually the study folder's ``cache/``.
    max_side_px
        Longest side of a kept film in pixels.
    """

    def __init__(self, folder: Path, max_side_px: int) -> None:
        self.folder = folder
        self.max_side_px = max_side_px

    def path(self, content_hash: str) -> Path:
        """Give the file of a film, whether it is there or not."""
        name = f"{content_hash}.render-{PREPARATION_HASH[:12]}.side-{self.max_side_px}.npy"
        return self.folder / content_hash[:2] / name

    def holds(self, content_hash: str) -> bool:
        """Whether the film is prepared."""
        path = self.path(content_hash)
        return path.with_suffix(".json").exists() and path.exists()

    def prepare(self, cases: pd.DataFrame, workers: int | None = None) -> list[Exclusion]:
        """Render and keep every film the cases need that is not kept yet.

        Parameters
        ----------
        cases
            Any table with the columns ``content_hash``, ``path``, ``archive_member`` and
            ``sop_instance_uid``: cases or instances. Films that occur more than once are
            prepared once.
        workers
            Number of processes; ``None`` means one for each core.

        Returns
        -------
        list of Exclusion
            The films that could not be prepared, with reason ``file_unreadable``,
            ``content_changed``, ``cannot_decode`` or ``cannot_render``. They are tried again
            by the next call.

        Raises
        ------
        StorageError
            If the cache cannot be written.
        """
        todo = [source for source in _sources(cases) if not self.holds(source.content_hash)]
        outcomes = map_parallel(
            partial(_prepare_one, self), todo, workers=workers, description="preparing films"
        )
        return [outcome for outcome in outcomes if outcome is not None]

    def load(self, content_hash: str) -> tuple[NDArray[np.float32], float]:
        """Give ``(grey, factor)``: multiply boxes of the stored image by ``factor``.

        Raises
        ------
        StudyError
            If the film is not prepared.
        StorageError
            If its file is damaged.
        """
        film = self.film(content_hash)
        return film.grey, film.factor

    def pixel_spacing_mm(self, content_hash: str) -> tuple[float, float] | None:
        """Give a stored film's spacing (rows, columns), where it tells it.

        Raises
        ------
        StudyError
            If the film is not prepared.
        StorageError
            If its record is damaged.
        """
        path = self._prepared(content_hash)
        try:
            return _spacing(read_json(path.with_suffix(".json"))["pixel_spacing_mm"])
        except _DAMAGE as error:
            raise _damaged(path, error) from error

    def film(self, content_hash: str) -> PreparedFilm:
        """Give a film with its spacing and record; raises as :meth:`load` does."""
        path = self._prepared(content_hash)
        try:
            record = read_json(path.with_suffix(".json"))
            values = np.load(path, allow_pickle=False)
            if list(values.shape) != record["shape"] or values.dtype != np.uint16:
                raise ValueError(f"found {values.dtype} {values.shape}, wanted {record['shape']}")
            return PreparedFilm(
                values.astype(np.float32) / np.float32(_WHITE),
                float(record["factor"]),
                (int(record["stored_shape"][0]), int(record["stored_shape"][1])),
                _spacing(record["pixel_spacing_mm"]),
                record["spacing_source"],
                tuple(record["steps"]),
            )
        except _DAMAGE as error:
            raise _damaged(path, error) from error

    def _prepared(self, content_hash: str) -> Path:
        if not self.holds(content_hash):
            raise StudyError(
                f"film {content_hash[:12]} is not prepared at {self.max_side_px} pixels",
                remedy="run the stage that prepares films; it takes up where it stopped",
            )
        return self.path(content_hash)

    def _keep(self, source: _Source, film: Radiograph) -> None:
        small, factor = fit_within(film.grey, self.max_side_px)
        path = self.path(source.content_hash)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, np.rint(small * _WHITE).astype(np.uint16), allow_pickle=False)
        keep_fingerprint(path, small)
        record: dict[str, Any] = {
            "sop_instance_uid": source.sop_instance_uid,
            "shape": list(small.shape),
            "stored_shape": list(film.shape),
            "factor": factor,
            "pixel_spacing_mm": film.pixel_spacing_mm and list(film.pixel_spacing_mm),
            "spacing_source": film.spacing_source,
            "render_hash": RENDER_HASH,
            "preparation_hash": PREPARATION_HASH,
            "steps": list(film.steps),
        }
        write_json(path.with_suffix(".json"), record)


def _spacing(recorded: Any) -> tuple[float, float] | None:
    return None if recorded is None else (float(recorded[0]), float(recorded[1]))


def _damaged(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"prepared film {path} is damaged: {error}",
        remedy="delete it and its .json, then prepare again",
    )


def _sources(cases: pd.DataFrame) -> list[_Source]:
    columns = ["content_hash", "path", "archive_member", "sop_instance_uid"]
    unique = cases[columns].drop_duplicates("content_hash")
    return [
        _Source(
            str(row.content_hash),
            Path(str(row.path)),
            None if pd.isna(row.archive_member) else str(row.archive_member) or None,
            str(row.sop_instance_uid),
        )
        for row in unique.itertuples(index=False)
    ]


def _prepare_one(cache: PixelCache, source: _Source) -> Exclusion | None:
    try:
        data = read_bytes(source.path, source.archive_member)
    except DataError as error:
        return _excluded(source, "file_unreadable", str(error.message))
    if hash_bytes(data) != source.content_hash:
        detail = f"{source.path} is no longer the file that was ingested: ingest again"
        return _excluded(source, "content_changed", detail)
    try:
        film = render(parse_instance(data, source_name(source.path, source.archive_member)))
    except DecodeError as error:
        return _excluded(source, "cannot_decode", error.message)
    except DataError as error:
        return _excluded(source, "cannot_render", error.message)
    cache._keep(source, film)
    return None


def _excluded(source: _Source, reason: str, detail: str) -> Exclusion:
    return Exclusion("image", source.sop_instance_uid, "prepare", reason, detail)
