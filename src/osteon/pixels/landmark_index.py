"""Find pairs of films that share landmarks in one arrangement, among a hundred thousand films.

Hashes are read in five overlapping bands of 20 bits; two hashes are compared where a band is
equal, and agree where at most :data:`NEAR_BITS` bits differ. Films are candidates where several
landmarks agree and one similarity transform (with or without mirroring) takes those of one film to
those of the other.
Each film is held against those behind it, its agreements are thrown away when it is done, so
memory grows with the number of landmarks and not with that of agreements.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import joblib
import numpy as np
from numba import njit
from numpy.typing import NDArray

from osteon.pixels.fingerprint import MIRROR

__all__ = ["Candidates", "find_candidates"]

NEAR_BITS: Final = 9
FEWEST_SHARED: Final = 3
_BANDS, _BAND_BITS, _BAND_STEP = 5, 20, 13  # a band begins 13 bits behind the one before
_ROOM = 1 << 16  # agreements of one film that are kept
_BLOCK, _MOST_PAIRS = 500, 1 << 16  # films at a time, and pairs found among them
_PLACE_PX, _LOG_SCALE, _ANGLE = 5.0, 0.45, 0.45  # how far a landmark may be off
SMALLEST, LARGEST = 0.5, 2.0  # scale of one film in the other
Floats32 = NDArray[np.float32]


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


def find_candidates(
    hashes: NDArray[np.uint64], places: Floats32, counts: NDArray[np.int32]
) -> Candidates:
    """Find the pairs of films that share landmarks in one arrangement.

    Parameters
    ----------
    hashes, places, counts
        Of fingerprints: shapes (films, landmarks), (films, landmarks, 4), (films,).

    Returns
    -------
    Candidates
        Ordered by first, then second film; to be looked at closely.
    """
    is_there = np.arange(hashes.shape[1]) < counts[:, None]
    films = len(hashes)
    film = np.repeat(np.arange(films, dtype=np.int32), is_there.sum(axis=1))
    offsets = np.concatenate([[0], np.cumsum(is_there.sum(axis=1))])
    codes, spots = np.ascontiguousarray(hashes[is_there]), np.ascontiguousarray(places[is_there])
    landmarks = (offsets, film, codes, spots, *_index(codes), np.uint64(MIRROR))
    blocks = [(start, min(start + _BLOCK, films)) for start in range(0, films, _BLOCK)]
    with ThreadPoolExecutor(joblib.cpu_count()) as pool:  # the compiled part lets go of the lock
        answers = list(pool.map(partial(_of_block, landmarks), blocks))
    table = np.concatenate([np.zeros((0, 8)), *(rows for rows, _ in answers)])
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return Candidates(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2].astype(np.int64),
        table[:, 3] > 0, table[:, 4:], sum(over for _, over in answers),
    )  # fmt: skip


def _of_block(
    landmarks: tuple[object, ...], block: tuple[int, int]
) -> tuple[NDArray[np.float64], int]:
    room, found = np.empty((_ROOM, 4), np.int32), np.empty((_MOST_PAIRS, 8))
    rows, overflowing = _search(block, landmarks, room, found)
    return found[:rows].copy(), int(overflowing)


def _index(codes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Landmarks in the order of each band's value, and where each value begins."""
    size = 1 << _BAND_BITS
    orders = np.empty((_BANDS, len(codes)), np.int32)
    starts = np.empty((_BANDS, size + 1), np.int32)
    for band in range(_BANDS):
        turn = np.uint64(_BAND_STEP * band)
        turned = (codes >> turn) | (codes << (np.uint64(64) - turn)) if band else codes
        keys = (turned & np.uint64(size - 1)).astype(np.int32)
        orders[band] = np.argsort(keys, kind="stable")  # within a value in the order of the films
        starts[band] = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=size))])
    return orders, starts


@njit(cache=True, nogil=True)
def _search(block, landmarks, room, found):  # type: ignore[no-untyped-def]
    """Write the pairs of a block of films: how many, and how many films overflowed."""
    offsets, _, codes, spots, _, _, mirror = landmarks
    rows, overflowing = 0, 0
    for one in range(block[0], block[1]):
        count = 0
        for own in range(offsets[one], offsets[one + 1]):
            for flip in range(2):
                code = codes[own] ^ mirror if flip else codes[own]
                count = _agreements((one, own, flip, code), landmarks, room, count)
        if count == len(room):
            overflowing += 1
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
                    inside, a, b, c, d = _arrangement(chosen, spots)
                    if inside >= FEWEST_SHARED and inside > shared:
                        shared = inside
                        found[rows, 0], found[rows, 1] = one, other
                        found[rows, 2], found[rows, 3] = inside, flip
                        found[rows, 4], found[rows, 5], found[rows, 6], found[rows, 7] = a, b, c, d
                rows += shared > 0
            begin = end
    return rows, overflowing


