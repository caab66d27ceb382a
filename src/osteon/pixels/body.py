"""What of a CT is the patient: without table, cushions, arms beside the body and padding."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteon.pixels.orient import Volume

__all__ = ["body_mask", "without_table"]

_AIR_HU = -1024
_COARSE_MM = 2.0
_PART = 0.3  # of the largest part: two thighs are both the patient, an arm or a table is not


def body_mask(hu: NDArray[np.float32], *, steps: int = 2) -> NDArray[np.bool_]:
    """Mark the patient without the table: the largest solid things, holes of a slice filled.

    Parameters
    ----------
    hu
        (z, y, x) in HU on cubes.
    steps
        Voxels by which solid things are opened, so that a table that touches the skin comes off:
        about 2 mm.

    Returns
    -------
    ndarray
        bool of the same shape; nothing where no voxel is solid.
    """
    solid = ndimage.binary_opening(hu > -300, iterations=steps)
    labels, count = ndimage.label(solid)
    if count == 0:
        return np.zeros(hu.shape, dtype=bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    own = sizes >= _PART * sizes.max()
    body = ndimage.binary_dilation(own[labels], iterations=steps) & (hu > -500)
    for index in range(body.shape[0]):
        body[index] = ndimage.binary_fill_holes(body[index])
    return np.asarray(body)


def without_table(volume: Volume) -> Volume:
    """Set everything that is not the patient to air; no voxel of the patient is changed.

    The patient is looked for on voxels of about 2 mm, and what lies within one of them stays.
    """
    strides = [max(round(_COARSE_MM / step), 1) for step in volume.affine.spacing_z_y_x_mm]
    coarse = volume.hu[tuple(slice(None, None, stride) for stride in strides)]
    mask = ndimage.binary_dilation(body_mask(coarse.astype(np.float32), steps=1))
    for axis, stride in enumerate(strides):
        places = np.minimum(
            (np.arange(volume.hu.shape[axis]) + stride // 2) // stride, mask.shape[axis] - 1
        )
        mask = mask.take(places, axis=axis)
    hu = np.where(mask, volume.hu, np.int16(_AIR_HU))
    removed = int(((volume.hu > -500) & ~mask).sum())
    step = f"table: {removed} voxels of table, arms and other things set to air"
    return Volume(hu, volume.affine, (*volume.steps, step))
