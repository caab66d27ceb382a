"""Lead letters that tell the side."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.drr.detector import Detector

__all__ = ["draw_marker"]

_HEIGHT_MM = 16.0
_STROKE_MM = 2.6
_LEAD_G_CM2 = 1.135  # 1 mm of lead
_ARC = [(0.56 + 0.24 * np.cos(a), 0.28 + 0.24 * -np.sin(a)) for a in np.linspace(1.57, -1.57, 9)]
_LETTERS: dict[Laterality, list[list[tuple[float, float]]]] = {
    Laterality.LEFT: [[(0.22, 0.04), (0.22, 0.96), (0.78, 0.96)]],
    Laterality.RIGHT: [
        [(0.22, 0.96), (0.22, 0.04), *_ARC, (0.22, 0.52)],
        [(0.5, 0.52), (0.8, 0.96)],
    ],
}


def draw_marker(
    detector: Detector, letter: Laterality, at: tuple[float, float]
) -> NDArray[np.float32]:
    """Areal density of a lead letter lying on the detector.

    Parameters
    ----------
    detector
        The film's grid.
    letter
        Which letter.
    at
        Where its middle lies: shares of width and height.

    Returns
    -------
    ndarray
        float32 (rows, columns) in g/cm2 of lead.
    """
    row_mm, column_mm = detector.spacing_mm
    y = (np.arange(detector.rows) + 0.5) * row_mm - at[1] * detector.rows * row_mm
    x = (np.arange(detector.columns) + 0.5) * column_mm - at[0] * detector.columns * column_mm
    near_y = np.flatnonzero(np.abs(y) < _HEIGHT_MM)
    near_x = np.flatnonzero(np.abs(x) < _HEIGHT_MM)
    result = np.zeros(detector.shape, dtype=np.float32)
    if not (len(near_y) and len(near_x)):
        return result
    grid = np.stack(np.meshgrid(x[near_x], y[near_y]), axis=-1) / _HEIGHT_MM + 0.5
    distance = np.full(grid.shape[:2], np.inf)
    for line in _LETTERS[letter]:
        for start, stop in pairwise(line):
            distance = np.minimum(distance, _to_segment(grid, np.array(start), np.array(stop)))
    inside_mm = _STROKE_MM / 2 - distance * _HEIGHT_MM
    covered = np.clip(inside_mm / row_mm + 0.5, 0.0, 1.0)
    result[np.ix_(near_y, near_x)] = covered * _LEAD_G_CM2
    return result


def _to_segment(
    points: NDArray[np.float64], start: NDArray[np.float64], stop: NDArray[np.float64]
) -> NDArray[np.float64]:
    along = stop - start
    share = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - start - share[..., None] * along, axis=-1))
