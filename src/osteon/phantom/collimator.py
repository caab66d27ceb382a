"""The collimator: which part of a detector the beam reaches."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["open_share"]

_PENUMBRA_MM = 2.0


def open_share(
    shape: tuple[int, int], margins_px: tuple[float, float, float, float], spacing_mm: float
) -> NDArray[np.float32]:
    """Share of the beam that reaches each pixel, with a penumbra of about 2 mm.

    Parameters
    ----------
    shape
        (rows, columns) of the detector.
    margins_px
        Closed part at left, top, right and bottom, in pixels; 0 is open.
    spacing_mm
        Pixel size at the detector.

    Returns
    -------
    ndarray
        float32 (rows, columns) in [0, 1].

    Examples
    --------
    >>> open_share((1, 4), (2.0, 0.0, 0.0, 0.0), spacing_mm=2.0).tolist()
    [[0.0, 0.0, 1.0, 1.0]]
    """
    rows, columns = shape
    left, top, right, bottom = margins_px
    soft = _PENUMBRA_MM / 2 / spacing_mm
    x = np.arange(columns, dtype=np.float64) + 0.5
    y = np.arange(rows, dtype=np.float64) + 0.5
    across = _edge(x - left, left, soft) * _edge(columns - right - x, right, soft)
    down = _edge(y - top, top, soft) * _edge(rows - bottom - y, bottom, soft)
    return np.asarray(down[:, None] * across[None, :], dtype=np.float32)


def _edge(distance: NDArray[np.float64], margin: float, soft: float) -> NDArray[np.float64]:
    if margin <= 0:
        return np.ones_like(distance)
    return np.asarray(np.clip(0.5 + distance / (2 * soft), 0.0, 1.0))
