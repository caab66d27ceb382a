"""From detector signal to the picture a vendor would send: logarithm, frequency bands, tone curve.

The vendors are invented. They differ in ways real ones do: how much of the coarse range they
flatten, which details they lift, how steep the tone curve is, how the unexposed border looks, how
many bits they store and which of the two monochrome interpretations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["VENDORS", "Vendor", "smooth_mm", "tone"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one invented vendor turns signal into grey values.

    Parameters
    ----------
    name, model_name
        Manufacturer and model as the header gives them.
    modality
        ``DX`` (flat panel) or ``CR`` (imaging plate).
    photometric_interpretation
        MONOCHROME1 or MONOCHROME2.
    bits_stored
        10, 12 or 14.
    flatten
        Share of the coarse contrast (above 25 mm) that is taken out, 0 to 1.
    lift
        Gains of the bands around 0.4, 1.2 and 4 mm; 0 leaves a band as it is.
    slope
        Steepness of the tone curve in its middle.
    shutter
        Whether the unexposed border is blacked out; otherwise it stays bright.
    detector_sigma_mm
        Gaussian width of the detector's own blur.
    """

    name: str
    model_name: str
    modality: Literal["DX", "CR"]
    photometric_interpretation: Literal["MONOCHROME1", "MONOCHROME2"]
    bits_stored: int
    flatten: float
    lift: tuple[float, float, float]
    slope: float
    shutter: bool
    detector_sigma_mm: float


VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        "alder": Vendor(
            "Alder (synthetic)",
            "A1",
            "DX",
            "MONOCHROME2",
            12,
            0.35,
            (0.5, 0.6, 0.3),
            1.0,
            True,
            0.11,
        ),
        "birch": Vendor(
            "Birch (synthetic)",
            "B20",
            "DX",
            "MONOCHROME1",
            14,
            0.25,
            (0.9, 0.4, 0.2),
            1.15,
            True,
            0.11,
        ),
        "cedar": Vendor(
            "Cedar (synthetic)",
            "CR 3",
            "CR",
            "MONOCHROME2",
            10,
            0.15,
            (0.3, 0.3, 0.1),
            0.9,
            False,
            0.16,
        ),
        "elm": Vendor(
            "Elm (synthetic)", "E7", "DX", "MONOCHROME2", 12, 0.5, (0.3, 0.8, 0.6), 1.0, False, 0.13
        ),
        "maple": Vendor(
            "Maple (synthetic)",
            "M5",
            "CR",
            "MONOCHROME1",
            12,
            0.2,
            (0.6, 0.2, 0.0),
            1.25,
            False,
            0.16,
        ),
    }
)


def tone(
    attenuation: NDArray[np.float32],
    anchors: tuple[float, float],
    vendor: Vendor,
    spacing_mm: float,
) -> NDArray[np.float32]:
    """Turn attenuation (minus the log of the signal) into grey, 0 black to 1 white.

    Parameters
    ----------
    attenuation
        float32 (rows, columns).
    anchors
        Attenuation of thin soft tissue (maps to about 0.15) and of dense bone (about 0.85).
    vendor
        Whose processing.
    spacing_mm
        Pixel size at the detector.
    """
    low, high = anchors
    scaled = (attenuation - np.float32(low)) / np.float32(max(high - low, 1e-3))
    limited = np.clip(scaled, -1.5, 2.5)
    coarse = smooth_mm(limited, 25.0, spacing_mm)
    result = limited - np.float32(vendor.flatten) * (coarse - np.float32(0.5))
    finer = limited
    for gain, width_mm in zip(vendor.lift, (0.4, 1.2, 4.0), strict=True):
        blurred = smooth_mm(limited, width_mm, spacing_mm)
        if gain:
            result += np.float32(gain) * _limited(finer - blurred)
        finer = blurred
    steep = np.float32(3.47 * vendor.slope)  # logit(0.85) = 1.735, at half a range from the middle
    return np.asarray(1.0 / (1.0 + np.exp(-steep * (result - np.float32(0.5)))))


def _limited(band: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave small details as they are and hold large edges back, so that they do not ring."""
    return np.asarray(band / (1.0 + np.abs(band) * np.float32(5.0)))


def smooth_mm(
    image: NDArray[np.float32], sigma_mm: float, spacing_mm: float
) -> NDArray[np.float32]:
    """Gaussian blur; wide ones are computed on a reduced grid."""
    sigma = sigma_mm / spacing_mm
    factor = max(int(sigma / 2.5), 1)
    if factor == 1:
        return np.asarray(gaussian_filter(image, sigma, mode="nearest", truncate=3.0))
    small = _reduce(np.ascontiguousarray(image), factor)
    blurred = gaussian_filter(small, sigma / factor, mode="nearest", truncate=3.0)
    return np.asarray(_expand(blurred, factor, image.shape[0], image.shape[1]))


@njit(cache=True, nogil=True)
def _reduce(image, factor):  # type: ignore[no-untyped-def]
    """Means of blocks; the last ones may be narrower."""
    rows, columns = image.shape
    result = np.zeros((-(-rows // factor), -(-columns // factor)), dtype=np.float32)
    counts = np.zeros(result.shape, dtype=np.float32)
    for row in range(rows):
        for column in range(columns):
            result[row // factor, column // factor] += image[row, column]
            counts[row // factor, column // factor] += np.float32(1.0)
    return result / counts


@njit(cache=True, nogil=True)
def _expand(small, factor, rows, columns):  # type: ignore[no-untyped-def]
    """Bilinear interpolation between block centres, flat beyond the outer ones."""
    result = np.empty((rows, columns), dtype=np.float32)
    height, width = small.shape
    for row in range(rows):
        y = min(max((row + 0.5) / factor - 0.5, 0.0), height - 1.0)
        top = min(int(y), height - 1)
        bottom = min(top + 1, height - 1)
        down = np.float32(y - top)
        for column in range(columns):
            x = min(max((column + 0.5) / factor - 0.5, 0.0), width - 1.0)
            left = min(int(x), width - 1)
            right = min(left + 1, width - 1)
            across = np.float32(x - left)
            upper = small[top, left] + across * (small[top, right] - small[top, left])
            lower = small[bottom, left] + across * (small[bottom, right] - small[bottom, left])
            result[row, column] = upper + down * (lower - upper)
    return result
