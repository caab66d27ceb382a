"""Films that are copies of one another: cropped, turned, mirrored, windowed anew, coded as JPEG."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import joblib
import numpy as np
from numpy.typing import NDArray

from osteon.pixels.arrangement import LARGEST, SMALLEST
from osteon.pixels.fingerprint import SIDE_PX
from osteon.pixels.landmark_index import Candidates, find_candidates
from osteon.pixels.overlay import Overlay, overlay

__all__ = ["LEAST_AGREEMENT", "Comparison", "CopyPair", "find_copies"]

LEAST_AGREEMENT: Final = 0.92
_LEAST_OVERLAP, _MOST_STRETCH = 0.4, 1.25
_SHARE = 256


@dataclass(frozen=True, slots=True)
class CopyPair:
    """Two films (by number, ``first < second``) that show one exposure.

    ``agreement`` of the locally normalised pictures in [-1, 1], negative where one is inverted;
    ``overlap`` is the share of the smaller film that both show; ``is_mirrored`` says how.
    """

    first: int
    second: int
    agreement: float
    overlap: float
    is_mirrored: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing films found: the copies, and how many pairs were looked at closely.

    ``overflowing`` films had more agreements than are kept; their copies may have been missed.
    """

    copies: tuple[CopyPair, ...]
    candidates: int
    overflowing: int


def find_copies(fingerprints: NDArray[np.void]) -> Comparison:
    """Hold all films against one another.

    Pairs that share landmarks in one arrangement (:mod:`osteon.pixels.landmark_index`) are laid
    on one another (:mod:`osteon.pixels.overlay`) and are copies when the agreement of the
    locally normalised pictures, block by block, is at least :data:`LEAST_AGREEMENT` over at
    least 40 % of the smaller film. Films of one view of two people agree in their bones, but not
    in these details.

    Parameters
    ----------
    fingerprints
        Records of :data:`osteon.pixels.fingerprint.RECORD`, shape (films,); may be a memory map,
        of which the thumbnails of candidates only are read.

    Returns
    -------
    Comparison
        Copies ordered by first, then second film.
    """
    candidates = find_candidates(fingerprints)
    shares = [slice(at, at + _SHARE) for at in range(0, len(candidates.first), _SHARE)]
    with ThreadPoolExecutor(joblib.cpu_count()) as pool:
        looked = pool.map(partial(_checked, fingerprints, candidates), shares)
        copies = tuple(pair for pairs in looked for pair in pairs)
    return Comparison(copies, len(candidates.first), candidates.overflowing)


def _checked(
    fingerprints: NDArray[np.void], candidates: Candidates, share: slice
) -> list[CopyPair]:
    return list(_copies(fingerprints, candidates, range(*share.indices(len(candidates.first)))))


def _copies(
    fingerprints: NDArray[np.void], candidates: Candidates, numbers: range
) -> Iterator[CopyPair]:
    for number in numbers:
        first, second = int(candidates.first[number]), int(candidates.second[number])
        is_mirrored = bool(candidates.is_mirrored[number])
        found = _laid(
            fingerprints[first], fingerprints[second], candidates.transforms[number], is_mirrored
        )
        if _is_copy(found):
            yield CopyPair(first, second, found.agreement, found.overlap, is_mirrored)


def _is_copy(found: Overlay) -> bool:
    return (
        abs(found.agreement) >= LEAST_AGREEMENT
        and found.overlap >= _LEAST_OVERLAP
        and found.stretch <= _MOST_STRETCH
        and SMALLEST <= found.scale <= LARGEST
    )


def _laid(
    first: np.void, second: np.void, transform: NDArray[np.float64], is_mirrored: bool
) -> Overlay:
    """Lay the second film's thumbnail on the first's, beginning where the landmarks say."""
    one, two = _thumb(first), _thumb(second)
    a, b = complex(transform[0], transform[1]), complex(transform[2], transform[3])
    back, home = 1 / a, -b / a  # second = back * first + home
    of_one, of_two = max(one.shape) / SIDE_PX, max(two.shape) / SIDE_PX
    sign = -1.0 if is_mirrored else 1.0
    start = np.array(
        [
            [sign * back.real, -sign * back.imag, sign * home.real * of_one],
            [back.imag, back.real, home.imag * of_one],
        ]
    )
    return overlay(one, two, start * (of_two / of_one))


def _thumb(record: Any) -> NDArray[np.float32]:
    rows, columns = (int(side) for side in record["shape"])
    picture: NDArray[np.float32] = (
        record["thumb"][:rows, :columns].astype(np.float32) - np.float32(128)
    ) / np.float32(32)
    return picture
