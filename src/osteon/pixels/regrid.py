"""Put a series with tilt or gaps on a straight, even grid, by interpolation that is asked for."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteon.errors import GeometryError
from osteon.pixels.orient import LARGEST_SHEAR

__all__ = ["fill_planes", "straighten"]


def fill_planes(
    hu: NDArray[np.int16], heights_mm: NDArray[np.float64], planes: int
) -> tuple[NDArray[np.int16], int]:
    """Sample a volume evenly along its first axis.

    Parameters
    ----------
    hu
        int16 (slices, rows, columns).
    heights_mm
        Float64 (slices,), ascending: where each slice lies.
    planes
        Planes wanted, spread evenly from the first slice to the last.

    Returns
    -------
    tuple
        (int16 (planes, rows, columns), how many planes were interpolated). A plane within 2 % of
        a gap from a slice is that slice.

    Examples
    --------
    >>> values = np.array([0, 100, 400], np.int16).reshape(3, 1, 1)
    >>> full, made = fill_planes(values, np.array([0.0, 1.0, 4.0]), 5)
    >>> full.ravel().tolist(), made
    ([0, 100, 200, 300, 400], 2)
    """
    at = np.interp(
        np.linspace(heights_mm[0], heights_mm[-1], planes), heights_mm, np.arange(len(hu))
    )
    filled = np.empty((planes, *hu.shape[1:]), np.int16)
    made = 0
    for plane, place in enumerate(at):
        near = round(float(place))
        if abs(place - near) < 0.02:
            filled[plane] = hu[near]
            continue
        below = int(place)
        share = np.float32(place - below)
        mixed = (1 - share) * hu[below].astype(np.float32) + share * hu[below + 1]
        filled[plane] = np.rint(mixed)
        made += 1
    return filled, made


def straighten(
    hu: NDArray[np.int16], matrix: NDArray[np.float64], outside_hu: int
) -> tuple[NDArray[np.int16], NDArray[np.float64], float]:
    """Shift each slice in its own plane until the axes are perpendicular.

    Slices of a tilted gantry step along the table, not along their normal. The grid made here has
    the slices' planes and the step along the normal, so each slice is moved by a part of a pixel
    (linear interpolation) and nothing is interpolated between slices. It is widened until nothing
    is cut.

    Parameters
    ----------
    hu
        int16 (slices, rows, columns).
    matrix
        4 x 4 from these indices to LPS mm; rows and columns perpendicular.
    outside_hu
        Value where there was no voxel.

    Returns
    -------
    tuple
        (int16 (slices, more rows, more columns), 4 x 4 with perpendicular axes, degrees of tilt).

    Raises
    ------
    GeometryError
        If rows and columns are not perpendicular.
    """
    step, down, across = matrix[:3, 0], matrix[:3, 1], matrix[:3, 2]
    row_mm, column_mm = np.linalg.norm(down), np.linalg.norm(across)
    if abs(down @ across) > LARGEST_SHEAR * row_mm * column_mm:
        raise GeometryError(
            "rows and columns of the slices are not perpendicular: wanted tilt only"
        )
    normal = np.cross(down, across) / (row_mm * column_mm)
    normal *= np.sign(step @ normal)
    along = float(step @ normal)
    shift_px = np.array([step @ down / row_mm**2, step @ across / column_mm**2])  # for each slice
    ends = shift_px * (len(hu) - 1)
    first = np.floor(np.minimum(ends, 0) + 1e-6).astype(int)
    more = np.ceil(np.maximum(ends, 0) - 1e-6).astype(int) - first
    shape = len(hu), int(hu.shape[1] + more[0]), int(hu.shape[2] + more[1])
    straight = np.empty(shape, np.int16)
    for index, plane in enumerate(hu):
        moved = ndimage.affine_transform(
            plane.astype(np.float32),
            np.ones(2),
            first - index * shift_px,
            shape[1:],
            order=1,
            cval=outside_hu,
        )
        straight[index] = np.rint(moved)
    new = matrix.copy()
    new[:3, 0] = along * normal
    new[:3, 3] += first[0] * down + first[1] * across
    return straight, new, math.degrees(math.acos(min(along / float(np.linalg.norm(step)), 1.0)))
