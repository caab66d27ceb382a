"""Write a volume as a CT series."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from osteon.core.files import atomic_path
from osteon.core.geometry import Affine
from osteon.dicom.identity import (
    SYNTHETIC,
    PatientTags,
    add_equipment,
    add_patient_study_series,
    new_file,
)
from osteon.dicom.uids import uid_for
from osteon.errors import GeometryError

__all__ = ["CtScanner", "write_ct"]

_CT = "1.2.840.10008.5.1.4.1.1.2"
_INTERCEPT = -1024


@dataclass(frozen=True, slots=True)
class CtScanner:
    """What the header says of the scan: names, tube voltage, kernel, how the patient lay, agent.

    ``patient_position`` is said, not done: the affine places the voxels.
    """

    manufacturer: str = "Osteon (synthetic)"
    model_name: str = "CT"
    kvp: float = 120.0
    kernel: str = "STANDARD"
    body_part: str = "PELVIS"
    patient_position: str = "HFS"
    contrast_bolus_agent: str = ""


def write_ct(
    hu: NDArray[np.int16],
    affine: Affine,
    tags: PatientTags,
    folder: Path,
    scanner: CtScanner | None = None,
) -> list[str]:
    """Write a volume as one CT Image Storage file for each slice.

    Parameters
    ----------
    hu
        int16 (z, y, x) in HU.
    affine
        Indices to LPS mm; rows, columns and slices perpendicular to each other.
    tags
        Patient, study and series; slices count up from ``instance_number``.
    folder
        Files are named ``0001.dcm`` and on, from the first slice.
    scanner
        What the header says of the scanner.

    Returns
    -------
    list
        SOP Instance UIDs in the order of the slices.

    Raises
    ------
    GeometryError
        If the volume is not three-dimensional or its axes are not perpendicular.
    """
    if hu.ndim != 3:
        raise GeometryError(f"a CT is (z, y, x), got shape {hu.shape}")
    steps = affine.matrix[:3, :3]
    unit = steps / np.linalg.norm(steps, axis=0)
    if not np.allclose(unit.T @ unit, np.eye(3), atol=1e-4):
        raise GeometryError("the axes of the volume are not perpendicular: resample it first")
    source = scanner or CtScanner()
    uids = []
    for index in range(hu.shape[0]):
        own = replace(tags, instance_number=tags.instance_number + index)
        path = folder / f"{index + 1:04d}.dcm"
        dataset = new_file(path, _CT, own)
        add_patient_study_series(dataset, own, "CT")
        add_equipment(dataset, source.manufacturer, source.model_name)
        _describe(dataset, own, source)
        _place(dataset, affine, index)
        _fill(dataset, hu[index])
        with atomic_path(path) as temporary:
            dataset.save_as(temporary, enforce_file_format=True)
        uids.append(own.uid("instance"))
    return uids


def _describe(dataset: FileDataset, tags: PatientTags, scanner: CtScanner) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    if tags.synthetic:
        dataset.DerivationDescription = SYNTHETIC
    dataset.BodyPartExamined = scanner.body_part
    dataset.PatientPosition = scanner.patient_position
    if scanner.contrast_bolus_agent:
        dataset.ContrastBolusAgent = scanner.contrast_bolus_agent
    dataset.KVP = f"{scanner.kvp:g}"
    dataset.ConvolutionKernel = scanner.kernel
    dataset.AcquisitionNumber = "1"
    dataset.FrameOfReferenceUID = uid_for("frame", tags.uid("study"))
    dataset.PositionReferenceIndicator = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def _place(dataset: FileDataset, affine: Affine, index: int) -> None:
    slice_mm, row_mm, column_mm = affine.spacing_z_y_x_mm
    unit = affine.matrix[:3, :3] / np.linalg.norm(affine.matrix[:3, :3], axis=0)
    position = affine.to_lps_mm(np.array([float(index), 0.0, 0.0]))
    along = np.concatenate([unit[:, 2], unit[:, 1]])
    dataset.ImageOrientationPatient = [_decimal(value) for value in along]
    dataset.ImagePositionPatient = [_decimal(value) for value in position]
    dataset.SliceLocation = _decimal(float(unit[:, 0] @ position))
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _decimal(slice_mm)
    dataset.PixelSpacing = [_decimal(row_mm), _decimal(column_mm)]


def _decimal(value: float) -> str:
    """Write a number in at most 16 characters."""
    rounded = round(float(value), 6)
    return f"{rounded + 0.0:.10g}"


def _fill(dataset: FileDataset, hu: NDArray[np.int16]) -> None:
    stored = np.clip(hu.astype(np.int32) - _INTERCEPT, 0, 4095).astype("<u2")
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = hu.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope = str(_INTERCEPT), "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "300", "1500"
    dataset.PixelData = stored.tobytes()
