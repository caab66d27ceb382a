"""Measure a segmented proximal femur: axes, radii, trochanters."""

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine, Laterality
from osteon.errors import GeometryError
from osteon.phantom.frames import Femur
from osteon.phantom.segment import Head

__all__ = ["measure_femur"]

Array = NDArray[np.float64]
_SHAFT_FROM_MM = 78.0
_USUAL_NECK_SHAFT_DEG = 128.0


def measure_femur(
    mask: NDArray[np.bool_], hu: NDArray[np.float32], affine: Affine, head: Head
) -> Femur:
    """Find axes, radii and trochanters of one proximal femur.

    Parameters
    ----------
    mask
        bool (z, y, x), the femur with its marrow.
    hu
        float32 of the same shape: tells canal from cortex.
    affine
        Indices to LPS mm, cubes.
    head
        Its head.

    Returns
    -------
    Femur
        In LPS mm. The side is the one the trochanters lie on.

    Raises
    ------
    GeometryError
        If too little shaft is in the volume.
    """
    index = np.argwhere(mask)
    points = affine.to_lps_mm(index.astype(np.float64))
    values = hu[mask]
    center = np.array(head.center_lps_mm)
    axis, on_axis = _shaft_line(points, center)
    toward_head = center - _nearest_on_line(center, on_axis, axis)
    offset = float(np.linalg.norm(toward_head))
    medial = toward_head / offset
    height = (points - center) @ axis
    along_medial = (points - on_axis) @ medial
    laterality = Laterality.LEFT if medial[0] < 0 else Laterality.RIGHT
    knee = _nearest_on_line(center, on_axis, axis) - axis * _neck_drop_mm(
        points, center, axis, toward_head, head.radius_mm
    )
    greater = _greater_trochanter(points, height, along_medial)
    posterior = np.cross(axis, medial)
    posterior = posterior * np.sign(posterior[1] or 1.0)
    lesser = _lesser_trochanter(points, knee, axis, medial + posterior)
    neck_axis = (center - knee) / np.linalg.norm(center - knee)
    shaft, canal = _radii(points, values, lesser - 60.0 * axis, axis, on_axis)
    return Femur(
        laterality=laterality,
        head_center_mm=center,
        head_radius_mm=head.radius_mm,
        neck_axis=neck_axis,
        shaft_axis=axis,
        shaft_point_mm=knee,
        neck_radius_mm=_neck_radius(points, knee, center, head.radius_mm),
        canal_radius_mm=canal,
        shaft_radius_mm=shaft,
        lesser_trochanter_mm=lesser,
        greater_trochanter_mm=greater,
    )


def _shaft_line(points: Array, center: Array) -> tuple[Array, Array]:
    """Direction towards the hip and a point of the shaft's axis, from the middles of slabs."""
    far = points[np.linalg.norm(points - center, axis=1) > _SHAFT_FROM_MM]
    if len(far) < 2000:
        raise GeometryError(
            f"{len(far)} voxels of shaft are more than {_SHAFT_FROM_MM:g} mm from the head, "
            "wanted 20 mm of shaft or more"
        )
    axis = _main_direction(far)
    for _ in range(3):
        along = (far - far.mean(axis=0)) @ axis
        edges = np.arange(along.min() + 4, along.max() - 4, 4.0)
        slab = np.digitize(along, edges)
        parts = [far[slab == k] for k in range(1, len(edges))]
        middles = np.array([part.mean(axis=0) for part in parts if len(part) > 100])
        if len(middles) < 3:
            break
        axis = _main_direction(middles)
    middle = far.mean(axis=0)
    return (axis if axis @ (center - middle) > 0 else -axis), middle


def _main_direction(points: Array) -> Array:
    centred = points - points.mean(axis=0)
    return np.asarray(np.linalg.eigh(centred.T @ centred)[1][:, -1])


def _nearest_on_line(point: Array, on_line: Array, axis: Array) -> Array:
    return np.asarray(on_line + ((point - on_line) @ axis) * axis)


