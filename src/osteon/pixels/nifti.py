"""Read a CT volume from NIfTI."""

import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from osteon.core.geometry import Affine
from osteon.errors import DataError, GeometryError
from osteon.pixels.orient import Volume, canonical, is_sheared
from osteon.pixels.regrid import straighten
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["AIR_HU", "as_hounsfield", "as_nifti", "read_nifti"]

AIR_HU = -1024
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM_OF_UNIT = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path, *, settings: VolumeSettings) -> Volume:
    """Read a three-dimensional NIfTI file of Hounsfield units, slices along its third axis.

    Raises
    ------
    DataError
        If the file cannot be read, holds colours or is larger than the settings allow.
    GeometryError
        If it has not three dimensions, states no orientation, or its axes are sheared and
        are not to be straightened.
    """
    try:
        image: Any = nibabel.load(path)
        if not isinstance(image, nibabel.Nifti1Image):
            raise ImageFileError("not a NIfTI file")
        _check_header(image, path, settings.max_mib)
        values = np.asanyarray(image.dataobj)
    except (ImageFileError, OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read as NIfTI: {error}", remedy="copy or export the file again"
        ) from error
    steps = [f"nifti: {values.dtype} of shape {values.shape}"]
    matrix = _matrix(image, path, steps)
    hu = as_hounsfield(values.reshape(values.shape[:3]), steps)
    matrix = _RAS_TO_LPS @ matrix
    if settings.straighten_tilt and is_sheared(matrix):
        hu, matrix, degrees = straighten(hu.transpose(2, 1, 0), matrix[:, [2, 1, 0, 3]], AIR_HU)
        steps.append(f"nifti: gantry tilt of {degrees:.1f} degrees straightened")
    hu, affine = canonical(hu, matrix)
    return Volume(hu, affine, tuple(steps))


def as_hounsfield(values: NDArray[np.generic], steps: list[str]) -> NDArray[np.int16]:
    """Round to int16; what is no number or below -1024 HU becomes -1024, what is too large the end.

    Scanners write -2000, -3024 and the like outside their circle of reconstruction, often without
    saying so in the header; air is -1000, and a 12-bit scale ends at -1024.
    """
    if values.dtype == np.int16:
        return _without_padding(np.asarray(values, np.int16), steps)
    numbers = values.astype(np.float32)
    if missing := int((~np.isfinite(numbers)).sum()):
        steps.append(f"{missing} voxels that are not numbers set to {AIR_HU} HU")
        numbers = np.where(np.isfinite(numbers), numbers, np.float32(AIR_HU))
    limits = np.iinfo(np.int16)
    if beyond := int((numbers > limits.max).sum()):
        steps.append(f"{beyond} voxels beyond {limits.max} HU set to the limit")
    clipped = np.clip(np.rint(numbers), limits.min, limits.max).astype(np.int16)
    return _without_padding(clipped, steps)


def _without_padding(hu: NDArray[np.int16], steps: list[str]) -> NDArray[np.int16]:
    if hu.size == 0 or hu.min() >= AIR_HU:
        return hu
    steps.append(f"values below {AIR_HU} HU set to {AIR_HU} HU")
    return np.maximum(hu, np.int16(AIR_HU))


def _check_header(image: Any, path: Path, max_mib: float) -> None:
    shape = image.shape
    if len(shape) < 3 or any(side != 1 for side in shape[3:]) or min(shape) < 1:
        raise GeometryError(
            f"{path} has shape {shape}: wanted three dimensions",
            remedy="split a series of volumes into one file each",
        )
    if image.get_data_dtype().kind not in "iuf":
        raise DataError(f"{path} holds {image.get_data_dtype()}, wanted numbers (HU)")
    size_mib = float(np.prod([float(side) for side in shape])) * 2 / 2**20
    if size_mib > max_mib:
        raise DataError(
            f"{path} has shape {shape}, {size_mib:.0f} MiB as int16: wanted at most {max_mib:g}",
            remedy="raise VolumeSettings.max_mib if the volume is meant to be this large",
        )


def _matrix(image: Any, path: Path, steps: list[str]) -> NDArray[np.float64]:
    header = image.header
    sform_code, qform_code = (int(header[name]) for name in ("sform_code", "qform_code"))
    if sform_code == 0 and qform_code == 0:
        raise GeometryError(
            f"{path} states no orientation: sform_code and qform_code are 0",
            remedy="convert the volume again with a tool that keeps the orientation",
        )
    matrix = np.asarray(header.get_sform() if sform_code else header.get_qform(), np.float64)
    if sform_code and qform_code:
        gap = np.abs(matrix - header.get_qform())[:3].max()
        if gap > 0.01:
            steps.append(f"nifti: sform and qform differ by up to {gap:.3g} mm, sform taken")
    unit = str(header.get_xyzt_units()[0])
    factor = _MM_OF_UNIT.get(unit)
    if factor is None:
        raise GeometryError(f"{path} is in {unit}, wanted mm, meter or micron")
    if factor != 1.0:
        steps.append(f"nifti: {unit} to mm")
    matrix[:3] *= factor
    return matrix


def as_nifti(voxels: NDArray[Any], affine: Affine) -> nibabel.Nifti1Image:
    """Make a NIfTI image (axes x, y, z; RAS millimetres) of voxels (z, y, x)."""
    matrix = _RAS_TO_LPS @ affine.matrix[:, [2, 1, 0, 3]]
    image = nibabel.Nifti1Image(  # type: ignore[no-untyped-call]
        np.ascontiguousarray(voxels.transpose(2, 1, 0)), matrix
    )
    image.header["xyzt_units"] = 2  # mm
    return image
