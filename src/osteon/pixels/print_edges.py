"""Tell print from bone and metal by its edges.

Print is laid over a finished picture: along its letters the tone jumps within two pixels, and
always from the same tone, across as well as down. What X-rays draw has gone through focal spot,
scatter and detector: its edges are wider, and noise and thickness vary the tone along them. The
edge of a diaphragm is sharp and black, but runs one way.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["edges_of_one_tone"]

_REACH = 2  # pixels
_JUMP = 0.45  # of the range of tones around
_TONES = 7  # width of one tone, of 255: compression varies it a little


def edges_of_one_tone(
    image: NDArray[np.uint8], boxes: Sequence[tuple[int, int, int, int]]
) -> float:
    """Count sharp edges of one tone along shapes.

    Parameters
    ----------
    image
        uint8 (rows, columns), at full size.
    boxes
        First row, first column, end row, end column of each shape.

    Returns
    -------
    float
        Pairs of pixels two apart that differ by nearly half of the range of tones (2nd to 98th
        percentile) and share the tone that is most frequent at such edges: twice the lesser of
        those across and those down, divided by the sum of the shapes' heights and widths. Above
        one half for nearly all print, near 0 for what X-rays draw.

    Examples
    --------
    >>> ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (60, 1))
    >>> edges_of_one_tone(ramp, [(10, 10, 40, 40)])
    0.0
    >>> ramp[15:35, 20:24] = 250
    >>> edges_of_one_tone(ramp, [(15, 20, 35, 24)])
    1.33
    """
    rows = np.array(boxes)
    low = np.maximum(rows[:, :2].min(axis=0) - _REACH, 0)
    high = rows[:, 2:].max(axis=0) + _REACH
    part = image[low[0] : high[0], low[1] : high[1]].astype(np.int16)
    darkest, lightest = np.percentile(part, [2, 98])
    least = max(_JUMP * float(lightest - darkest), 1.0)
    ways = ((part[_REACH:], part[:-_REACH]), (part[:, _REACH:], part[:, :-_REACH]))
    down, across = (_tones_at_edges(near, far, least) for near, far in ways)
    usual = int((down + across).argmax())
    outline = float((rows[:, 2:] - rows[:, :2]).sum())
    return round(2 * min(float(down[usual]), float(across[usual])) / outline, 2)


def _tones_at_edges(
    near: NDArray[np.int16], far: NDArray[np.int16], least: float
) -> NDArray[np.float64]:
    """Count how often each tone, or one hardly different, stands at either end of an edge."""
    jumps = np.abs(near - far) >= least
    tones = np.bincount(near[jumps], minlength=256) + np.bincount(far[jumps], minlength=256)
    return np.convolve(tones, np.ones(_TONES), mode="same")
