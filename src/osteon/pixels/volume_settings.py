"""How volumes are read: limits, and what is mended only when asked."""

from typing import Annotated

from pydantic import Field

from osteon.core.settings import Settings

__all__ = ["VolumeSettings"]


class VolumeSettings(Settings):
    """Limits for reading, and what may be resampled.

    Parameters
    ----------
    max_mib
        Largest volume as int16, in MiB.
    largest_gap_mm
        Distance between two slices up to which planes are put in between by linear
        interpolation, where slices are missing or unevenly spaced; 0 refuses such series.
    straighten_tilt
        Resample series of a tilted gantry to perpendicular axes, each slice shifted in its own
        plane; otherwise they are refused.
    """

    max_mib: Annotated[float, Field(gt=0)] = 4096.0
    largest_gap_mm: Annotated[float, Field(ge=0)] = 0.0
    straighten_tilt: bool = False
