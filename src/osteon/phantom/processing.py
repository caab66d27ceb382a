"""From detector signal to the picture a vendor would send: logarithm, frequency bands, tone curve.

The vendors are invented. They differ in ways real ones do: how much of the coarse range they
flatten, which details they lift, how steep the tone curve is, how the unexposed border looks, how
many bits they store and which of the two monochrome interpretations.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, gaussian_filter

from osteon.core.compiled import compiled

__all__ = ["VENDORS", "Tone", "Vendor", "average_mm", "develop", "smooth_mm"]


@dataclass(frozen=True, slots=True)
class Tone:
    """How attenuation becomes grey.

    Parameters
    ----------
    flatten
        Share of the coarse contrast (above 25 mm) that is taken out, 0 to 1.
    lift
        Gains of the bands around 0.4, 1.2 and 4 mm; 0 leaves a band as it is.
    slope
        Steepness of the tone curve in its middle.
    midpoint
        Where between the anchors of exposure recognition middle grey lies, 0 to 1.
    """

    flatten: float
    lift: tuple[float, float, float]
    slope: float
    midpoint: float


@dataclass(frozen=True, slots=True)
class Vendor:
    """An invented vendor.

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
    tone
        Processing.
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
    tone: Tone
    shutter: bool
    detector_sigma_mm: float


def _vendors() -> dict[str, Vendor]:
    text = resources.files("osteon.phantom").joinpath("data", "vendors.json").read_text("utf-8")
    found = {}
    for key, values in json.loads(text).items():
        tone = Tone(**{**values["tone"], "lift": tuple(values["tone"]["lift"])})
        found[key] = Vendor(**{**values, "tone": tone})
    return found


VENDORS: Mapping[str, Vendor] = MappingProxyType(_vendors())
"""The invented vendors of ``phantom/data/vendors.json`` by name."""


def develop(
    attenuation: NDArray[np.float32],
    anchors: tuple[float, float],
    by: Tone,
    spacing_mm: float,
    field: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Turn attenuation (minus the log of the signal) into grey, 0 black to 1 white.

    Parameters
    ----------
    attenuation
        float32 (rows, columns).
    anchors
        Range that exposure recognition found: thin and dense parts of the body.
    by
        The vendor's processing.
    spacing_mm
        Pixel size at the detector.
    field
        Share of the beam the collimator let through; the coarse contrast is taken inside it.
    """
    low, high = anchors
    scaled = (attenuation - np.float32(low)) / np.float32(max(high - low, 1e-3))
    limited = np.clip(scaled, -1.5, 2.5)
    lit = np.ones_like(limited) if field is None else np.maximum(field, np.float32(1e-3))
    coarse = smooth_mm(limited * lit, 25.0, spacing_mm) / smooth_mm(lit, 25.0, spacing_mm)
    result = limited - np.float32(by.flatten) * (coarse - np.float32(by.midpoint))
    finer = limited
    for gain, width_mm in zip(by.lift, (0.4, 1.2, 4.0), strict=True):
        blurred = smooth_mm(limited, width_mm, spacing_mm)
        if gain:
            result += np.float32(gain) * _limited(finer - blurred)
        finer = blurred
    steep = np.float32(3.47 * by.slope)
    return np.asarray(1.0 / (1.0 + np.exp(-steep * (result - np.float32(by.midpoint)))))


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


def average_mm(
    image: NDArray[np.float32], width_mm: float, spacing_mm: float
) -> NDArray[np.float32]:
    """Mean over a square of this width, which need not be a whole number of pixels."""
    width = max(width_mm / spacing_mm, 1.0)
    reach = int(np.ceil((width - 1) / 2))
    places = np.abs(np.arange(-reach, reach + 1))
    weights = np.clip(width / 2 - places + 0.5, 0.0, 1.0) / width
    across = correlate1d(image, weights, axis=1, mode="nearest")
    return np.asarray(correlate1d(across, weights, axis=0, mode="nearest"))


@compiled(nogil=True)
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


@compiled(nogil=True)
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
