"""Landmarks of films, and those of one lot sorted so that hashes near a given one are found fast.

A hash is read in overlapping bands of bits; two hashes are compared where a band is equal, and
agree where at most :data:`NEAR_BITS` bits differ.
"""

import mmap
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled

__all__ = ["NEAR_BITS", "Bands", "Landmarks", "agreements", "landmarks_of", "sorted_in_bands"]

NEAR_BITS: Final = 11
_BANDS, _BAND_BITS, _BAND_STEP = 5, 20, 13  # a band begins 13 bits behind the one before


class Landmarks(NamedTuple):
    """Landmarks of consecutive films.

    Parameters
    ----------
    start
        Number of the first film.
    offsets
        Where each film's landmarks begin, and the end of the last, shape (films + 1,).
    film
        Number of each landmark's film, shape (landmarks,).
    codes
        Hashes, shape (landmarks,).
    spots
        x, y, sigma and angle, shape (landmarks, 4).
    """

    start: int
    offsets: NDArray[np.int64]
    film: NDArray[np.int32]
    codes: NDArray[np.uint64]
    spots: NDArray[np.float32]


class Bands(NamedTuple):
    """Landmarks of a lot in the order of each band's value.

    Parameters
    ----------
    orders, codes
        Their numbers and hashes in that order, shape (bands, landmarks).
    starts
        Where each value begins, shape (bands, values + 1).
    """

    orders: NDArray[np.int32]
    codes: NDArray[np.uint64]
    starts: NDArray[np.int32]


def landmarks_of(fingerprints: NDArray[np.void], start: int, stop: int) -> Landmarks:
    """Copy the landmarks of some films; a file mapped for reading gives its pages back."""
    part = fingerprints[start:stop]
    count = np.array(part["count"])
    is_there = np.arange(part["hashes"].shape[1]) < count[:, None]
    landmarks = Landmarks(
        start,
        np.concatenate([[0], np.cumsum(is_there.sum(axis=1))]),
        np.repeat(np.arange(start, start + len(part), dtype=np.int32), is_there.sum(axis=1)),
        np.ascontiguousarray(part["hashes"][is_there]),
        np.ascontiguousarray(part["places"][is_there]),
    )
    _give_back(fingerprints)
    return landmarks


def _give_back(fingerprints: NDArray[np.void]) -> None:
    """Drop the pages of a file mapped for reading: the system has them again when asked."""
    mapped = fingerprints.base
    if (
        isinstance(fingerprints, np.memmap)
        and fingerprints.mode == "r"
        and isinstance(mapped, mmap.mmap)
        and hasattr(mmap, "MADV_DONTNEED")
    ):
        mapped.madvise(mmap.MADV_DONTNEED)


def sorted_in_bands(codes: NDArray[np.uint64]) -> Bands:
    """Sort landmarks by each band of their hashes; within a value they keep their order."""
    size = 1 << _BAND_BITS
    orders = np.empty((_BANDS, len(codes)), np.int32)
    starts = np.empty((_BANDS, size + 1), np.int32)
    for band in range(_BANDS):
        turn = np.uint64(_BAND_STEP * band)
        turned = (codes >> turn) | (codes << (np.uint64(64) - turn)) if band else codes
        keys = (turned & np.uint64(size - 1)).astype(np.int32)
        orders[band] = np.argsort(keys, kind="stable")
        starts[band] = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=size))])
    return Bands(orders, codes[orders], starts)


@compiled(nogil=True)
def agreements(query, lot, bands, room, count):  # type: ignore[no-untyped-def]
    """Write (other film, own landmark, other landmark, flip) of the hashes near a code.

    Parameters
    ----------
    query
        Number of the film, of its landmark, whether mirrored, and the code.
    lot, bands
        Landmarks that are searched, and their order; films at or before the query's are passed by.
    room, count
        int32 (agreements, 4) to be filled, and how many are there already.

    Returns
    -------
    int
        How many are there now.
    """
    one, own, flip, code = query
    for band in range(_BANDS):
        key = _key(code, band)
        low, end = bands.starts[band, key], bands.starts[band, key + 1]
        high = end if one >= lot.start else low
        while low < high:  # the first landmark of a film behind this one
            middle = (low + high) // 2
            if lot.film[bands.orders[band, middle]] <= one:
                low = middle + 1
            else:
                high = middle
        for place in range(low, end):
            apart = code ^ bands.codes[band, place]
            if _bits(apart) > NEAR_BITS or count == len(room):
                continue
            is_new = True
            for before in range(band):  # a band before this one has met it already
                if _key(apart, before) == 0:
                    is_new = False
            if is_new:
                other = bands.orders[band, place]
                room[count, 0], room[count, 1] = lot.film[other], own
                room[count, 2], room[count, 3] = other, flip
                count += 1
    return count


@compiled(nogil=True)
def _bits(value):  # type: ignore[no-untyped-def]
    """Count the bits that are set."""
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (value * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled(nogil=True)
def _key(code, band):  # type: ignore[no-untyped-def]
    """Bits of a band, which may run over the end of the code."""
    turn = np.uint64(_BAND_STEP * band)
    turned = (code >> turn) | (code << (np.uint64(64) - turn)) if band else code
    return np.int64(turned & np.uint64((1 << _BAND_BITS) - 1))
