"""The frame of a proximal femur, found in a phantom or in a real CT, and rigid motions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.errors import GeometryError

__all__ = ["Femur", "Motion", "rotation"]

Vector = NDArray[np.float64]


def rotation(axis: Vector, angle_deg: float) -> Vector:
    """Rotation matrix (3, 3) about a unit axis, right-handed (Rodrigues)."""
    x, y, z = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    angle = np.deg2rad(angle_deg)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(
        np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross),
        dtype=np.float64,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A rigid motion ``p -> matrix @ p + shift`` in mm; ``matrix`` may mirror."""

    matrix: Vector
    shift_mm: Vector

    @classmethod
    def identity(cls) -> "Motion":
        """Leave everything where it is."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def about(cls, center_mm: Vector, matrix: Vector, shift_mm: Vector | None = None) -> "Motion":
        """Turn about a point, then shift."""
        moved = np.zeros(3) if shift_mm is None else np.asarray(shift_mm, dtype=np.float64)
        return cls(matrix, np.asarray(center_mm) - matrix @ center_mm + moved)

    def __call__(self, points_mm: Vector) -> Vector:
        """Move points of shape (..., 3)."""
        moved = np.asarray(points_mm @ self.matrix.T)
        moved += self.shift_mm  # in place: there may be millions
        return moved

    def after(self, first: "Motion") -> "Motion":
        """Make the motion that does ``first``, then this."""
        return Motion(self.matrix @ first.matrix, self.matrix @ first.shift_mm + self.shift_mm)

    def inverse(self) -> "Motion":
        """Undo it."""
        return Motion(self.matrix.T, -self.matrix.T @ self.shift_mm)


@dataclass(frozen=True, slots=True, eq=False)
class Femur:
    """Where a proximal femur is: all that fractures, implants and postures need to know.

    Points are (x, y, z) in mm in any right-handed or mirrored frame in which the volume lies
    (a phantom's own frame, or LPS for a CT).

    Parameters
    ----------
    laterality
        Side of the patient.
    head_center_mm, head_radius_mm
        Sphere fitted to the head.
    neck_axis
        Unit vector from the shaft to the head along the neck.
    shaft_axis
        Unit vector from the knee to the hip along the shaft.
    shaft_point_mm
        A point on the shaft's axis, at the level where it meets the neck's axis.
    neck_radius_mm
        Half the narrowest height of the neck.
    canal_radius_mm, shaft_radius_mm
        Of the medullary canal and of the outer surface, 60 mm below the lesser trochanter.
    lesser_trochanter_mm, greater_trochanter_mm
        Tips of the trochanters.
    """

    laterality: Laterality
    head_center_mm: Vector
    head_radius_mm: float
    neck_axis: Vector
    shaft_axis: Vector
    shaft_point_mm: Vector
    neck_radius_mm: float
    canal_radius_mm: float
    shaft_radius_mm: float
    lesser_trochanter_mm: Vector
    greater_trochanter_mm: Vector

    def __post_init__(self) -> None:
        for name in ("neck_axis", "shaft_axis"):
            if abs(float(np.linalg.norm(getattr(self, name))) - 1.0) > 1e-6:
                raise GeometryError(f"{name} is not a unit vector")

    @property
    def neck_shaft_angle_deg(self) -> float:
        """Angle between neck and shaft, about 128 degrees."""
        return float(np.rad2deg(np.arccos(np.clip(-self.neck_axis @ self.shaft_axis, -1, 1))))

    @property
    def offset_mm(self) -> float:
        """Distance of the head's centre from the shaft's axis."""
        delta = self.head_center_mm - self.shaft_point_mm
        return float(np.linalg.norm(delta - (delta @ self.shaft_axis) * self.shaft_axis))

    @property
    def axes(self) -> Vector:
        """Rows: medial, posterior and superior unit vectors (neck in the medial-superior plane)."""
        medial = self.neck_axis - (self.neck_axis @ self.shaft_axis) * self.shaft_axis
        medial = medial / np.linalg.norm(medial)
        posterior = np.cross(self.shaft_axis, medial)
        towards = self.lesser_trochanter_mm - self.shaft_point_mm
        sign = 1.0 if posterior @ towards >= 0 else -1.0  # the lesser trochanter is at the back
        return np.stack([medial, sign * posterior, self.shaft_axis])

    def to_own(self, points_mm: Vector) -> Vector:
        """Points (..., 3) as medial, posterior, superior mm from the head's centre."""
        return np.asarray((points_mm - self.head_center_mm) @ self.axes.T)

    def from_own(self, points_mm: Vector) -> Vector:
        """Undo :meth:`to_own`."""
        return np.asarray(points_mm @ self.axes + self.head_center_mm)

    def moved(self, motion: Motion) -> "Femur":
        """Give the same femur after a rigid motion."""
        return Femur(
            self.laterality,
            motion(self.head_center_mm),
            self.head_radius_mm,
            motion.matrix @ self.neck_axis,
            motion.matrix @ self.shaft_axis,
            motion(self.shaft_point_mm),
            self.neck_radius_mm,
            self.canal_radius_mm,
            self.shaft_radius_mm,
            motion(self.lesser_trochanter_mm),
            motion(self.greater_trochanter_mm),
        )
