"""The one similarity transform that takes landmarks of a film to those of another."""

from typing import Final

import numpy as np

from osteon.core.compiled import compiled

__all__ = ["FEWEST_SHARED", "LARGEST", "SMALLEST", "arrangement"]

FEWEST_SHARED: Final = 3
SMALLEST, LARGEST = 0.5, 2.0  # scale of one film in the other
_PLACE_PX, _LOG_SCALE, _ANGLE = 5.0, 0.45, 0.45  # how far a landmark may be off


@compiled(nogil=True)
def arrangement(agreed, spots):  # type: ignore[no-untyped-def]
    """Find the similarity transform that most agreements follow, fitted to those that do.

    Parameters
    ----------
    agreed
        int32 (agreements, 4): other film, own landmark, other landmark, whether mirrored.
    spots
        Places (landmarks, 4) that the own and that the other landmarks are numbers of.

    Returns
    -------
    tuple
        Own landmarks that follow it, and the transform as in
        :class:`osteon.pixels.landmark_index.Candidates`; zeros when fewer than
        :data:`FEWEST_SHARED` do.
    """
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


@compiled(nogil=True)
def _points(agreement, spots):  # type: ignore[no-untyped-def]
    """Places of the two landmarks, the second mirrored where the hashes were."""
    own, other = spots[0][agreement[1]], spots[1][agreement[2]]
    sign = -1.0 if agreement[3] else 1.0
    return complex(own[0], own[1]), complex(sign * other[0], other[1])


@compiled(nogil=True)
def _pose(agreement, spots):  # type: ignore[no-untyped-def]
    """Similarity transform that one pair of landmarks asks for."""
    own, other = spots[0][agreement[1]], spots[1][agreement[2]]
    angle = np.pi - other[3] if agreement[3] else other[3]
    turn = own[3] - angle
    a = own[2] / other[2] * complex(np.cos(turn), np.sin(turn))
    p, q = _points(agreement, spots)
    return a, p - a * q


@compiled(nogil=True)
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
        own, other = spots[0][agreed[k, 1]], spots[1][agreed[k, 2]]
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
