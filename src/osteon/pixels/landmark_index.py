"""Find pairs of films that share landmarks in one arrangement, among a hundred thousand films.

Films are candidates where several landmarks agree (:mod:`osteon.pixels.landmark_bands`) and one
similarity transform, with or without mirroring, takes those of one film to those of the other
(:mod:`osteon.pixels.arrangement`). Films are taken in lots: the landmarks of a lot are sorted,
those of the films before it and in it are held against them, then the lot is thrown away. So
memory depends on the size of a lot and not on the number of films.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import joblib
import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled
from osteon.pixels.arrangement import FEWEST_SHARED, arrangement
from osteon.pixels.fingerprint import MIRROR
from osteon.pixels.landmark_bands import (
    Bands,
    Landmarks,
    agreements,
    landmarks_of,
    sorted_in_bands,
)

__all__ = ["Candidates", "find_candidates"]

_LOT = 16_384  # films whose landmarks are sorted at a time
_ROOM = 1 << 16  # agreements of one film with a lot that are kept
_BLOCK, _MOST_PAIRS = 500, 1 << 16  # films at a time, and pairs found among them
_MIRROR = np.uint64(MIRROR)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs of films, ``first < second``, and how to lay one on the other.

    Parameters
    ----------
    first, second
        Numbers of the films, shape (pairs,).
    shared
        Landmarks in one arrangement, shape (pairs,).
    is_mirrored
        Whether the second film is the mirror image, shape (pairs,).
    transforms
        ``first = a * second + b`` with complex numbers x + iy, in pixels at the fingerprint's
        side: (Re a, Im a, Re b, Im b), shape (pairs, 4); a mirrored film is taken as (-x, y).
    overflowing
        Films of which not every agreement was looked at, because there were too many.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    shared: NDArray[np.int64]
    is_mirrored: NDArray[np.bool_]
    transforms: NDArray[np.float64]
    overflowing: int


def find_candidates(fingerprints: NDArray[np.void]) -> Candidates:
    """Find the pairs of films that share landmarks in one arrangement.

    Parameters
    ----------
    fingerprints
        Records of :data:`osteon.pixels.fingerprint.RECORD`, shape (films,); may be a memory map.

    Returns
    -------
    Candidates
        Ordered by first, then second film; to be looked at closely.
    """
    films = len(fingerprints)
    tables, overflowed = [np.zeros((0, 8))], np.zeros(films, np.bool_)
    with ThreadPoolExecutor(joblib.cpu_count()) as pool:  # the compiled part lets go of the lock
        for start in range(0, films, _LOT):
            lot = landmarks_of(fingerprints, start, min(start + _LOT, films))
            search = partial(_of_block, fingerprints, lot, sorted_in_bands(lot.codes))
            blocks = range(0, min(start + _LOT, films), _BLOCK)
            for block, (rows, over) in zip(blocks, pool.map(search, blocks), strict=True):
                tables.append(rows)
                overflowed[block : block + len(over)] |= over
    table = np.concatenate(tables)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return Candidates(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2].astype(np.int64),
        table[:, 3] > 0, table[:, 4:], int(overflowed.sum()),
    )  # fmt: skip


def _of_block(
    fingerprints: NDArray[np.void], lot: Landmarks, bands: Bands, start: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Pairs of some films with those of a lot behind them, and which films overflowed."""
    own = landmarks_of(fingerprints, start, min(start + _BLOCK, len(fingerprints)))
    over = np.zeros(len(own.offsets) - 1, np.bool_)
    found = np.empty((_MOST_PAIRS, 8))
    rows = _search(own, lot, bands, np.empty((_ROOM, 4), np.int32), found, over)
    return found[:rows].copy(), over


@compiled(nogil=True)
def _search(block, lot, bands, room, found, over):  # type: ignore[no-untyped-def]
    """Write the pairs of a block of films with those of a lot: how many."""
    rows = 0
    for place in range(len(over)):
        one, count = block.start + place, 0
        for own in range(block.offsets[place], block.offsets[place + 1]):
            for flip in range(2):
                code = block.codes[own] ^ _MIRROR if flip else block.codes[own]
                count = agreements((one, own, flip, code), lot, bands, room, count)
        over[place] = count == len(room)
        order = np.argsort(room[:count, 0], kind="mergesort")
        begin = 0
        while begin < count:
            end = begin
            other = room[order[begin], 0]
            while end < count and room[order[end], 0] == other:
                end += 1
            if end - begin >= FEWEST_SHARED and rows < len(found):
                agreed = room[order[begin:end]]
                shared = 0
                for flip in range(2):
                    chosen = agreed[agreed[:, 3] == flip]
                    inside, a, b, c, d = arrangement(chosen, (block.spots, lot.spots))
                    if inside >= FEWEST_SHARED and inside > shared:
                        shared = inside
                        found[rows, 0], found[rows, 1] = one, other
                        found[rows, 2], found[rows, 3] = inside, flip
                        found[rows, 4], found[rows, 5], found[rows, 6], found[rows, 7] = a, b, c, d
                rows += shared > 0
            begin = end
    return rows
