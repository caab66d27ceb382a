"""How large a hip is on a film, and above which size a box is none.

A detector sees a film fitted into a square and cannot know how large what it sees is: an iliac wing
looks much like a hip of half again its size. Where a film tells its pixel spacing, it can.
"""

import math
from collections.abc import Sequence

import numpy as np

from osteon.core.geometry import Box

__all__ = ["FEWEST_HIPS", "hip_size_mm", "largest_hip_mm"]

FEWEST_HIPS = 30  # fewer tell too little of how much hips differ
_SDS = 3.0


def hip_size_mm(box: Box, pixel_spacing_mm: tuple[float, float]) -> float:
    """Give the side in mm of the square of the same area as a box.

    Parameters
    ----------
    box
        In pixels of the film.
    pixel_spacing_mm
        Of the same film, rows and columns.

    Examples
    --------
    >>> hip_size_mm(Box(0, 0, 200, 288), (0.5, 0.5))
    120.0
    """
    row_mm, column_mm = pixel_spacing_mm
    return math.sqrt(box.area * row_mm * column_mm)


def largest_hip_mm(sizes_mm: Sequence[float]) -> float | None:
    """Estimate the size that hardly a hip exceeds: mean and three SDs of the sizes' logarithm.

    Parameters
    ----------
    sizes_mm
        Of training hips, from :func:`hip_size_mm`.

    Returns
    -------
    float or None
        In mm; ``None`` with fewer than :data:`FEWEST_HIPS` sizes.

    Examples
    --------
    >>> round(largest_hip_mm([100.0, 110.0, 120.0] * 10), 1)
    137.6
    """
    if len(sizes_mm) < FEWEST_HIPS:
        return None
    logs = np.log(np.asarray(sizes_mm, dtype=float))
    return float(np.exp(logs.mean() + _SDS * logs.std(ddof=1)))
