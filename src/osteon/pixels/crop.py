"""Cut the square around a hip."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Box
from osteon.errors import GeometryError, UsageError
from osteon.pixels.resample import resample_region

__all__ = ["crop_square"]


def crop_square(
    grey: NDArray[np.float32], box: Box, size_px: int, *, mirror: bool
) -> NDArray[np.float32]:
    """Cut the square around a box and sample it to a fixed size.

    The shorter side of the box grows about its centre until the box is square, so anatomy is
    never stretched. What lies beyond the film is 0 (black).

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1].
    box
        Box in pixels of ``grey``.
    size_px
        Side of the result in pixels.
    mirror
        Mirror left to right, so that a left hip looks like a right one.

    Returns
    -------
    NDArray
        float32 (size_px, size_px), anti-aliased.

    Raises
    ------
    GeometryError
        If the box and the film have nothing in common.
    UsageError
        If the size is below 1.
    """
    if size_px < 1:
        raise UsageError(f"size_px is {size_px}, wanted at least 1")
    rows, columns = grey.shape
    if box.clipped(columns, rows) is None:
        raise GeometryError(f"box {box.as_tuple()} lies outside the film of {rows} x {columns}")
    square = resample_region(grey, box.squared().as_tuple(), (size_px, size_px))
    return np.ascontiguousarray(square[:, ::-1]) if mirror else square
