"""Write a volume as a CT series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info

from osteon.core.files import write_bytes
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
_OWN_TAGS = (0x00080018, 0x00200013, 0x00200032, 0x00201041, 0x7FE00010)
# a slice's SOP Instance UID, number, position, location and pixels: the rest is encoded once


@dataclass(frozen=True, slots=True)
class CtScanner:
    """What the header says of the scanner and the scan.

    Parameters
    ----------
    manufacturer, model_name, institution_name
        Where it was made and where it stands.
    kvp, kernel, body_part
        Tube voltage, reconstruction kernel, what was scanned.
    patient_position
        DICOM Patient Position, e.g. HFS: said, not done, the affine places the voxels.
    contrast_bolus_agent
        Contrast agent; empty for none.
    """

    manufacturer: str = "Osteon (synthetic)"
    model_name: str = "CT"
    kvp: float = 120.0
    kernel: str = "STANDARD"
    body_part: str = "PELVIS"
    patient_position: str = "HFS"
    contrast_bolus_agent: str = ""
    institution_name: str = ""


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
    dataset = new_file(folder / "0001.dcm", _CT, tags)
    add_patient_study_series(dataset, tags, "CT")
    add_equipment(dataset, source.manufacturer, source.model_name)
    _describe(dataset, tags, source)
    _place(dataset, affine, 0)
    _fill(dataset, hu[0])
    same = _encoded_runs(dataset)
    uids = []
    for index in range(hu.shape[0]):
        own = replace(tags, instance_number=tags.instance_number + index)
        uids.append(own.uid("instance"))
        dataset.file_meta.MediaStorageSOPInstanceUID = uids[-1]  # type: ignore[assignment]
        dataset.SOPInstanceUID = uids[-1]
        dataset.InstanceNumber = own.instance_number
        _place(dataset, affine, index)
        _set_pixels(dataset, hu[index])
        write_bytes(folder / f"{index + 1:04d}.dcm", _encoded(dataset, same))
    return uids


def _encoded_runs(dataset: FileDataset) -> list[bytes]:
    """Encode what all slices share: the runs of elements between those that differ."""
    edges = [0, *_OWN_TAGS, 1 << 32]
    runs = []
    for low, high in pairwise(edges):
        part = Dataset()
        part.update({element.tag: element for element in dataset if low < element.tag < high})
        runs.append(_elements(part))
    return runs


def _encoded(dataset: FileDataset, same: Sequence[bytes]) -> bytes:
    """Encode one slice: its own elements between the runs that all slices share."""
    head = DicomBytesIO()
    write_file_meta_info(head, dataset.file_meta)
    parts = [dataset.preamble or b"", b"DICM", head.getvalue(), same[0]]
    for tag, run in zip(_OWN_TAGS, same[1:], strict=True):
        own = Dataset()
        own[tag] = dataset[tag]
        parts += [_elements(own), run]
    return b"".join(parts)


def _elements(dataset: Dataset) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, dataset)
    return file.getvalue()


def _describe(dataset: FileDataset, tags: PatientTags, scanner: CtScanner) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    if tags.synthetic:
        dataset.DerivationDescription = SYNTHETIC
    dataset.BodyPartExamined = scanner.body_part
    dataset.PatientPosition = scanner.patient_position
    if scanner.institution_name:
        dataset.InstitutionName = scanner.institution_name
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


def _set_pixels(dataset: FileDataset, hu: NDArray[np.int16]) -> None:
    stored = np.clip(hu.astype(np.int32) - _INTERCEPT, 0, 4095).astype("<u2")
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"


def _fill(dataset: FileDataset, hu: NDArray[np.int16]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = hu.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope = str(_INTERCEPT), "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "300", "1500"
    _set_pixels(dataset, hu)
