"""A parametric proximal femur: round cones blended into one solid, cortex, canal, trabeculae."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine, Laterality
from osteon.phantom.bone_density import CORTICAL_G_CM3, MARROW_G_CM3, trabecular_density
from osteon.phantom.frames import Femur
from osteon.phantom.shapes import Grid, cover_fractions, stamp_cones
from osteon.phantom.trabeculae import femoral_pattern, lattice

__all__ = ["BoneVolume", "FemurShape", "build_femur", "femur_frame"]


@dataclass(frozen=True, slots=True)
class FemurShape:
    """Size, angles and bone of one femur.

    Parameters
    ----------
    head_radius_mm
        Radius of the head, about 22 (women) to 25 (men).
    neck_radius_mm
        Half the narrowest height of the neck, about 15 to 17.
    offset_mm
        Distance of the head's centre from the shaft's axis, about 40.
    neck_shaft_angle_deg, anteversion_deg
        About 127 and 12; the anteversion acts when the femur is posed.
    shaft_radius_mm
        Outer radius below the lesser trochanter, about 14.
    cortex_mm
        Thickness of the shaft's cortex, about 3 (osteoporotic) to 7.
    trochanter_scale
        Size of the trochanters, about 1.
    trabecular_scale
        Trabecular bone volume relative to a healthy young adult, about 0.3 to 1.1.
    length_mm
        How far below the head's centre the shaft is made.
    """

    head_radius_mm: float = 23.5
    neck_radius_mm: float = 16.0
    offset_mm: float = 41.0
    neck_shaft_angle_deg: float = 127.0
    anteversion_deg: float = 12.0
    shaft_radius_mm: float = 14.5
    cortex_mm: float = 5.5
    trochanter_scale: float = 1.0
    trabecular_scale: float = 0.7
    length_mm: float = 245.0

    @property
    def neck_axis(self) -> NDArray[np.float64]:
        """Unit vector towards the head: medial, posterior, superior."""
        angle = np.deg2rad(self.neck_shaft_angle_deg)
        return np.array([np.sin(angle), 0.0, -np.cos(angle)])

    @property
    def knee_z_mm(self) -> float:
        """Height of the point where neck and shaft axes meet, negative."""
        return float(self.offset_mm / np.tan(np.deg2rad(self.neck_shaft_angle_deg)))


@dataclass(frozen=True, slots=True, eq=False)
class BoneVolume:
    """Bone on a grid: what part of each voxel is bone, and the bone's mass.

    ``fraction`` is float32 in [0, 1]; ``mass_g_cm3`` is the fraction times the density of the
    bone-marrow mixture. Both add when fragments overlap, so impaction makes bone denser.
    """

    fraction: NDArray[np.float32]
    mass_g_cm3: NDArray[np.float32]
    affine: Affine


def femur_frame(shape: FemurShape, laterality: Laterality) -> Femur:
    """Make the frame of a femur in its own axes: medial, posterior, superior from the head."""
    x, z = -shape.offset_mm, shape.knee_z_mm
    scale = shape.trochanter_scale
    return Femur(
        laterality=laterality,
        head_center_mm=np.zeros(3),
        head_radius_mm=shape.head_radius_mm,
        neck_axis=shape.neck_axis,
        shaft_axis=np.array([0.0, 0.0, 1.0]),
        shaft_point_mm=np.array([x, 0.0, z]),
        neck_radius_mm=shape.neck_radius_mm,
        canal_radius_mm=max(shape.shaft_radius_mm - shape.cortex_mm, 3.0),
        shaft_radius_mm=shape.shaft_radius_mm,
        lesser_trochanter_mm=np.array([x + 16.0 * scale, 15.5 * scale, z - 26.0]),
        greater_trochanter_mm=np.array([x - 4.0, 11.5 * scale, z + 34.0 * scale]),
    )


def _cones(shape: FemurShape) -> NDArray[np.float64]:
    """List the round cones of the solid: see :func:`stamp_cones`."""
    head, neck, shaft = shape.head_radius_mm, shape.neck_radius_mm, shape.shaft_radius_mm
    axis, x, z, t = shape.neck_axis, -shape.offset_mm, shape.knee_z_mm, shape.trochanter_scale
    base = np.array([x, 0.0, z])
    up = np.array([-axis[2], 0.0, axis[0]])  # across the neck, upwards
    thin = 0.80 * neck
    rows: list[list[float]] = [
        [x, 0, z - 2, x + 1, 1, z - 30, shaft + 3.0, shaft + 1.5, 0],
        [x + 1, 1, z - 30, x, 0, z - 60, shaft + 1.5, shaft + 0.3, 0],
        [x, 0, z - 60, x - 0.5, -3.5, z - 115, shaft + 0.3, shaft - 0.3, 0],
        [x - 0.5, -3.5, z - 115, x - 1, -6.0, -shape.length_mm - 20, shaft - 0.3, shaft - 0.8, 0],
    ]
    for side in (1.0, -1.0):
        across = side * 0.20 * neck * up
        start = -0.2 * head * axis + across
        middle = 0.50 * base + across
        rows.append([*start, *middle, thin + 1.0, thin, 2])
        rows.append([*middle, *(0.95 * base + 2.4 * across), thin, thin + 2.0, 2])
    rows += [
        # calcar: the neck's underside runs into the medial shaft
        [*(0.55 * base - 0.30 * neck * up), x + 7, 2, z - 28, 0.60 * neck, 9.0, 8],
        # greater trochanter: lateral mass, then the tip that leans back and inwards
        [x - 6, 0, z - 10, x - 10 * t, 2, z + 8, shaft - 0.5, 12.0 * t, 6],
        [x - 10 * t, 3, z + 4, x - 8 * t, 7 * t, z + 22 * t, 13.0 * t, 10.0 * t, 4],
        [x - 8 * t, 8 * t, z + 21 * t, x - 3 * t, 12.5 * t, z + 29 * t, 9.0 * t, 6.0 * t, 4],
        # intertrochanteric crest, behind
        [x - 2, 11 * t, z + 20 * t, x + 10, 14 * t, z - 14, 7.0, 6.0, 5],
        # lesser trochanter
        [x + 4, 7, z - 23, x + 16.0 * t, 14.5 * t, z - 26, 12.0, 6.5 * t, 6],
        [x + 10, 10, z - 27, x + 4, 4, z - 48, 7.0, 8.0, 5],
        [0, 0, 0, 0, 0, 0, head, head, 3],
    ]
    return np.array(rows, dtype=np.float64)


def _cortex_mm(shape: FemurShape, own: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cortex thickness at points: thick in the shaft and calcar, a thin plate around the head."""
    below = shape.knee_z_mm - own[:, 2]
    shaft = np.clip((below + 6.0) / 50.0, 0.0, 1.0)
    thin = 0.65 + 0.08 * shape.cortex_mm
    thickness = thin + (shape.cortex_mm - thin) * shaft
    x, z = -0.52 * shape.offset_mm, shape.knee_z_mm - 8.0
    near = ((own[:, 0] - x) / 13.0) ** 2 + ((own[:, 2] - z) / 22.0) ** 2
    calcar = np.exp(-0.5 * near) * 0.55 * shape.cortex_mm
    return np.asarray(thickness + calcar, dtype=np.float32)