@njit(cache=True, nogil=True)
def _bits(value):  # type: ignore[no-untyped-def]
    """Count the bits that are set."""
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (value * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(cache=True, nogil=True)
def _key(code, band):  # type: ignore[no-untyped-def]
    """Bits of a band, which may run over the end of the code."""
    turn = np.uint64(_BAND_STEP * band)
    turned = (code >> turn) | (code << (np.uint64(64) - turn)) if band else code
    return np.int64(turned & np.uint64((1 << _BAND_BITS) - 1))


@njit(cache=True, nogil=True)
def _agreements(query, landmarks, room, count):  # type: ignore[no-untyped-def]
    """Write (other film, own landmark, other landmark, flip) of the hashes near a code."""
    one, own, flip, code = query
    _, film, codes, _, orders, starts, _ = landmarks
    for band in range(_BANDS):
        key = _key(code, band)
        low, end = starts[band, key], starts[band, key + 1]
        high = end
        while low < high:  # the first landmark of a film behind this one
            middle = (low + high) // 2
            if film[orders[band, middle]] <= one:
                low = middle + 1
            else:
                high = middle
        for place in range(low, end):
            other = orders[band, place]
            apart = code ^ codes[other]
            if _bits(apart) > NEAR_BITS or count == len(room):
                continue
            is_new = True
            for before in range(band):  # a band before this one has met it already
                if _key(apart, before) == 0:
                    is_new = False
            if is_new:
                room[count, 0], room[count, 1] = film[other], own
                room[count, 2], room[count, 3] = other, flip
                count += 1
    return count


@njit(cache=True, nogil=True)
def _arrangement(agreed, spots):  # type: ignore[no-untyped-def]
    """Find the similarity transform that most agreements follow, fitted to those that do."""
    best, best_of = 0, -1
    for hypothesis in range(len(agreed)):
        a, b = _pose(agreed[hypothesis], spots)
        inside = _followers(agreed, spots, a, b, None)
        if inside > best:
            best, best_of = inside, hypothesis
    if best < FEWEST_SHARED:
        return 0, 0.0, 0.0, 0.0, 0.0
    a, b = _pose(agreed[best_of], spots)
    inside = np.zeros(len(agreed), np.bool_)
    _followers(agreed, spots, a, b, inside)
    n, mean_p, mean_q = 0, 0j, 0j
    for k in np.flatnonzero(inside):
        p, q = _points(agreed[k], spots)
        n, mean_p, mean_q = n + 1, mean_p + p, mean_q + q
    mean_p, mean_q = mean_p / n, mean_q / n
    above, below = 0j, 0.0
    for k in np.flatnonzero(inside):
        p, q = _points(agreed[k], spots)
        above += (p - mean_p) * np.conj(q - mean_q)
        below += abs(q - mean_q) ** 2
    if below > 25.0:  # else all landmarks sit in one spot, and the first pose stands
        a = above / below
        b = mean_p - a * mean_q
    return best, a.real, a.imag, b.real, b.imag


@njit(cache=True, nogil=True)
def _points(agreement, spots):  # type: ignore[no-untyped-def]
    """Places of the two landmarks, the second mirrored where the hashes were."""
    own, other = spots[agreement[1]], spots[agreement[2]]
    sign = -1.0 if agreement[3] else 1.0
    return complex(own[0], own[1]), complex(sign * other[0], other[1])


@njit(cache=True, nogil=True)
def _pose(agreement, spots):  # type: ignore[no-untyped-def]
    """Similarity transform that one pair of landmarks asks for."""
    own, other = spots[agreement[1]], spots[agreement[2]]
    angle = np.pi - other[3] if agreement[3] else other[3]
    turn = own[3] - angle
    a = own[2] / other[2] * complex(np.cos(turn), np.sin(turn))
    p, q = _points(agreement, spots)
    return a, p - a * q


@njit(cache=True, nogil=True)
def _followers(agreed, spots, a, b, inside):  # type: ignore[no-untyped-def]
    """Count the own landmarks that a transform explains, and mark their agreements."""
    scale, turn = abs(a), np.arctan2(a.imag, a.real)
    if not SMALLEST <= scale <= LARGEST:
        return 0
    count, last_x, last_y = 0, -1e9, -1e9
    for k in range(len(agreed)):
        p, q = _points(agreed[k], spots)
        if abs(p - (a * q + b)) > _PLACE_PX:
            continue
        own, other = spots[agreed[k, 1]], spots[agreed[k, 2]]
        angle = np.pi - other[3] if agreed[k, 3] else other[3]
        off = own[3] - angle - turn
        off = abs(np.arctan2(np.sin(off), np.cos(off)))
        if off > _ANGLE or abs(np.log(own[2] / other[2] / scale)) > _LOG_SCALE:
            continue
        if inside is not None:
            inside[k] = True
        if abs(p.real - last_x) + abs(p.imag - last_y) > 1.0:  # one spot may hold two landmarks
            count += 1
            last_x, last_y = p.real, p.imag
    return count
