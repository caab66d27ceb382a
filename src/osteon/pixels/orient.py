"""Volumes and the patient's axes: one orientation, no interpolation."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine
from osteon.errors import GeometryError

__all__ = ["LARGEST_SHEAR", "Volume", "canonical", "clean_direction", "is_sheared"]

LARGEST_SHEAR = 2e-3  # cosine between axes; 0.6 mm over 300 mm
_SNAP = 1e-4
_LPS_OF_INDEX = (2, 1, 0)  # index axes z, y, x run along S, P and L


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A CT volume.

    Parameters
    ----------
    hu
        int16 of shape (z, y, x) in Hounsfield units; z runs to the head, y to the back and x to
        the patient's left, as nearly as the grid allows.
    affine
        From indices (z, y, x) to millimetres in LPS; oblique grids keep their obliqueness.
    steps
        What was done from the file to this volume, for the record.
    """

    hu: NDArray[np.int16]
    affine: Affine
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.hu.ndim != 3 or self.hu.dtype != np.int16:
            raise GeometryError(
                f"a volume is int16 (z, y, x), got {self.hu.dtype} of shape {self.hu.shape}"
            )


def is_sheared(matrix: NDArray[np.float64]) -> bool:
    """Whether the index axes of a 4 x 4 (or 3 x 3) matrix are not perpendicular."""
    steps = matrix[:3, :3]
    unit = steps / np.maximum(np.linalg.norm(steps, axis=0), 1e-9)
    return bool(np.abs(unit.T @ unit - np.eye(3)).max() > LARGEST_SHEAR)


def clean_direction(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove the rounding noise of a direction without moving the volume.

    Parameters
    ----------
    matrix
        3 x 3: columns are the steps in mm along the three index axes.

    Returns
    -------
    NDArray
        3 x 3 with the same lengths and exactly orthogonal columns; within 1e-4 of the patient's
        axes they are those axes.

    Raises
    ------
    GeometryError
        If an axis has no length or the axes are sheared by more than 0.1 degrees (gantry tilt).
    """
    lengths = np.linalg.norm(matrix, axis=0)
    if not np.isfinite(matrix).all() or (lengths < 1e-3).any():
        raise GeometryError(f"voxel steps of {lengths.tolist()} mm: wanted lengths above 0")
    unit = matrix / lengths
    cosines = np.abs(unit.T @ unit - np.eye(3))
    if cosines.max() > LARGEST_SHEAR:
        degrees = float(np.degrees(np.arcsin(min(cosines.max(), 1.0))))
        raise GeometryError(
            f"the axes of the volume are sheared by {degrees:.2f} degrees, as by gantry tilt:"
            " wanted perpendicular axes",
            remedy="set VolumeSettings.straighten_tilt to resample it to a straight grid",
        )
    left, _, right = np.linalg.svd(unit)
    direction = left @ right
    snapped = np.rint(direction)
    if np.abs(direction - snapped).max() < _SNAP:
        direction = snapped + 0.0  # no negative zeros
    return np.asarray(direction * lengths)


def canonical(
    values: NDArray[np.int16], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.int16], Affine]:
    """Order and flip index axes until they run to the head, the back and the left.

    Parameters
    ----------
    values
        Any order of axes.
    matrix
        4 x 4 from the indices of ``values`` to LPS in mm.

    Returns
    -------
    tuple
        (values (z, y, x), affine): the same voxels at the same places in the patient.
    """
    steps, origin = clean_direction(matrix[:3, :3]), matrix[:3, 3].astype(np.float64).copy()
    cosines = np.abs(steps / np.linalg.norm(steps, axis=0))
    order = max(
        permutations(range(3)),
        key=lambda axes: sum(cosines[_LPS_OF_INDEX[i], axis] for i, axis in enumerate(axes)),
    )
    result = values.transpose(order)
    steps = steps[:, order]
    for index in range(3):
        if steps[_LPS_OF_INDEX[index], index] < 0:
            origin += steps[:, index] * (result.shape[index] - 1)
            steps[:, index] *= -1
            result = np.flip(result, index)
    full = np.eye(4)
    full[:3, :3], full[:3, 3] = steps + 0.0, origin + 0.0
    return np.ascontiguousarray(result), Affine(full)
