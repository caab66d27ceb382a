"""Write films as DICOM that a strict validator accepts; CT series are beside it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from osteon.core.files import atomic_path
from osteon.core.geometry import Laterality
from osteon.dicom.codes import HIP_JOINT, PELVIS, VIEW_CODES
from osteon.dicom.identity import (
    SYNTHETIC,
    PatientTags,
    add_equipment,
    add_patient_study_series,
    new_file,
)
from osteon.dicom.write_ct import CtScanner, write_ct
from osteon.errors import DicomError

__all__ = ["CtScanner", "PatientTags", "ProjectionImage", "write_ct", "write_dx"]

_DX = "1.2.840.10008.5.1.4.1.1.1.1"
_CR = "1.2.840.10008.5.1.4.1.1.1"


@dataclass(frozen=True, slots=True, eq=False)
class ProjectionImage:
    """A film's pixels and what its header says of how they were made.

    Parameters
    ----------
    stored
        uint16 (rows, columns).
    bits_stored
        Bits of a stored value, at most 16.
    photometric_interpretation
        MONOCHROME1 or MONOCHROME2.
    imager_pixel_spacing_mm
        (between rows, between columns) at the detector.
    window
        Center and width.
    view
        A key of :data:`osteon.dicom.codes.VIEW_CODES`.
    view_position
        DICOM View Position; may be empty.
    laterality
        The hip shown; ``None`` for the whole pelvis.
    patient_orientation
        Directions of rows and columns, e.g. ``("L", "F")``.
    manufacturer, model_name
        As the header gives them.
    kvp, exposure_mas, source_to_detector_mm, source_to_patient_mm
        How it was taken.
    modality
        ``DX`` or ``CR``: which kind of object is written.
    """

    stored: NDArray[np.uint16]
    bits_stored: int
    photometric_interpretation: str
    imager_pixel_spacing_mm: tuple[float, float]
    window: tuple[float, float]
    view: str
    view_position: str
    laterality: Laterality | None
    patient_orientation: tuple[str, str]
    manufacturer: str
    model_name: str
    kvp: float
    exposure_mas: float
    source_to_detector_mm: float
    source_to_patient_mm: float
    modality: str = "DX"


def write_dx(image: ProjectionImage, tags: PatientTags, path: Path) -> str:
    """Write a film as Digital X-Ray Image Storage - For Presentation, or as CR.

    Parameters
    ----------
    image
        The film; its ``modality`` decides between the two objects.
    tags
        Patient, study and series.
    path
        The file; written whole or not at all.

    Returns
    -------
    str
        The SOP Instance UID.
    """
    dataset = new_file(path, _DX if image.modality == "DX" else _CR, tags)
    add_patient_study_series(dataset, tags, image.modality)
    add_equipment(dataset, image.manufacturer, image.model_name)
    _anatomy(dataset, image)
    _acquisition(dataset, image)
    _image(dataset, image)
    if image.modality == "DX":
        _only_dx(dataset, image)
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return tags.uid("instance")


def _anatomy(dataset: Dataset, image: ProjectionImage) -> None:
    pelvis = image.laterality is None
    dataset.BodyPartExamined = "PELVIS" if pelvis else "HIP"
    dataset.AnatomicRegionSequence = Sequence([(PELVIS if pelvis else HIP_JOINT).item()])
    dataset.ViewPosition = image.view_position
    dataset.PatientOrientation = list(image.patient_orientation)
    side = "B" if image.laterality is None else image.laterality.value
    if image.modality == "DX":
        dataset.ImageLaterality = side
    elif image.laterality is not None:
        dataset.Laterality = side


def _acquisition(dataset: Dataset, image: ProjectionImage) -> None:
    dataset.KVP = f"{image.kvp:g}"
    dataset.Exposure = max(round(image.exposure_mas), 1)
    dataset.DistanceSourceToDetector = f"{image.source_to_detector_mm:.1f}"
    dataset.DistanceSourceToPatient = f"{image.source_to_patient_mm:.1f}"
    dataset.ImagerPixelSpacing = [f"{step:g}" for step in image.imager_pixel_spacing_mm]


def _image(dataset: Dataset, image: ProjectionImage) -> None:
    if image.stored.dtype != np.uint16 or image.stored.ndim != 2:
        raise DicomError(
            f"got pixels {image.stored.dtype} {image.stored.shape}, wanted uint16 (rows, columns)"
        )
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.DerivationDescription = SYNTHETIC
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = image.photometric_interpretation
    dataset.Rows, dataset.Columns = image.stored.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = image.bits_stored
    dataset.HighBit = image.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = (f"{value:g}" for value in image.window)
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.PixelData = image.stored.astype("<u2").tobytes()


def _only_dx(dataset: Dataset, image: ProjectionImage) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ViewCodeSequence = Sequence([VIEW_CODES[image.view].item()])
    dataset.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence([])
    dataset.PixelIntensityRelationship = "LOG"
    inverse = image.photometric_interpretation == "MONOCHROME1"
    dataset.PixelIntensityRelationshipSign = 1 if inverse else -1
    dataset.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.DetectorType = "SCINTILLATOR"
    dataset.DetectorConfiguration = "AREA"
    dataset.PositionerType = "COLUMN"
    dataset.AcquisitionContextSequence = Sequence([])
