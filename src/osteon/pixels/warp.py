"""Move, turn and scale a picture of physical values: what comes in is 0, nothing is clipped."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Warp", "warp"]


@dataclass(frozen=True, slots=True)
class Warp:
    """A placement of a picture about its middle.

    ``shift_x`` and ``shift_y`` are shares of its sides, to the right and down; ``degrees`` turns
    counter-clockwise; ``scale`` enlarges; ``is_mirrored`` swaps left and right first.
    """

    shift_x: float = 0.0
    shift_y: float = 0.0
    degrees: float = 0.0
    scale: float = 1.0
    is_mirrored: bool = False


def warp(picture: NDArray[np.float32], step: Warp) -> NDArray[np.float32]:
    """Apply a placement, interpolating linearly.

    Parameters
    ----------
    picture
        float32 (rows, columns) of any range; a line integral stays one.
    step
        Where it goes.

    Examples
    --------
    >>> row = np.array([[1, 2, 3, 4]], np.float32)
    >>> warp(row, Warp(shift_x=0.25)).tolist()
    [[0.0, 1.0, 2.0, 3.0]]
    """
    rows, columns = picture.shape
    if step.is_mirrored:
        picture = picture[:, ::-1]
    if step == Warp(is_mirrored=step.is_mirrored):
        return np.ascontiguousarray(picture)
    angle = math.radians(step.degrees)
    cosine, sine = math.cos(angle) / step.scale, math.sin(angle) / step.scale
    x = columns / 2 + step.shift_x * columns
    y = rows / 2 + step.shift_y * rows
    inverse = (
        cosine, -sine, columns / 2 - cosine * x + sine * y,
        sine, cosine, rows / 2 - sine * x - cosine * y,
    )  # fmt: skip
    moved = Image.fromarray(np.ascontiguousarray(picture)).transform(
        (columns, rows), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR
    )
    return np.asarray(moved, np.float32)