def _neck_drop_mm(
    points: Array, center: Array, axis: Array, toward_head: Array, radius_mm: float
) -> float:
    """How far below the head the neck's axis meets the shaft's, from the middle of the neck.

    ``toward_head`` leads from the shaft's axis to the head, perpendicular to the shaft, in mm.
    """
    offset = float(np.linalg.norm(toward_head))
    own = points - center
    away = np.linalg.norm(own, axis=1)
    sideways = own @ (toward_head / offset)
    ring = (away > radius_mm + 1) & (away < radius_mm + 9) & (sideways < -0.4 * radius_mm)
    ring &= np.abs(own @ axis) < 1.6 * radius_mm
    if ring.sum() < 50:
        return offset * float(np.tan(np.radians(_USUAL_NECK_SHAFT_DEG - 90.0)))
    slope = float((own[ring] @ axis).mean() / sideways[ring].mean())
    return offset * float(np.clip(slope, 0.3, 1.4))


def _greater_trochanter(points: Array, height: Array, along_medial: Array) -> Array:
    """Highest point of the bone lateral of the shaft's axis."""
    lateral = along_medial < -2.0
    chosen = points[lateral]
    top = height[lateral]
    return np.asarray(chosen[top >= np.quantile(top, 0.999)].mean(axis=0))


def _lesser_trochanter(points: Array, knee: Array, axis: Array, towards: Array) -> Array:
    """Point that stands out most to the back and the middle, 10 to 45 mm below the neck."""
    own = points - knee
    height = own @ axis
    away = np.linalg.norm(own - height[:, None] * axis, axis=1)
    level = (height < -10.0) & (height > -45.0) & (away < 35.0)
    if not level.any():
        raise GeometryError("no bone at the level of the lesser trochanter")
    out = own[level] @ (towards / np.linalg.norm(towards))
    # the shaft narrows downwards: what counts is how far it stands out for its level
    trend = 0.25 * height[level]
    score = out - trend
    return np.asarray(points[level][score >= np.quantile(score, 0.998)].mean(axis=0))


def _radii(
    points: Array, values: NDArray[np.float32], at: Array, axis: Array, on_axis: Array
) -> tuple[float, float]:
    """Outer radius of the shaft and radius of its canal at a level, or at the lowest there is."""
    height = (points - on_axis) @ axis
    level = max(float((at - on_axis) @ axis), float(height.min()) + 6.0)
    slab = np.abs(height - level) < 4.0
    voxel_mm3 = _voxel_mm3(points)
    outer = float(np.sqrt(slab.sum() * voxel_mm3 / 8.0 / np.pi))
    hollow = float((values[slab] < 500).sum()) * voxel_mm3
    inner = float(np.sqrt(hollow / 8.0 / np.pi))
    return outer, float(np.clip(inner, 3.0, 0.8 * outer))


def _voxel_mm3(points: Array) -> float:
    """Volume of a cube, from the smallest step along an axis."""
    steps = np.diff(np.unique(np.round(points[:, 0], 3)))
    return float(steps.min() ** 3)


def _neck_radius(points: Array, knee: Array, center: Array, radius_mm: float) -> float:
    """Radius of the disc as large as the narrowest cut through the neck."""
    axis = (center - knee) / np.linalg.norm(center - knee)
    own = points - center
    along = own @ axis
    away = np.linalg.norm(own - along[:, None] * axis, axis=1)
    voxel_mm3 = _voxel_mm3(points)
    areas = []
    for depth in np.arange(-0.7 * np.linalg.norm(center - knee), -0.8 * radius_mm, 2.0):
        cut = (np.abs(along - depth) < 2.0) & (away < 1.4 * radius_mm)
        areas.append(cut.sum() * voxel_mm3 / 4.0)
    area = min(areas) if areas else np.pi * (0.68 * radius_mm) ** 2
    return float(np.clip(np.sqrt(area / np.pi), 0.5 * radius_mm, 0.95 * radius_mm))
