"""Fingerprints beside prepared films, and all of a study's in one file that is mapped, not read."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from osteon.core.files import atomic_path
from osteon.core.parallel import map_parallel
from osteon.pixels.fingerprint import FINGERPRINT_HASH, RECORD, film_fingerprint

if TYPE_CHECKING:
    from osteon.pixels.cache import PixelCache

__all__ = ["fingerprint_path", "gather_fingerprints", "keep_fingerprint"]

_ALL = "fingerprints.npy"


def fingerprint_path(film: Path) -> Path:
    """Where the fingerprint of a prepared film lies: its making is part of the name."""
    return film.with_suffix(f".print-{FINGERPRINT_HASH[:12]}.npy")


def keep_fingerprint(film: Path, grey: NDArray[np.float32]) -> None:
    """Make the fingerprint of a prepared film and write it beside the film."""
    record = film_fingerprint(grey)
    with atomic_path(fingerprint_path(film)) as temporary, temporary.open("wb") as stream:
        np.save(stream, record, allow_pickle=False)


def gather_fingerprints(
    cache: "PixelCache", content_hashes: Sequence[str], workers: int | None = None
) -> NDArray[np.void]:
    """Put the fingerprints of prepared films into one file, and map it.

    Fingerprints that are not there yet (films prepared by an older version) are made. Memory holds
    one record at a time, about 11 KB.

    Parameters
    ----------
    cache
        The prepared films.
    content_hashes
        Which, in this order.
    workers
        Processes for those that are not there; ``None`` or 0 means one for each core.

    Returns
    -------
    NDArray
        Records of :data:`osteon.pixels.fingerprint.RECORD`, shape (films,), mapped from
        ``fingerprints.npy`` in the cache's folder.

    Raises
    ------
    StudyError
        If a film is not prepared.
    """
    missing = [key for key in content_hashes if not fingerprint_path(cache.path(key)).exists()]
    for _ in map_parallel(
        partial(_make, cache), missing, workers=workers, description="hashing films"
    ):
        pass
    path = cache.folder / _ALL
    if not content_hashes:
        return np.zeros(0, RECORD)
    with atomic_path(path) as temporary:
        table = open_memmap(temporary, "w+", RECORD, (len(content_hashes),))
        for row, key in enumerate(content_hashes):
            table[row] = np.load(fingerprint_path(cache.path(key)), allow_pickle=False)
        table.flush()
        del table
    mapped: NDArray[np.void] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _make(cache: "PixelCache", content_hash: str) -> None:
    grey, _ = cache.load(content_hash)
    keep_fingerprint(cache.path(content_hash), grey)
