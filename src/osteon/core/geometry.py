"""Boxes, laterality and the patient's axes."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from osteon.errors import GeometryError

__all__ = ["Affine", "Box", "Laterality"]


class Laterality(StrEnum):
    """Side of the patient, as DICOM (0020,0060) codes it."""

    LEFT = "L"
    RIGHT = "R"

    @property
    def other(self) -> "Laterality":
        """The opposite side."""
        return Laterality.RIGHT if self is Laterality.LEFT else Laterality.LEFT


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels of the stored image.

    The pixel in column ``c`` covers ``[c, c + 1)``, so a box around the whole image of ``w``
    columns and ``h`` rows is ``Box(0, 0, w, h)``. x runs along the columns, y along the rows.

    Raises
    ------
    GeometryError
        If a side is not finite or the box has no area.

    Examples
    --------
    >>> Box(0, 0, 10, 10).iou(Box(5, 0, 15, 10))
    0.3333333333333333
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.as_tuple()).all():
            raise GeometryError(f"box {self.as_tuple()} has a side that is not finite")
        if self.x_max <= self.x_min or self.y_max <= self.y_min:
            raise GeometryError(
                f"box {self.as_tuple()} has no area: wanted x_min < x_max and y_min < y_max"
            )

    @classmethod
    def from_center(cls, x: float, y: float, width: float, height: float) -> "Box":
        """Make the box of this size around a point."""
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def as_tuple(self) -> tuple[float, float, float, float]:
        """``(x_min, y_min, x_max, y_max)``."""
        return self.x_min, self.y_min, self.x_max, self.y_max

    @property
    def width(self) -> float:
        """Extent along the columns, in pixels."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """Extent along the rows, in pixels."""
        return self.y_max - self.y_min

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """``(x, y)`` of the middle."""
        return (self.x_min + self.x_max) / 2, (self.y_min + self.y_max) / 2

    def intersection_area(self, other: "Box") -> float:
        """Area shared with another box, in square pixels."""
        width = min(self.x_max, other.x_max) - max(self.x_min, other.x_min)
        height = min(self.y_max, other.y_max) - max(self.y_min, other.y_min)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: "Box") -> float:
        """Intersection over union, in [0, 1]."""
        shared = self.intersection_area(other)
        return shared / (self.area + other.area - shared)

    def scaled(self, factor_x: float, factor_y: float | None = None) -> "Box":
        """Multiply the coordinates, as when the image is resized."""
        factor_y = factor_x if factor_y is None else factor_y
        return Box(
            self.x_min * factor_x,
            self.y_min * factor_y,
            self.x_max * factor_x,
            self.y_max * factor_y,
        )

    def shifted(self, dx: float, dy: float) -> "Box":
        """Move by ``dx`` columns and ``dy`` rows."""
        return Box(self.x_min + dx, self.y_min + dy, self.x_max + dx, self.y_max + dy)

    def grown(self, factor: float) -> "Box":
        """Scale about the centre."""
        return Box.from_center(*self.center, self.width * factor, self.height * factor)

    def squared(self) -> "Box":
        """Grow the shorter side until the box is square."""
        side = max(self.width, self.height)
        return Box.from_center(*self.center, side, side)

    def clipped(self, width: float, height: float) -> "Box | None":
        """Cut to an image of this size; ``None`` when nothing is left."""
        x_min, x_max = max(self.x_min, 0.0), min(self.x_max, width)
        y_min, y_max = max(self.y_min, 0.0), min(self.y_max, height)
        if x_max <= x_min or y_max <= y_min:
            return None
        return Box(x_min, y_min, x_max, y_max)

    def mirrored(self, image_width: float) -> "Box":
        """Mirror left to right in an image of this width."""
        return Box(image_width - self.x_max, self.y_min, image_width - self.x_min, self.y_max)


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """From voxel indices (z, y, x) to millimetres in the patient's LPS axes.

    ``matrix`` is 4 x 4 float64: columns 0-2 hold the step in mm for one voxel along z, y and x,
    column 3 the centre of voxel (0, 0, 0). LPS: x to the patient's left, y to the back, z to
    the head.
    """

    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.matrix.shape != (4, 4) or not np.isfinite(self.matrix).all():
            raise GeometryError("an affine is a finite 4 x 4 matrix")
        if abs(np.linalg.det(self.matrix[:3, :3])) < 1e-9:
            raise GeometryError("the affine is singular: two axes coincide or a spacing is zero")

    @classmethod
    def from_spacing(
        cls, spacing_z_y_x_mm: tuple[float, float, float], origin_lps_mm: tuple[float, float, float]
    ) -> "Affine":
        """Make the affine of an axial volume: z up, y to the back, x to the left."""
        matrix = np.eye(4)
        matrix[:3, :3] = 0.0
        for axis, (row, step) in enumerate(zip((2, 1, 0), spacing_z_y_x_mm, strict=True)):
            matrix[row, axis] = step
        matrix[:3, 3] = origin_lps_mm
        return cls(matrix)

    @property
    def spacing_z_y_x_mm(self) -> tuple[float, float, float]:
        """Length of one step along each index axis, in mm."""
        z, y, x = np.linalg.norm(self.matrix[:3, :3], axis=0)
        return float(z), float(y), float(x)

    def to_lps_mm(self, indices_z_y_x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map indices of shape (..., 3) to millimetres of the same shape."""
        return np.asarray(indices_z_y_x @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    def to_indices(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map points of shape (..., 3) in mm to fractional indices (z, y, x)."""
        inverse = np.linalg.inv(self.matrix[:3, :3])
        return np.asarray((points_lps_mm - self.matrix[:3, 3]) @ inverse.T)
