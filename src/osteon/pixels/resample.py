"""Change the sampling of films and volumes without moving the anatomy.

A resampled film is a window on the stored one: output pixel ``i`` covers ``[i, i + 1) / factor``
of the input, so a box times ``factor`` lands on the same anatomy, whatever the rounding of the
sides. Shrinking is anti-aliased (Pillow's triangle filter, widened by the reduction).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from osteon.core.geometry import Affine
from osteon.errors import UsageError
from osteon.pixels.orient import Volume

__all__ = [
    "RESAMPLING_VERSION",
    "fit_within",
    "resample_region",
    "resample_volume",
    "shrink_volume",
    "spacing_after",
]

RESAMPLING_VERSION: Final = 1  # goes up with every change that moves a pixel of a film


def fit_within(grey: NDArray[np.float32], max_side_px: int) -> tuple[NDArray[np.float32], float]:
    """Shrink a film until its longer side has at most ``max_side_px`` pixels; never enlarge.

    Parameters
    ----------
    grey
        float32 (rows, columns).
    max_side_px
        Longest side allowed, at least 1.

    Returns
    -------
    tuple
        (film, factor): multiply stored coordinates by ``factor`` to get those of the film.

    Examples
    --------
    >>> small, factor = fit_within(np.zeros((200, 100), np.float32), 50)
    >>> small.shape, factor
    ((50, 25), 0.25)
    """
    if max_side_px < 1:
        raise UsageError(f"max_side_px is {max_side_px}, wanted at least 1")
    rows, columns = grey.shape
    factor = max_side_px / max(rows, columns)
    if factor >= 1:
        return grey, 1.0
    shape = max(round(rows * factor), 1), max(round(columns * factor), 1)
    region = (0.0, 0.0, shape[1] / factor, shape[0] / factor)
    return resample_region(grey, region, shape, padding="edge"), factor


def spacing_after(
    pixel_spacing_mm: tuple[float, float] | None, factor: float
) -> tuple[float, float] | None:
    """Give the spacing (rows, columns) of a film that was shrunk by ``factor``.

    Examples
    --------
    >>> spacing_after((0.2, 0.2), 0.25)
    (0.8, 0.8)
    """
    if pixel_spacing_mm is None:
        return None
    row_mm, column_mm = pixel_spacing_mm
    return row_mm / factor, column_mm / factor


def resample_region(
    grey: NDArray[np.float32],
    region: tuple[float, float, float, float],
    shape: tuple[int, int],
    *,
    padding: str = "zero",
) -> NDArray[np.float32]:
    """Sample a rectangle of a film on a grid of the given shape.

    Parameters
    ----------
    grey
        float32 (rows, columns).
    region
        (x_min, y_min, x_max, y_max) in pixels of ``grey``; may reach beyond it.
    shape
        (rows, columns) of the result.
    padding
        What lies beyond the film: ``"zero"`` (black) or ``"edge"`` (the border's value).

    Returns
    -------
    NDArray
        float32 of ``shape``; values stay within those of ``grey`` and the padding.
    """
    x_min, y_min, x_max, y_max = region
    rows, columns = grey.shape
    # keep a filter's reach around the region, so that what is cut away cannot matter
    reach = 2 + math.ceil(max((x_max - x_min) / shape[1], (y_max - y_min) / shape[0], 1.0))
    left, top = math.floor(x_min) - reach, math.floor(y_min) - reach
    right, bottom = math.ceil(x_max) + reach, math.ceil(y_max) + reach
    if padding == "edge":
        across = np.clip(np.arange(left, right), 0, columns - 1)
        down = np.clip(np.arange(top, bottom), 0, rows - 1)
        part = grey[np.ix_(down, across)]
    else:
        part = np.zeros((bottom - top, right - left), np.float32)
        inner_top, inner_bottom = max(top, 0), min(bottom, rows)
        inner_left, inner_right = max(left, 0), min(right, columns)
        if inner_top < inner_bottom and inner_left < inner_right:
            part[inner_top - top : inner_bottom - top, inner_left - left : inner_right - left] = (
                grey[inner_top:inner_bottom, inner_left:inner_right]
            )
    picture = Image.fromarray(np.ascontiguousarray(part))
    box = (x_min - left, y_min - top, x_max - left, y_max - top)
    resized = picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized, np.float32)


def resample_volume(volume: Volume, spacing_z_y_x_mm: tuple[float, float, float]) -> Volume:
    """Sample a volume on a grid of another spacing, same axes, same outer corner.

    Coarser axes are smoothed first (Gaussian of half the ratio less 1, in voxels, as
    scikit-image does), so nothing aliases; values are interpolated linearly.

    Parameters
    ----------
    volume
        What to sample.
    spacing_z_y_x_mm
        Wanted spacing in mm, above 0.

    Returns
    -------
    Volume
        The same patient in other voxels.

    Raises
    ------
    UsageError
        If a spacing is not above 0.
    """
    if not all(math.isfinite(step) and step > 0 for step in spacing_z_y_x_mm):
        raise UsageError(f"spacing is {spacing_z_y_x_mm} mm, wanted three numbers above 0")
    old = np.asarray(volume.affine.spacing_z_y_x_mm)
    ratio = np.asarray(spacing_z_y_x_mm) / old
    shape = tuple(
        max(1, round(side / step)) for side, step in zip(volume.hu.shape, ratio, strict=True)
    )
    values = volume.hu.astype(np.float32)
    sigma = np.maximum(0, (ratio - 1) / 2)
    if sigma.any():
        values = ndimage.gaussian_filter(values, sigma, mode="nearest")
    first = (ratio - 1) / 2  # centre of the first new voxel, in old indices
    values = ndimage.affine_transform(values, ratio, first, shape, order=1, mode="nearest")
    matrix = volume.affine.matrix.copy()
    matrix[:3, 3] = volume.affine.to_lps_mm(first)
    matrix[:3, :3] *= ratio
    said = " x ".join(f"{step:g}" for step in spacing_z_y_x_mm)
    return Volume(
        np.rint(values).astype(np.int16),
        Affine(matrix),
        (*volume.steps, f"resampled to {said} mm (z, y, x)"),
    )


def shrink_volume(volume: Volume, about_mm: float) -> Volume:
    """Average whole blocks of voxels until the spacing is near ``about_mm``; quick, never finer.

    Parameters
    ----------
    volume
        What to shrink; voxels behind the last whole block of an axis are cut.
    about_mm
        Wanted spacing in mm; each axis is averaged over the nearest whole number of voxels.

    Returns
    -------
    Volume
        int16 means at the middles of the blocks.
    """
    spacing = np.asarray(volume.affine.spacing_z_y_x_mm)
    factors = np.clip(np.rint(about_mm / spacing).astype(int), 1, volume.hu.shape)
    z, y, x = (int(side // factor) for side, factor in zip(volume.hu.shape, factors, strict=True))
    dz, dy, dx = factors.tolist()
    whole = volume.hu[: z * dz, : y * dy, : x * dx].reshape(z, dz, y, dy, x, dx)
    means = whole.mean(axis=(1, 3, 5), dtype=np.float32)
    matrix = volume.affine.matrix.copy()
    matrix[:3, 3] = volume.affine.to_lps_mm((factors - 1) / 2)
    matrix[:3, :3] *= factors
    said = f"blocks of {dz} x {dy} x {dx} voxels averaged"
    return Volume(np.rint(means).astype(np.int16), Affine(matrix), (*volume.steps, said))
