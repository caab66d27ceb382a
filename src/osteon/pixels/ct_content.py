"""What a CT shows, as numbers with which volumes are chosen: hips, contrast agent, metal."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from osteon.pixels.hips_in_view import HipsInView, find_hips
from osteon.pixels.orient import Volume
from osteon.pixels.resample import shrink_volume

__all__ = ["ENHANCED_CM3", "METAL_HU", "CtContent", "ct_content", "enhanced_cm3"]

ENHANCED_CM3 = 20.0
"""So much that looks like contrast agent counts as one, where nothing else is set."""

METAL_HU = 2500
_GRID_MM = 4.0
_WINDOW_MM = 12.0
_ENHANCED_HU = (100.0, 500.0)
_EVEN_HU = 25.0  # standard deviation within a window of one organ or vessel
_RIM_HU = 200.0  # trabecular bone is even at times, but has cortex beside it


@dataclass(frozen=True, slots=True)
class CtContent:
    """Hips found, volume that looks like contrast agent, volume of metal (above 2,500 HU)."""

    hips: HipsInView
    enhanced_cm3: float
    metal_cm3: float


def ct_content(volume: Volume) -> CtContent:
    """Look at a CT.

    The numbers are hints from Hounsfield units alone: they sort volumes, they diagnose nothing.
    """
    voxel_cm3 = float(np.prod(volume.affine.spacing_z_y_x_mm)) / 1000
    metal = int((volume.hu > METAL_HU).sum()) * voxel_cm3
    return CtContent(find_hips(volume), enhanced_cm3(volume), metal)


def enhanced_cm3(volume: Volume) -> float:
    """Measure what looks like contrast agent in vessels, organs and bladder, in cm3.

    Counted on a grid of about 4 mm: places whose surroundings of 12 mm are even (standard
    deviation below 25 HU) between 100 and 500 HU and have nothing 200 HU denser within 12 mm, as
    bone has. Unenhanced blood and organs are at 30 to 70 HU. A noisy CT or vessels of less than
    12 mm give less, so 0 does not prove that no agent was given.
    """
    coarse = shrink_volume(volume, _GRID_MM)
    spacing = np.asarray(coarse.affine.spacing_z_y_x_mm)
    hu = np.clip(coarse.hu, -200, 1000).astype(np.float32)
    window = np.maximum(1, np.rint(_WINDOW_MM / spacing).astype(int))
    mean = ndimage.uniform_filter(hu, window)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(hu * hu, window) - mean * mean, 0))
    densest = ndimage.maximum_filter(hu, 2 * window + 1)
    low, high = _ENHANCED_HU
    found = (mean > low) & (mean < high) & (spread < _EVEN_HU) & (densest < mean + _RIM_HU)
    return float(found.sum() * np.prod(spacing) / 1000)
