"""Read a CT volume, whatever holds it, in one orientation and with its geometry."""

from pathlib import Path

from osteon.core.settings import Settings
from osteon.errors import DataError
from osteon.pixels.nifti import read_nifti
from osteon.pixels.orient import Volume
from osteon.pixels.series import read_series

__all__ = ["Volume", "VolumeSettings", "read_volume"]


class VolumeSettings(Settings):
    """Limits for reading: ``max_mib`` is the largest volume as int16, in MiB."""

    max_mib: float = 4096.0


def read_volume(
    path: Path,
    *,
    series_instance_uid: str | None = None,
    settings: VolumeSettings | None = None,
) -> Volume:
    """Read a NIfTI file, a folder with a DICOM CT series, or an enhanced CT object.

    The voxels are those of the file: axes are permuted and flipped so that z runs to the head,
    y to the back and x to the left, but nothing is interpolated and oblique grids stay oblique.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz`` file, folder, or multi-frame DICOM file.
    series_instance_uid
        Which series, where a folder holds several.
    settings
        Limits.

    Returns
    -------
    Volume
        int16 (z, y, x) in HU, with the affine to LPS in mm.

    Raises
    ------
    GeometryError
        If the slices or the header do not make a straight, even grid; says which and why.
    DicomError, DecodeError
        If a slice cannot be read.
    DataError
        If there is nothing to read, or it is too large.
    """
    limit = (settings or VolumeSettings()).max_mib
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return read_nifti(path, max_mib=limit)
    return read_series(path, series_instance_uid=series_instance_uid, max_mib=limit)
