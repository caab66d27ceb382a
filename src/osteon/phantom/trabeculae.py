"""Trabecular texture: lattice noise stretched along the principal groups of the proximal femur."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.compiled import compiled

__all__ = ["LATTICE_SIZE", "femoral_pattern", "lattice", "lattice_noise", "noise_at"]

LATTICE_SIZE = 32
Points = NDArray[np.float32]


def lattice(rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the random lattice of :func:`lattice_noise`: float32, mean 0, variance 1."""
    return rng.standard_normal((LATTICE_SIZE,) * 3, dtype=np.float32)


@compiled()
def noise_at(values, x, y, z):  # type: ignore[no-untyped-def]
    """Trilinear noise at one point in lattice steps, periodic."""
    size = LATTICE_SIZE  # known when it is compiled: no divisions
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    x0, y0, z0 = int(fx) % size, int(fy) % size, int(fz) % size
    x1, y1, z1 = (x0 + 1) % size, (y0 + 1) % size, (z0 + 1) % size
    a = values[x0, y0, z0] * (1 - u) + values[x1, y0, z0] * u
    b = values[x0, y1, z0] * (1 - u) + values[x1, y1, z0] * u
    c = values[x0, y0, z1] * (1 - u) + values[x1, y0, z1] * u
    d = values[x0, y1, z1] * (1 - u) + values[x1, y1, z1] * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w


@compiled()
def lattice_noise(values, points):  # type: ignore[no-untyped-def]
    """Trilinear noise at points (n, 3) in lattice steps, periodic; float32 (n,)."""
    out = np.empty(len(points), dtype=np.float32)
    for i in range(len(points)):
        out[i] = noise_at(values, points[i, 0], points[i, 1], points[i, 2])
    return out


@dataclass(frozen=True, slots=True)
class _Groups:
    """Strength of the trabecular groups at points, and a coordinate across their fibres in mm."""

    compressive: Points
    tensile: Points
    ward: Points
    across_compressive_mm: Points
    across_tensile_mm: Points


def _groups(own_mm: Points, offset_mm: float, head_radius_mm: float) -> _Groups:
    """Describe Singh's groups: a fan from the calcar to the head's top, an arch over the neck."""
    medial, superior = own_mm[:, 0], own_mm[:, 2]
    root_m, root_s = -0.55 * offset_mm, -1.75 * head_radius_mm
    angle = np.arctan2(medial - root_m, superior - root_s)
    wanted = np.arctan2(0.10 * head_radius_mm - root_m, 0.9 * head_radius_mm - root_s)
    length = np.hypot(medial - root_m, superior - root_s)
    across_compressive = (angle - wanted) * length
    compressive = np.exp(-0.5 * ((angle - wanted) / 0.17) ** 2)
    center_m, center_s = -0.55 * offset_mm, -2.0 * head_radius_mm
    radius = np.hypot((medial - center_m) / 1.1, superior - center_s)
    across_tensile = radius - 1.75 * head_radius_mm
    tensile = np.exp(-0.5 * (across_tensile / 5.5) ** 2) * (medial < 0.6 * head_radius_mm)
    ward_m, ward_s = -0.62 * offset_mm, -0.95 * head_radius_mm
    ward = np.exp(-0.5 * (((medial - ward_m) / 7.5) ** 2 + ((superior - ward_s) / 8.0) ** 2))
    return _Groups(compressive, tensile, ward, across_compressive, across_tensile)


def femoral_pattern(
    own_mm: Points,
    offset_mm: float,
    head_radius_mm: float,
    strength: float,
    noise: NDArray[np.float32],
) -> Points:
    """Relative trabecular bone volume at points of a femur, about 1 on average, at least 0.

    Parameters
    ----------
    own_mm
        float32 (n, 3): medial, posterior, superior mm from the head's centre.
    offset_mm, head_radius_mm
        Size of the femur.
    strength
        0 (osteoporotic: only the main compressive group is left) to 1 (all groups full).
    noise
        Lattice of :func:`lattice`.
    """
    groups = _groups(own_mm, offset_mm, head_radius_mm)
    shaft = np.clip((-own_mm[:, 2] - 2.1 * head_radius_mm) / 25.0, 0, 1)
    head = np.exp(-0.5 * (np.linalg.norm(own_mm, axis=1) / (0.9 * head_radius_mm)) ** 2)
    base = (0.70 + 0.50 * head) * (1 - 0.9 * shaft)
    base = base + 1.0 * groups.compressive * (0.55 + 0.45 * strength)
    base = base + 0.75 * groups.tensile * strength
    base = base * (1 - (0.65 - 0.25 * strength) * groups.ward)
    fibres_c = np.stack(
        [groups.across_compressive_mm / 1.6, own_mm[:, 1] / 2.0, own_mm[:, 2] / 14.0], axis=1
    )
    fibres_t = np.stack(
        [groups.across_tensile_mm / 1.6, own_mm[:, 1] / 2.0, own_mm[:, 0] / 14.0], axis=1
    )
    grain = 0.55 * groups.compressive * lattice_noise(noise, fibres_c)
    grain = grain + 0.50 * groups.tensile * lattice_noise(noise, fibres_t)
    grain = grain + 0.28 * lattice_noise(noise, own_mm / np.float32(2.0))
    grain = grain + 0.10 * lattice_noise(noise, own_mm / np.float32(9.0))
    return np.asarray(np.maximum(base * (1 + grain), 0.0), dtype=np.float32)
