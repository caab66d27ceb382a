"""Settings of a projection; plain data, nothing compiled."""

from typing import Literal

from osteon.core.settings import Settings

__all__ = ["ProjectionSettings"]


class ProjectionSettings(Settings):
    """How a CT is projected.

    Parameters
    ----------
    rows, columns, pixel_mm
        The detector: square pixels, the middle of the volume in its middle.
    geometry
        ``parallel`` rays, which show every depth at its size, or a ``cone`` from a focal spot
        ``source_to_detector_mm`` before the detector. The detector stands just behind the volume.
    energy_kev
        Energy of a beam of one energy.
    kvp
        Tube voltage of a beam with a spectrum, instead of ``energy_kev``: behind thick parts it
        grows harder, as on a film.
    scanned_at_kev, bone_scale
        As in :func:`osteon.drr.attenuation.attenuation_per_mm`.
    remove_table
        Whether table, cushions and arms beside the body are set to air.
    """

    rows: int = 512
    columns: int = 512
    pixel_mm: float = 1.0
    geometry: Literal["parallel", "cone"] = "parallel"
    source_to_detector_mm: float = 1150.0
    energy_kev: float = 60.0
    kvp: float | None = None
    scanned_at_kev: float = 70.0
    bone_scale: float = 1.0
    remove_table: bool = True
