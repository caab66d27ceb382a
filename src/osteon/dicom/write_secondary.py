"""Write a picture made of a CT as Secondary Capture, with what it was made of and its spacing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from osteon.core.files import atomic_path
from osteon.dicom.identity import PatientTags, add_patient_study_series, new_file
from osteon.dicom.open import looks_like_dicom, open_instance
from osteon.dicom.uids import uid_for
from osteon.errors import DicomError

__all__ = ["SecondaryImage", "SourceSeries", "find_source", "write_secondary"]

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MAKER = "Osteon"
_MAY_BE_PAIRED = ("", "HIP", "FEMUR", "THIGH", "LEG")
_FROM_SOURCE = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription",
    "AccessionNumber", "ReferringPhysicianName", "PatientIdentityRemoved",
    "DeidentificationMethod", "BodyPartExamined",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SourceSeries:
    """The series a picture is made of: header of one object, (class, instance) UID of all."""

    header: Dataset
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SecondaryImage:
    """A picture and what its header says.

    Parameters
    ----------
    stored
        uint16 (rows, columns), 12 bits, white is high.
    pixel_spacing_mm
        (between rows, between columns) in the plane that ``spacing_description`` names.
    spacing_description
        Where the spacing holds; at most 64 characters.
    patient_orientation
        Directions of rows and columns, e.g. ``("L", "F")``.
    derivation
        How it was made.
    series_description
        Name of the series.
    number
        Instance number.
    """

    stored: NDArray[np.uint16]
    pixel_spacing_mm: tuple[float, float]
    spacing_description: str
    patient_orientation: tuple[str, str]
    derivation: str
    series_description: str
    number: int


def find_source(folder: Path, series_instance_uid: str | None = None) -> SourceSeries | None:
    """Collect the CT objects below a folder (or in one file); ``None`` when there are none."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    header: Dataset | None = None
    references = []
    for path in paths if folder.is_dir() else [folder]:
        with path.open("rb") as stream:
            if not looks_like_dicom(stream.read(1024)):
                continue
        ds = open_instance(path, header_only=True)
        if str(ds.get("Modality", "")) != "CT" or "LOCALIZER" in (ds.get("ImageType") or []):
            continue
        if series_instance_uid not in (None, str(ds.get("SeriesInstanceUID", ""))):
            continue
        header = ds if header is None else header
        references.append((str(ds.SOPClassUID), str(ds.SOPInstanceUID)))
    return None if header is None else SourceSeries(header, tuple(references))


def write_secondary(
    image: SecondaryImage, path: Path, *, source: SourceSeries | None, patient_id: str
) -> str:
    """Write a Secondary Capture image in a series of its own of the source's study.

    Patient and study are the source's, identifying as they are; without a source (NIfTI names
    nobody) they are made from ``patient_id``.

    Returns
    -------
    str
        The SOP Instance UID: the same source and derivation give the same one.

    Raises
    ------
    DicomError
        If the pixels are not uint16 of two dimensions.
    """
    if image.stored.dtype != np.uint16 or image.stored.ndim != 2:
        raise DicomError(
            f"got pixels {image.stored.dtype} {image.stored.shape}, wanted uint16 (rows, columns)"
        )
    tags = PatientTags(
        patient_id[:64], "", 0, study_date="", study_time="", study_key=image.series_description,
        instance_number=image.number, synthetic=False,
    )  # fmt: skip
    dataset = new_file(path, _SECONDARY_CAPTURE, tags)
    add_patient_study_series(dataset, tags, "OT")
    for name in ("AcquisitionDate", "AcquisitionTime", "PatientAge"):
        delattr(dataset, name)
    dataset.PatientName = ""
    made_of = patient_id
    if source is not None:
        for name in _FROM_SOURCE:
            if name in source.header:
                dataset[name] = source.header[name]
        if "SpecificCharacterSet" in source.header:
            dataset.SpecificCharacterSet = source.header.SpecificCharacterSet
        made_of = str(source.header.get("SeriesInstanceUID", ""))
        dataset.SourceImageSequence = Sequence([_reference(*pair) for pair in source.references])
    dataset.SeriesInstanceUID = uid_for("drr", made_of, image.derivation)
    uid = uid_for("drr", made_of, image.derivation, image.series_description, image.number)
    dataset.SOPInstanceUID = uid
    dataset.file_meta.MediaStorageSOPInstanceUID = uid  # type: ignore[assignment]
    _describe(dataset, image)
    _fill(dataset, image)
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return uid


def _reference(class_uid: str, instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = class_uid, instance_uid
    return item


def _describe(dataset: Dataset, image: SecondaryImage) -> None:
    dataset.SeriesNumber = 9001
    dataset.SeriesDescription = image.series_description[:64]
    dataset.ConversionType = "WSD"
    dataset.SecondaryCaptureDeviceManufacturer = _MAKER
    dataset.Manufacturer = _MAKER
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.DerivationDescription = image.derivation
    dataset.PatientOrientation = list(image.patient_orientation)
    if str(dataset.get("BodyPartExamined", "")).upper() in _MAY_BE_PAIRED:
        dataset.Laterality = ""  # both sides are shown; for an unpaired part it must be absent
    dataset.PixelSpacing = [f"{step:.6g}" for step in image.pixel_spacing_mm]
    dataset.PixelSpacingCalibrationType = "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = image.spacing_description[:64]
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def _fill(dataset: Dataset, image: SecondaryImage) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = image.stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = "2048", "4096"
    dataset.PixelData = image.stored.astype("<u2").tobytes()