def build_femur(
    shape: FemurShape, laterality: Laterality, spacing_mm: float, rng: np.random.Generator
) -> tuple[BoneVolume, Femur]:
    """Build an intact femur in its own axes (medial, posterior, superior mm from the head).

    Parameters
    ----------
    shape
        Size, angles and bone.
    laterality
        Side it will be posed on; the volume itself is the same for both.
    spacing_mm
        Voxel size, in (0, 4].
    rng
        Draws the trabecular texture.

    Returns
    -------
    tuple
        The bone and its frame, both in the femur's own axes.
    """
    head = shape.head_radius_mm
    low = np.array([-shape.offset_mm - 32.0, -head - 9.0, -shape.length_mm])
    high = np.array([head + 4.0, head + 9.0, head + 4.0])
    grid = Grid.around(low, high, spacing_mm)
    field = grid.far()
    stamp_cones(field, grid, _cones(shape))
    noise = lattice(rng)
    inside = field < spacing_mm
    index = np.argwhere(inside)
    own = (index[:, ::-1] * spacing_mm + np.asarray(grid.origin_mm)).astype(np.float32)
    bone, cortex = cover_fractions(field[inside], _cortex_mm(shape, own), spacing_mm)
    strength = float(np.clip((shape.trabecular_scale - 0.3) / 0.6, 0.0, 1.0))
    pattern = femoral_pattern(own, shape.offset_mm, head, strength, noise)
    spongy = trabecular_density(pattern * shape.trabecular_scale)
    fraction = np.zeros(grid.shape, dtype=np.float32)
    mass = np.zeros(grid.shape, dtype=np.float32)
    fraction[inside] = bone
    mass[inside] = cortex * CORTICAL_G_CM3 + (bone - cortex) * np.maximum(spongy, MARROW_G_CM3)
    return BoneVolume(fraction, mass, grid.affine), femur_frame(shape, laterality)
