"""What every written object says of patient, study, series and equipment."""

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from osteon._version import __version__
from osteon.dicom.uids import uid_for

__all__ = ["SYNTHETIC", "PatientTags", "add_equipment", "add_patient_study_series", "new_file"]

SYNTHETIC = "Synthetic image made by a physical simulation; not a patient, not for diagnosis"
"""Stands in the image comments and the derivation description of every synthetic object."""


@dataclass(frozen=True, slots=True)
class PatientTags:
    """Who, when and in which series: what a header says beside the image.

    Parameters
    ----------
    patient_id
        Identifier; at most 64 characters.
    sex
        ``M``, ``F`` or ``O``.
    age_years
        Age at the study.
    study_date
        YYYYMMDD.
    study_time
        HHMMSS.
    study_key, series_number, instance_number
        With ``patient_id`` and ``uid_seed`` they name the study, series and instance, and so their
        UIDs.
    uid_seed
        The run's seed, so that two runs do not share UIDs.
    synthetic
        Whether the header states that the image is synthetic.
    """

    patient_id: str
    sex: str
    age_years: int
    study_date: str = "20200101"
    study_time: str = "120000"
    study_key: str = "1"
    series_number: int = 1
    instance_number: int = 1
    uid_seed: int = 0
    synthetic: bool = True

    def uid(self, kind: str) -> str:
        """UID of the ``study``, ``series`` or ``instance``."""
        parts: list[str | int] = [self.uid_seed, self.patient_id, self.study_key]
        if kind in ("series", "instance"):
            parts.append(self.series_number)
        if kind == "instance":
            parts.append(self.instance_number)
        return uid_for(kind, *parts)


def new_file(path: Path, sop_class: str, tags: PatientTags) -> FileDataset:
    """Start a file: meta information, SOP class and instance."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class  # type: ignore[assignment]
    meta.MediaStorageSOPInstanceUID = tags.uid("instance")  # type: ignore[assignment]
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid_for("osteon", "implementation")  # type: ignore[assignment]
    meta.ImplementationVersionName = f"OSTEON_{__version__}"[:16]
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = tags.uid("instance")
    return dataset


def add_patient_study_series(dataset: Dataset, tags: PatientTags, modality: str) -> None:
    """Add the patient, study and series modules."""
    dataset.PatientName = f"Synthetic^{tags.patient_id}" if tags.synthetic else tags.patient_id
    dataset.PatientID = tags.patient_id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = tags.sex
    dataset.PatientAge = f"{min(max(tags.age_years, 0), 999):03d}Y"
    dataset.StudyInstanceUID = tags.uid("study")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = tags.study_date
    dataset.AcquisitionDate = tags.study_date
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = tags.study_time
    dataset.AcquisitionTime = tags.study_time
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = tags.study_key[:16]
    dataset.AccessionNumber = ""
    dataset.Modality = modality
    dataset.SeriesInstanceUID = tags.uid("series")
    dataset.SeriesNumber = tags.series_number
    dataset.InstanceNumber = tags.instance_number
    if tags.synthetic:
        dataset.QualityControlImage = "YES"
        dataset.ImageComments = SYNTHETIC


def add_equipment(dataset: Dataset, manufacturer: str, model_name: str) -> None:
    """Add the equipment module."""
    dataset.Manufacturer = manufacturer
    dataset.ManufacturerModelName = model_name
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = f"osteon {__version__}"
