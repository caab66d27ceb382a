"""A pelvis with both proximal femurs as voxels, and what is true of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine, Laterality
from osteon.core.labels import HIP_CLASSES
from osteon.errors import GeometryError

__all__ = ["Body", "HipTruth"]


@dataclass(frozen=True, slots=True, eq=False)
class HipTruth:
    """What is true of one hip.

    Parameters
    ----------
    laterality
        Side of the patient.
    label
        One of :data:`osteon.core.labels.HIP_CLASSES`.
    landmarks_lps_mm
        Points (x, y, z) in mm: at least ``head_center``, ``head_top``, ``greater_trochanter_tip``,
        ``lesser_trochanter``, ``shaft_center`` (20 mm below the lesser trochanter).
    box_points_lps_mm
        float64 (n, 3): surface points of head, neck, trochanters and shaft down to 20 mm below the
        lesser trochanter (the prosthesis's in their place); their projection's extent is the box.
    details
        Numbers with units in their names: ``garden_stage``, ``displacement_mm``, ``rotation_deg``,
        ``varus_deg``, ``neck_shaft_angle_deg``, ``bmd_g_cm2`` ...; absent when they do not apply.
    implant
        Name of the implant, or ``None``.
    """

    laterality: Laterality
    label: str
    landmarks_lps_mm: Mapping[str, tuple[float, float, float]]
    box_points_lps_mm: NDArray[np.float64]
    details: Mapping[str, float | str] = field(default_factory=dict)
    implant: str | None = None

    def __post_init__(self) -> None:
        HIP_CLASSES.index(self.label)
        if self.box_points_lps_mm.ndim != 2 or self.box_points_lps_mm.shape[1] != 3:
            raise GeometryError(f"box points are (n, 3), got {self.box_points_lps_mm.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Voxels of one patient.

    Parameters
    ----------
    material
        uint8 (z, y, x), codes of :class:`osteon.phantom.materials.Material`.
    density_g_cm3
        float32 (z, y, x); for BONE the density of the bone-marrow mixture.
    structures
        uint8 (z, y, x): which bone a voxel belongs to, by ``structure_names``.
    structure_names
        Code to name, e.g. ``{1: "femur_left"}``; 0 is none.
    affine
        Indices to LPS mm.
    hips
        One truth for each hip in the volume.
    """

    material: NDArray[np.uint8]
    density_g_cm3: NDArray[np.float32]
    structures: NDArray[np.uint8]
    structure_names: Mapping[int, str]
    affine: Affine
    hips: tuple[HipTruth, ...]

    def __post_init__(self) -> None:
        shapes = {self.material.shape, self.density_g_cm3.shape, self.structures.shape}
        if len(shapes) != 1 or self.material.ndim != 3:
            raise GeometryError(f"a body's arrays share one (z, y, x) shape, got {shapes}")
