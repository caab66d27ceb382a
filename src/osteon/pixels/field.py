"""Find the exposed field of a film: what lies inside the collimator's blades."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteon.core.geometry import Box
from osteon.pixels.resample import fit_within

__all__ = ["cut_to_field", "exposed_field"]

_WORKING_SIDE_PX: Final = 512
_REACH_PX = 3  # an edge may be this wide
_EDGE = 0.04  # grey step of a blade's edge
_LENGTH = 0.6  # of the field's side, over which an edge must run
_BRIGHT = 0.5  # grey of an unexposed border
_BRIGHT_SHARE = 0.7
_WHITE_SHARE = 0.95  # of a row, above which it is border all along
_FEWEST_ROWS = 8
_DARK = 0.02  # grey of a masked border
_DARK_SHARE = 0.995
_LARGEST_BORDER = 0.45  # of the film's side


def exposed_field(grey: NDArray[np.float32]) -> Box:
    """Find the rectangle between the blades; the whole film when there are none.

    An unexposed border is white after processing: it is taken off where, on its inner side, the
    film darkens along a straight line over at least 60% of the field's height or width, with at
    least 70% of the border brighter than 0.5. A border that was masked black is taken off where
    it is black throughout. Rectangular fields along the film's sides, at most 45% from each
    side; a turned or round field gives the whole film.

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1], as rendered.

    Returns
    -------
    Box
        In pixels of ``grey``.
    """
    small, factor = fit_within(grey, _WORKING_SIDE_PX)
    rows, columns = small.shape
    left, right = _sides(small)
    top, bottom = _sides(small[:, left:right].T)
    # blades across the film hide part of the edges along it: look once more between them
    left, right = _sides(small[top:bottom])
    field = Box(left / factor, top / factor, right / factor, bottom / factor)
    if (left, top, right, bottom) == (0, 0, columns, rows):
        return Box(0, 0, grey.shape[1], grey.shape[0])
    return field.clipped(grey.shape[1], grey.shape[0]) or Box(0, 0, *grey.shape[::-1])


def cut_to_field(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Cut a film to its exposed field.

    Returns
    -------
    tuple
        A view of ``grey``, and the column and row of ``grey`` at which it starts.
    """
    field = exposed_field(grey)
    left, top = math.floor(field.x_min), math.floor(field.y_min)
    right, bottom = math.ceil(field.x_max), math.ceil(field.y_max)
    return grey[top:bottom, left:right], (left, top)


def _sides(grey: NDArray[np.float32]) -> tuple[int, int]:
    """First and last-but-one column inside the blades that stand across the rows."""
    return _border(grey), grey.shape[1] - _border(grey[:, ::-1])


def _border(grey: NDArray[np.float32]) -> int:
    """Width of the border at the left side, in columns."""
    rows, columns = grey.shape
    limit = int(_LARGEST_BORDER * columns)
    if rows < _FEWEST_ROWS or limit < 2 * _REACH_PX:
        return 0
    dark = (grey < _DARK).mean(axis=0) >= _DARK_SHARE
    masked = int(np.argmin(dark)) if not dark.all() else 0
    masked = min(masked, limit)
    smooth = ndimage.gaussian_filter(grey[:, masked:], 1.0)
    drop = smooth[:, : -2 * _REACH_PX] - smooth[:, 2 * _REACH_PX :]
    crossing = (smooth > _BRIGHT).mean(axis=1) < _WHITE_SHARE  # rows that are not border all along
    if crossing.sum() >= _FEWEST_ROWS:
        drop, smooth = drop[crossing], smooth[crossing]
    share = (drop > _EDGE).mean(axis=0)
    bright = np.cumsum((smooth > _BRIGHT).mean(axis=0)) / np.arange(1, smooth.shape[1] + 1)
    candidates = np.flatnonzero(share[: limit - masked] >= _LENGTH)
    foot = np.minimum(candidates + _REACH_PX, len(bright) - 1)
    candidates = candidates[bright[foot] >= _BRIGHT_SHARE]
    if len(candidates) == 0:
        return masked
    first = int(candidates[0])  # the outermost edge, followed to its inner foot
    while first + 1 in candidates and share[first + 1] >= share[first] - 0.05:
        first += 1
    return masked + first + 2 * _REACH_PX
