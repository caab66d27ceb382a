"""Read a CT volume, whatever holds it, in one orientation and with its geometry."""

from pathlib import Path

from osteon.errors import DataError
from osteon.pixels.nifti import read_nifti
from osteon.pixels.orient import Volume
from osteon.pixels.series import read_series
from osteon.pixels.volume_settings import VolumeSettings

__all__ = ["Volume", "VolumeSettings", "read_volume"]


def read_volume(
    path: Path,
    *,
    series_instance_uid: str | None = None,
    reconstruction: int | None = None,
    settings: VolumeSettings | None = None,
) -> Volume:
    """Read a NIfTI file, a folder with a DICOM CT series, or an enhanced CT object.

    The voxels are those of the file: axes are permuted and flipped so that z runs to the head,
    y to the back and x to the left. Nothing is interpolated unless the settings ask for it (gaps,
    gantry tilt), and oblique grids stay oblique.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz`` file, folder, or multi-frame DICOM file.
    series_instance_uid
        Which series, where a folder holds several.
    reconstruction
        Which reconstruction of the series, from 1, where it holds several.
    settings
        Limits, and what may be interpolated: by default nothing is.

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
    settings = settings or VolumeSettings()
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return read_nifti(path, settings=settings)
    return read_series(
        path,
        series_instance_uid=series_instance_uid,
        reconstruction=reconstruction,
        settings=settings,
    )
