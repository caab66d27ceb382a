"""Numbers that say how a film looks: brightness, contrast, saturation, blur and noise."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import blur_effect

from osteon.core.geometry import Box
from osteon.pixels.resample import fit_within

__all__ = ["Appearance", "measure_appearance"]

_BLUR_SIDE_PX: Final = 512
_BLUR_WINDOW_PX: Final = 11
_DENOISING_SIGMA_PX: Final = 0.7
_NOISE_SIDE_PX: Final = 1024
_MEASURABLE: Final = 32  # pixels of the shorter side, below which blur and noise mean nothing
_PLATEAU: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Appearance:
    """Measures of the exposed field of a film, all from grey values in [0, 1].

    Parameters
    ----------
    darkest, median, brightest
        5th, 50th and 95th percentile of grey.
    span
        Difference of the extremes.
    plateau_share
        Share of the pixels that hold the largest value: saturated white.
    blur
        Crete's measure, 0 (sharp) to 1, of the field at 512 pixels after slight denoising (so
        that noise does not pass for sharpness). ``None`` for films too small to tell.
    noise
        Standard deviation of pixel noise at 1,024 pixels (Immerkaer's filter, median instead of
        mean, so that edges do not count). ``None`` for films too small to tell.
    """

    darkest: float
    median: float
    brightest: float
    span: float
    plateau_share: float
    blur: float | None
    noise: float | None

    @property
    def contrast(self) -> float:
        """Difference of the 95th and the 5th percentile."""
        return self.brightest - self.darkest


def measure_appearance(grey: NDArray[np.float32], field: Box) -> Appearance:
    """Measure a film inside its exposed field.

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1].
    field
        Exposed field in pixels of ``grey``.
    """
    x_min, y_min, x_max, y_max = (round(side) for side in field.as_tuple())
    inside = grey[y_min : max(y_max, y_min + 1), x_min : max(x_max, x_min + 1)]
    darkest, median, brightest = (float(x) for x in np.percentile(inside, (5, 50, 95)))
    top = float(inside.max())
    is_measurable = min(inside.shape) >= _MEASURABLE and top - float(inside.min()) > _PLATEAU
    return Appearance(
        darkest,
        median,
        brightest,
        top - float(inside.min()),
        float((inside >= top - _PLATEAU).mean()),
        _blur(inside) if is_measurable else None,
        _noise(inside) if is_measurable else None,
    )


def _blur(grey: NDArray[np.float32]) -> float | None:
    small, _ = fit_within(grey, _BLUR_SIDE_PX)
    if min(small.shape) < _MEASURABLE:
        return None
    smooth = ndimage.gaussian_filter(small, _DENOISING_SIGMA_PX)
    measure: Any = blur_effect  # published without types
    return float(measure(smooth, h_size=_BLUR_WINDOW_PX))


def _noise(grey: NDArray[np.float32]) -> float:
    small, _ = fit_within(grey, _NOISE_SIDE_PX)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # Immerkaer 1996
    residue = np.abs(ndimage.convolve(small, kernel))[(small > 0.05) & (small < 0.95)]
    if residue.size == 0:
        return 0.0
    return float(np.median(residue) / 0.6745 / 6)
