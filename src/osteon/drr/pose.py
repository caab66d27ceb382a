"""Where source and detector stand, in the patient's LPS millimetres, and the usual hip views.

LPS: x to the patient's left, y to the back, z to the head. A film is seen as if facing the patient:
on a frontal film the patient's right is at the image's left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Laterality
from osteon.drr.detector import Detector
from osteon.errors import GeometryError

__all__ = ["VIEWS", "Pose", "View", "view_pose"]

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """Source point, and the detector's middle and axes.

    Parameters
    ----------
    source_lps_mm
        The focal spot.
    detector_center_lps_mm
        Middle of the detector's sensitive area.
    along_columns, along_rows
        Unit vectors: towards growing column numbers (right on the image) and growing row numbers
        (down on the image); perpendicular to each other.
    is_parallel
        Rays do not come from the focal spot but run side by side, in the direction from it to the
        detector's middle: a source infinitely far away. Magnification is 1.

    Raises
    ------
    GeometryError
        If the axes are not perpendicular unit vectors or the source lies in the detector's plane.
    """

    source_lps_mm: Vector
    detector_center_lps_mm: Vector
    along_columns: Vector
    along_rows: Vector
    is_parallel: bool = False

    def __post_init__(self) -> None:
        columns, rows = np.array(self.along_columns), np.array(self.along_rows)
        lengths = (np.linalg.norm(columns), np.linalg.norm(rows))
        if not np.allclose(lengths, 1.0, atol=1e-6) or abs(columns @ rows) > 1e-6:
            raise GeometryError("detector axes are not perpendicular unit vectors")
        if not self.source_to_detector_mm > 1e-6:
            raise GeometryError("the source lies in the plane of the detector")

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector perpendicular to the detector, away from the source."""
        normal = np.cross(self.along_columns, self.along_rows)
        offset = np.subtract(self.detector_center_lps_mm, self.source_lps_mm)
        return np.asarray(normal * np.sign(normal @ offset))

    @property
    def source_to_detector_mm(self) -> float:
        """Distance from the focal spot to the detector's plane."""
        normal = np.cross(self.along_columns, self.along_rows)
        offset = np.subtract(self.detector_center_lps_mm, self.source_lps_mm)
        return float(abs(normal @ offset))

    def magnification_at(self, point_lps_mm: Vector) -> float:
        """How many times larger than life a small thing at this point is on the detector."""
        if self.is_parallel:
            return 1.0
        depth = self.normal @ np.subtract(point_lps_mm, self.source_lps_mm)
        return self.source_to_detector_mm / float(depth)

    def to_px(self, points_lps_mm: NDArray[np.float64], detector: Detector) -> NDArray[np.float64]:
        """Project points of shape (..., 3) to pixels (x, y) of shape (..., 2).

        Raises
        ------
        GeometryError
            If a point does not lie in front of the source.
        """
        source = np.array(self.source_lps_mm)
        rays = np.asarray(points_lps_mm, dtype=np.float64) - source
        depth = rays @ self.normal
        if not (depth > 0).all():
            raise GeometryError("a point to project lies behind the source")
        if self.is_parallel:
            beam = np.array(self.detector_center_lps_mm) - source
            hits = points_lps_mm - beam * (depth / self.source_to_detector_mm - 1.0)[..., None]
        else:
            hits = source + rays * (self.source_to_detector_mm / depth)[..., None]
        offsets = hits - np.array(self.detector_center_lps_mm)
        axes = np.array([self.along_columns, self.along_rows])
        return detector.to_px(offsets @ axes.T)

    def first_pixel_lps_mm(self, detector: Detector) -> NDArray[np.float64]:
        """Centre of pixel (row 0, column 0)."""
        row_mm, column_mm = detector.spacing_mm
        back = np.array(self.along_columns) * (column_mm * (detector.columns - 1) / 2)
        up = np.array(self.along_rows) * (row_mm * (detector.rows - 1) / 2)
        return np.asarray(np.array(self.detector_center_lps_mm) - back - up)


@dataclass(frozen=True, slots=True)
class View:
    """A standard projection: beam and image axes for the patient's right and left hip.

    Parameters
    ----------
    name
        Name of the view.
    view_position
        DICOM View Position (0018,5101) or an empty text where none is defined.
    beam, along_columns
        For the right hip: direction of the central ray and of the image's columns, in LPS.
        For the left hip x is mirrored in the beam; see :func:`view_pose`.
    source_to_detector_mm, object_to_detector_mm
        Usual distances: focal spot to detector, and aiming point to detector.
    shows_both_hips
        Whether it aims at the middle of the pelvis.
    """

    name: str
    view_position: str
    beam: Vector
    along_columns: Vector
    source_to_detector_mm: float
    object_to_detector_mm: float
    shows_both_hips: bool


_DIAGONAL = float(np.sqrt(0.5))
_FRONTAL: tuple[Vector, Vector] = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
_CROSS: tuple[Vector, Vector] = ((-_DIAGONAL, 0.0, _DIAGONAL), (_DIAGONAL, 0.0, _DIAGONAL))
VIEWS: Mapping[str, View] = MappingProxyType(
    {
        view.name: view
        for view in (
            View("ap_pelvis", "AP", *_FRONTAL, 1150.0, 160.0, True),
            View("ap_hip", "AP", *_FRONTAL, 1150.0, 160.0, False),
            View("frog_leg", "AP", *_FRONTAL, 1150.0, 160.0, False),
            View("cross_table_lateral", "LL", *_CROSS, 1150.0, 260.0, False),
        )
    }
)


def view_pose(
    view: View,
    aim_lps_mm: Vector,
    laterality: Laterality = Laterality.RIGHT,
    *,
    source_to_detector_mm: float | None = None,
    object_to_detector_mm: float | None = None,
    tilt_deg: Vector = (0.0, 0.0, 0.0),
    is_parallel: bool = False,
) -> Pose:
    """Set up source and detector for a view aimed at a point.

    Parameters
    ----------
    view
        One of :data:`VIEWS`.
    aim_lps_mm
        The point the central ray goes through.
    laterality
        Which hip; matters only where the beam is oblique.
    source_to_detector_mm, object_to_detector_mm
        Distances along the central ray; the view's usual ones when ``None``.
    tilt_deg
        Errors of positioning: turns of source and detector together about the image's columns axis,
        rows axis and the central ray, in degrees.
    is_parallel
        Whether rays run side by side instead of from the focal spot.
    """
    beam, columns = np.array(view.beam), np.array(view.along_columns)
    if laterality is Laterality.LEFT and abs(beam[0]) > 0:
        mirror = np.array([-1.0, 1.0, 1.0])
        beam, columns = beam * mirror, -columns * mirror
    rows = np.cross(beam, columns)
    axes = np.stack([columns, rows, beam])
    for axis, degrees in enumerate(tilt_deg):
        axes = axes @ _turn(axes[axis], degrees)
    distance = (
        view.source_to_detector_mm if source_to_detector_mm is None else source_to_detector_mm
    )
    behind = view.object_to_detector_mm if object_to_detector_mm is None else object_to_detector_mm
    if not 0.0 <= behind < distance:
        raise GeometryError(f"the aim is {behind} mm before a detector {distance} mm away")
    aim = np.array(aim_lps_mm)
    return Pose(
        _vector(aim - axes[2] * (distance - behind)),
        _vector(aim + axes[2] * behind),
        _vector(axes[0]),
        _vector(axes[1]),
        is_parallel,
    )


def _turn(axis: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Rotation matrix (Rodrigues) to be applied to row vectors."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = np.radians(degrees)
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.asarray(matrix.T)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
