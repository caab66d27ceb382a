"""How like a radiograph a film is, in numbers that need no reference patient.

Each number is measured the same way on a real film and on a synthetic one, inside a box around a
hip, at a common pixel size: noise and its power spectrum where the picture is smoothest, width and
height of the steepest edges, and the spread of grey values.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from osteon.core.geometry import Box
from osteon.errors import GeometryError

__all__ = ["FilmLook", "measure_look"]

_PATCH = 32
_PATCHES = 12
_EDGES = 400
_REACH_MM = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class FilmLook:
    """What was measured; grey values run from 0 (black) to 1 (white).

    Parameters
    ----------
    grey_percentiles
        5th, 25th, 50th, 75th and 95th percentile of the grey values in the box.
    noise_sd
        Standard deviation in smooth places after a quadratic trend is taken out.
    noise_frequency_per_mm, noise_power_mm2
        Radial noise power spectrum of these places, median over them.
    noise_mean_frequency_per_mm
        Mean frequency of that spectrum, weighted by power and by area in the plane.
    edge_width_mm
        Median distance over which a steep edge rises from 10 to 90 %.
    edge_contrast
        Median step of grey over these edges: mostly bone against soft tissue.
    contrast_to_noise
        Edge contrast over noise.
    """

    grey_percentiles: tuple[float, ...]
    noise_sd: float
    noise_frequency_per_mm: NDArray[np.float64]
    noise_power_mm2: NDArray[np.float64]
    noise_mean_frequency_per_mm: float
    edge_width_mm: float
    edge_contrast: float
    contrast_to_noise: float


def measure_look(
    grey: NDArray[np.float32], spacing_mm: float, box: Box, *, common_spacing_mm: float = 0.4
) -> FilmLook:
    """Measure a film around one hip.

    Parameters
    ----------
    grey
        float32 (rows, columns), 0 black to 1 white.
    spacing_mm
        Pixel size.
    box
        Where to measure.
    common_spacing_mm
        Pixel size to measure at; the film is averaged down to it by a whole factor.

    Raises
    ------
    GeometryError
        If the box holds less than a few patches of noise.
    """
    factor = max(round(common_spacing_mm / spacing_mm), 1)
    spacing = spacing_mm * factor
    part = _cut(grey, box, factor)
    if min(part.shape) < 2 * _PATCH:
        raise GeometryError(f"a box of {part.shape} pixels at {spacing} mm is too small to measure")
    patches = _smooth_patches(part)
    noise_sd = float(np.sqrt(np.median(patches.var(axis=(1, 2)))))
    frequency, power = _radial_power(patches, spacing)
    weight = power * frequency
    widths, steps = _edges(part, spacing)
    contrast = float(np.median(steps))
    return FilmLook(
        tuple(float(v) for v in np.percentile(part, (5, 25, 50, 75, 95))),
        noise_sd,
        frequency,
        power,
        float((weight * frequency).sum() / weight.sum()) if weight.sum() > 0 else 0.0,
        float(np.median(widths)),
        contrast,
        contrast / noise_sd if noise_sd > 0 else float("inf"),
    )


def _cut(grey: NDArray[np.float32], box: Box, factor: int) -> NDArray[np.float64]:
    rows = slice(max(int(box.y_min), 0), int(box.y_max))
    columns = slice(max(int(box.x_min), 0), int(box.x_max))
    part = grey[rows, columns].astype(np.float64)
    height, width = (size // factor * factor for size in part.shape)
    blocks = part[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _smooth_patches(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the patches with the least coarse structure; their quadratic trend is removed."""
    step = _PATCH // 2
    corners = [
        (row, column)
        for row in range(0, part.shape[0] - _PATCH + 1, step)
        for column in range(0, part.shape[1] - _PATCH + 1, step)
    ]
    trend = _quadratic(_PATCH)
    coarse = gaussian_filter(part, 3.0)
    found = []
    for row, column in corners:
        where = np.s_[row : row + _PATCH, column : column + _PATCH]
        found.append((float(_without(coarse[where], trend).std()), where))
    found.sort(key=lambda item: item[0])
    return np.stack([_without(part[where], trend) for _, where in found[:_PATCHES]])


def _quadratic(size: int) -> NDArray[np.float64]:
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    return np.asarray(np.linalg.qr(terms)[0])


def _without(patch: NDArray[np.float64], trend: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = patch.ravel()
    return np.asarray((flat - trend @ (trend.T @ flat)).reshape(patch.shape))


def _radial_power(
    patches: NDArray[np.float64], spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median periodogram of the patches averaged over rings: IEC 62220-1's NPS in grey units."""
    window = np.outer(np.hanning(_PATCH), np.hanning(_PATCH))
    spectra = np.abs(np.fft.fft2(patches * window)) ** 2 * spacing**2 / (window**2).sum()
    plane = np.median(spectra, axis=0)
    axis = np.fft.fftfreq(_PATCH, spacing)
    radius = np.hypot(axis[:, None], axis[None, :])
    edges = np.linspace(0, 0.5 / spacing, _PATCH // 2 + 1)
    ring = np.digitize(radius, edges) - 1
    middle = (edges[1:] + edges[:-1]) / 2
    values = np.array([plane[ring == index].mean() for index in range(1, len(middle))])
    return middle[1:], values


def _edges(
    part: NDArray[np.float64], spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """10-90 widths in mm and heights of profiles across the steepest ridges of the gradient."""
    smooth = gaussian_filter(part, 0.6 / spacing)
    down, across = np.gradient(smooth)
    slope = np.hypot(down, across)
    border = int(_REACH_MM / spacing) + 1
    inner = np.zeros_like(slope, dtype=bool)
    inner[border:-border, border:-border] = True
    ridge = inner & _is_ridge(slope, down, across)
    rows, columns = np.nonzero(ridge)
    order = np.argsort(-slope[rows, columns], kind="stable")[:_EDGES]
    rows, columns = rows[order], columns[order]
    offsets = np.arange(-_REACH_MM, _REACH_MM + 0.05, 0.1) / spacing
    direction = np.stack([down, across])[:, rows, columns] / slope[rows, columns]
    y = rows[:, None] + direction[0][:, None] * offsets
    x = columns[:, None] + direction[1][:, None] * offsets
    profiles = map_coordinates(part, [y, x], order=1, mode="nearest")
    measured = [_rise(profile) for profile in profiles]
    widths = np.array([width for width, _ in measured])
    steps = np.array([step for _, step in measured])
    return widths, steps


def _is_ridge(
    slope: NDArray[np.float64], down: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Where the slope is highest along its own direction."""
    rows, columns = np.mgrid[: slope.shape[0], : slope.shape[1]]
    safe = np.maximum(slope, 1e-12)
    result = np.ones_like(slope, dtype=bool)
    for sign in (-1.0, 1.0):
        where = [rows + sign * down / safe, columns + sign * across / safe]
        result &= slope > map_coordinates(slope, where, order=1, mode="nearest")
    return result


def _rise(profile: NDArray[np.float64]) -> tuple[float, float]:
    """Width in mm and height of the rise through the middle of a profile sampled every 0.1 mm."""
    middle = len(profile) // 2
    low, high = middle, middle
    while low > 0 and profile[low - 1] < profile[low]:
        low -= 1
    while high < len(profile) - 1 and profile[high + 1] > profile[high]:
        high += 1
    step = float(profile[high] - profile[low])
    if step <= 0:
        return 0.0, 0.0
    part = (profile[low : high + 1] - profile[low]) / step
    ten, ninety = np.interp((0.1, 0.9), part, np.arange(len(part)) * 0.1)
    return float(ninety - ten), step
