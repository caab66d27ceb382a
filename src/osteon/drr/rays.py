"""Rays from source to pixels in a volume's index axes: the one geometry every kernel follows.

A ray starts at the focal spot (cone) or straight before its pixel in the source's plane (parallel)
and ends at the pixel's centre. In index axes voxel i covers [i, i + 1). A ray that runs exactly in
the plane between two voxels counts the one with the higher index: everything is moved by 1e-9 of a
voxel, so that rounding does not decide.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine
from osteon.drr.detector import Detector
from osteon.drr.pose import Pose

__all__ = ["Rays", "trace_rays"]

_TIE = 1e-9
_ALIGNED = 1e-9  # share of the ray's direction that counts as none


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """Start and direction of the ray to pixel (row, column), linear in both.

    Parameters
    ----------
    start, towards
        float64 (3, 3): for pixel (0, 0), the step for a row, the step for a column; in index axes
        (z, y, x). A ray is ``start + t * towards`` with t from 0 to 1.
    across_mm
        float64 (3, 3): ``towards`` in LPS mm, for lengths.
    shape
        (rows, columns).
    """

    start: NDArray[np.float64]
    towards: NDArray[np.float64]
    across_mm: NDArray[np.float64]
    shape: tuple[int, int]

    @property
    def main_axis(self) -> int:
        """The index axis along which the central ray crosses most voxels."""
        rows, columns = self.shape
        middle = np.array([1.0, (rows - 1) / 2, (columns - 1) / 2])
        return int(np.abs(middle @ self.towards).argmax())

    def corners(self) -> NDArray[np.float64]:
        """Directions of the four corner rays, (4, 3)."""
        rows, columns = self.shape
        ends = [(1.0, r, c) for r in (0, rows - 1) for c in (0, columns - 1)]
        return np.array(ends) @ self.towards

    def aligned_axes(self) -> tuple[int, int, int] | None:
        """Find the axes (main, rows', columns') if detector and voxels are parallel, else ``None``.

        Then the position along the third axis depends on the column alone, and along the second
        on the row alone.
        """
        main = self.main_axis
        steps = np.abs(self.towards[1:]) + np.abs(self.start[1:])
        steps[np.array(self.shape) == 1] = 0.0
        small = _ALIGNED * np.abs(self.towards[0]).max()
        for down, right in (
            (a, b) for a in range(3) for b in range(3) if {a, b, main} == {0, 1, 2}
        ):
            if max(steps[:, main].max(), steps[0, right], steps[1, down]) <= small:
                return main, down, right
        return None


def trace_rays(affine: Affine, pose: Pose, detector: Detector) -> Rays:
    """Lay out the rays of a detector in the index axes of a volume."""
    row_mm, column_mm = detector.spacing_mm
    source = np.array(pose.source_lps_mm)
    ends = np.stack(
        [
            pose.first_pixel_lps_mm(detector),
            np.array(pose.along_rows) * row_mm,
            np.array(pose.along_columns) * column_mm,
        ]
    )
    starts = np.zeros((3, 3))
    starts[0] = source
    if pose.is_parallel:
        starts = ends.copy()
        starts[0] -= np.array(pose.detector_center_lps_mm) - source
    back = np.linalg.inv(affine.matrix[:3, :3]).T
    across = ends - starts
    start = starts @ back
    start[0] = affine.to_indices(starts[0]) + 0.5 + _TIE
    return Rays(start, across @ back, across, detector.shape)
