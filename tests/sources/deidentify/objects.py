"""Objects full of identity, for the tests of de-identification."""

import io

import numpy as np
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.unit import deidentify_bytes

CR = "1.2.840.10008.5.1.4.1.1.1"
NAMES = Pseudonyms(b"s" * 32)
HEADERS = DeidentifySettings(options=())


def film(**values):
    """A small CR film with names, dates, references and a private block."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CR, "1.2.3.4444444.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.4444444.2", "1.2.3.4444444.3"
    ds.PatientName, ds.PatientID = "Meier^Annelise", "PID-004711"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19310405", "F", "093Y"
    ds.StudyDate = ds.ContentDate = "20190304"
    ds.SeriesDate, ds.StudyTime = "20190314", "101112"
    ds.AccessionNumber, ds.StudyID = "ACC778899", "STUDY5"
    ds.InstitutionName, ds.StationName = "Saint Elsewhere", "ROOM7DX"
    ds.ReferringPhysicianName = "House^Gregory"
    ds.StudyDescription = "Pelvis AP for Annelise Meier"
    ds.Modality, ds.BodyPartExamined, ds.Manufacturer = "CR", "PELVIS", "Maker"
    ds.DeviceSerialNumber, ds.SoftwareVersions = "SN998877", "1.0"
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    request = Dataset()
    request.RequestingPhysician = "Wilson^James"
    request.AccessionNumber = "ACC778899"
    ds.RequestAttributesSequence = Sequence([request])
    reference = Dataset()
    reference.ReferencedSOPClassUID = CR
    reference.ReferencedSOPInstanceUID = "1.2.3.4444444.9"
    ds.ReferencedImageSequence = Sequence([reference])
    block = ds.private_block(0x0011, "ACME SECRETS", create=True)
    block.add_new(1, "LO", "Meier^Annelise")
    ds.Rows = ds.Columns = 32
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.SamplesPerPixel, ds.PixelRepresentation = 1, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.add_new(0x7FE00010, "OW", np.arange(1024, dtype="<u2").tobytes())
    with disable_value_validation():
        for name, value in values.items():
            ds.pop(name, None)  # an element that is there would check its new value all the same
            setattr(ds, name, value)
    return ds


def as_bytes(ds, syntax=ExplicitVRLittleEndian):
    """The object as a file with an identifying preamble and source title."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.SourceApplicationEntityTitle = "MEIER_AE"
    stream = io.BytesIO()
    dcmwrite(stream, ds, enforce_file_format=True)
    return b"Meier".ljust(128, b"x") + stream.getvalue()[128:]


def cleaned(ds, settings=HEADERS, names=NAMES):
    """De-identify an object; gives what :func:`deidentify_bytes` gives."""
    data = ds if isinstance(ds, bytes) else as_bytes(ds)
    return deidentify_bytes(data, "film.dcm", settings, names)


def reread(result):
    """The de-identified object."""
    return dcmread(io.BytesIO(result.data))
