"""Lay one small picture on another and say how well they agree.

The second picture is moved by an affine transform, and its grey by gain and offset, until the sum
of squared differences is least (Gauss-Newton; Lucas and Kanade 1981, Proc IJCAI 674), first on
smoothed pictures, then on the pictures themselves. The agreement is that of small blocks: Pearson's
correlation in each, the mean without the lowest quarter, because borders, corners left black and
burned-in words spoil a few blocks of a copy, while other people's films differ in most.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled

__all__ = ["Overlay", "overlay"]

_STEPS: Final = (6, 8)  # on the smoothed pictures, on the pictures
_DAMPING = 1e-3
_BLOCK_PX, _LEAST_FULL, _LEAST_SPREAD = 12, 0.6, 0.25
_FEWEST_BLOCKS, _LEFT_OUT = 8, 4  # the lowest 1 of 4 is left out
Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Overlay:
    """How two pictures agree.

    Parameters
    ----------
    agreement
        Mean correlation of the blocks without the lowest quarter, in [-1, 1]; negative where one
        picture is inverted, 0 when fewer than eight blocks can be compared.
    overlap
        Pixels both show, as a share of the smaller picture.
    stretch
        Ratio of the transform's singular values, at least 1; a copy is not stretched.
    scale
        Pixels of the second picture for one of the first.
    """

    agreement: float
    overlap: float
    stretch: float
    scale: float


def overlay(first: Picture, second: Picture, start: NDArray[np.float64]) -> Overlay:
    """Lay the second picture on the first.

    Parameters
    ----------
    first, second
        float32 (rows, columns) each.
    start
        Affine transform (2, 3) from (x, y, 1) in the first to (x, y) in the second picture, about
        right.
    """
    affine = np.ascontiguousarray(start, np.float64)
    for smoothing, steps in zip((2, 0), _STEPS, strict=True):
        one, two = _smoothed(first, smoothing), _smoothed(second, smoothing)
        affine = _refined(one, two, affine, steps)
    blocks, shared = _block_correlations(first, second, affine)
    singular = np.linalg.svd(affine[:, :2], compute_uv=False)
    size = min(float(first.size), second.size / max(float(np.prod(singular)), 1e-6))
    return Overlay(
        _trimmed(blocks),
        float(shared) / size,
        float(singular[0] / max(singular[1], 1e-6)),
        float(np.sqrt(np.prod(singular))),
    )


def _trimmed(blocks: NDArray[np.float64]) -> float:
    """Mean of the correlations without the lowest quarter, in the sign of most of them."""
    if len(blocks) < _FEWEST_BLOCKS:
        return 0.0
    sign = 1.0 if np.median(blocks) >= 0 else -1.0
    kept = np.sort(sign * blocks)[len(blocks) // _LEFT_OUT :]
    return float(sign * kept.mean())


def _smoothed(picture: Picture, times: int) -> Picture:
    """Average over 3 x 3 pixels, several times."""
    for _ in range(times):
        wide = np.pad(picture, 1, mode="edge")
        rows = wide[:-2] + wide[1:-1] + wide[2:]
        picture = ((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / np.float32(9)).astype(np.float32)
    return picture


@compiled(nogil=True)
def _sample(picture, x, y):  # type: ignore[no-untyped-def]
    """Grey between the pixels, its slopes along x and y."""
    column, row = int(x), int(y)
    right, down = x - column, y - row
    a, b = picture[row, column], picture[row, column + 1]
    c, d = picture[row + 1, column], picture[row + 1, column + 1]
    top, bottom = a + (b - a) * right, c + (d - c) * right
    slope_x = (b - a) * (1 - down) + (d - c) * down
    return top + (bottom - top) * down, slope_x, bottom - top


@compiled(nogil=True)
def _refined(first, second, affine, steps):  # type: ignore[no-untyped-def]
    """Move the transform down the squared differences; unknowns: six of it, gain and offset."""
    rows, columns = first.shape
    high, wide = second.shape[0] - 1.0, second.shape[1] - 1.0
    middle_x, middle_y = (columns - 1) / 2, (rows - 1) / 2
    half = max(middle_x, middle_y)
    normal, right, slope = np.empty((8, 8)), np.empty(8), np.empty(8)
    for _ in range(steps):
        normal[:] = 0.0
        right[:] = 0.0
        for row in range(rows):
            for column in range(columns):
                x = affine[0, 0] * column + affine[0, 1] * row + affine[0, 2]
                y = affine[1, 0] * column + affine[1, 1] * row + affine[1, 2]
                if not (0 <= x < wide and 0 <= y < high):
                    continue
                grey, along, down = _sample(second, x, y)
                u, v = (column - middle_x) / half, (row - middle_y) / half
                slope[0], slope[1], slope[2] = along * u, along * v, along
                slope[3], slope[4], slope[5] = down * u, down * v, down
                slope[6], slope[7] = grey, 1.0
                for i in range(8):
                    right[i] += slope[i] * first[row, column]
                    for k in range(i, 8):
                        normal[i, k] += slope[i] * slope[k]
        for i in range(8):
            for k in range(i):
                normal[i, k] = normal[k, i]
            normal[i, i] = normal[i, i] * (1 + _DAMPING) + 1e-6
        answer = np.linalg.solve(normal, right)
        gain = answer[6]
        if abs(gain) < 0.05:
            return affine
        move = answer[:6] / gain
        size = np.abs(move).max()
        if size > 3.0:
            move *= 3.0 / size
        for axis in range(2):
            by_x, by_y, by_1 = move[3 * axis] / half, move[3 * axis + 1] / half, move[3 * axis + 2]
            affine[axis, 0] += by_x
            affine[axis, 1] += by_y
            affine[axis, 2] += by_1 - by_x * middle_x - by_y * middle_y
        if size < 0.01:
            break
    return affine


@compiled(nogil=True)
def _block_correlations(first, second, affine):  # type: ignore[no-untyped-def]
    """Correlate block by block of the first picture; also gives how many pixels both show."""
    rows, columns = first.shape
    high, wide = second.shape[0] - 1.0, second.shape[1] - 1.0
    found, shared, blocks = np.empty(rows * columns // 4 + 4), 0, 0
    for top in range(0, rows, _BLOCK_PX):
        for left in range(0, columns, _BLOCK_PX):
            n, sum_p, sum_q, sum_pp, sum_qq, sum_pq = 0, 0.0, 0.0, 0.0, 0.0, 0.0
            for row in range(top, min(top + _BLOCK_PX, rows)):
                for column in range(left, min(left + _BLOCK_PX, columns)):
                    x = affine[0, 0] * column + affine[0, 1] * row + affine[0, 2]
                    y = affine[1, 0] * column + affine[1, 1] * row + affine[1, 2]
                    if not (0 <= x < wide and 0 <= y < high):
                        continue
                    p, q = first[row, column], _sample(second, x, y)[0]
                    n += 1
                    sum_p, sum_q = sum_p + p, sum_q + q
                    sum_pp, sum_qq, sum_pq = sum_pp + p * p, sum_qq + q * q, sum_pq + p * q
            shared += n
            if n < _LEAST_FULL * _BLOCK_PX**2:
                continue
            var_p, var_q = sum_pp / n - (sum_p / n) ** 2, sum_qq / n - (sum_q / n) ** 2
            if min(var_p, var_q) < _LEAST_SPREAD**2:
                continue
            found[blocks] = (sum_pq / n - sum_p / n * sum_q / n) / np.sqrt(var_p * var_q)
            blocks += 1
    return found[:blocks], shared
