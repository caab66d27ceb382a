"""What is written here is what pydicom writes, to the byte."""

import copy
import warnings
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from osteon.dicom import encode
from osteon.dicom.encode import file_bytes
from osteon.dicom.open import parse_instance
from osteon.errors import DicomError

FILES = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
SETS = [None, "ISO_IR 100", "ISO_IR 192", "ISO_IR 13", ["", "ISO 2022 IR 87"]]


def renewed(dataset, syntax=None):
    """Give an object file meta information of the five elements that a writer needs."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = syntax or dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID, meta.ImplementationVersionName = "1.2.3.4", "TEST"
    dataset.file_meta, dataset.preamble = meta, b"\0" * 128
    return dataset


def by_pydicom(dataset):
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def readable():
    """Objects that come with pydicom, of many syntaxes, character sets and classes."""
    found = []
    for path in FILES:
        try:
            dataset = parse_instance(data := path.read_bytes(), path.name)
        except DicomError:
            continue
        if "SOPInstanceUID" in dataset and dataset.file_meta.get("TransferSyntaxUID"):
            found.append(pytest.param(data, id=path.name))
    assert len(found) > 40
    return found


def outcome(write, dataset):
    """Bytes, or nothing: an object that pydicom refuses is refused."""
    try:
        return write(dataset)
    except Exception:
        return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("data", readable())
@pytest.mark.parametrize("touch", ["untouched", "read", "changed"])
def test_objects_of_every_kind(data, touch):
    def made():
        dataset = renewed(dcmread(BytesIO(data), force=True))
        if touch == "read":
            list(dataset.iterall())
        elif touch == "changed":
            dataset.PatientID = "odd"
            dataset.PatientName = "Müller^X" if "SpecificCharacterSet" in dataset else "Miller^X"
            item = Dataset()
            item.CodeValue, item.CodeMeaning = "1", "Hip"
            dataset.DeidentificationMethodCodeSequence = Sequence([item, Dataset()])
            dataset.DeidentificationMethod = ["one", "three"]
            dataset.StudyDescription, dataset.AccessionNumber = None, ""
            for tag in list(dataset.keys())[8::9]:
                del dataset[tag]
            renewed(dataset) if "SOPClassUID" in dataset else None
        return dataset

    assert outcome(file_bytes, made()) == outcome(by_pydicom, made())


def small():
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", "1.2.3"
    ds.file_meta = FileMetaDataset()
    renewed(ds, ExplicitVRLittleEndian)
    return ds


TEXTS = st.text(st.sampled_from("aZ 9.^=~\\äß\x1b骨"), max_size=9)
VALUES = st.one_of(st.none(), TEXTS, st.lists(TEXTS, max_size=3))


@pytest.mark.filterwarnings("ignore")
@given(
    st.sampled_from(["LO", "SH", "LT", "UI", "CS", "UT", "PN", "AE", "DA"]),
    VALUES,
    st.sampled_from(SETS),
)
def test_texts_of_every_representation_and_character_set(vr, value, character_set):
    def read():
        ds = small()
        if character_set is not None:
            ds.SpecificCharacterSet = character_set
        return dcmread(BytesIO(by_pydicom(ds)))

    def changed():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = renewed(read())
            ds[0x00081030] = DataElement(0x00081030, vr, value)
            return ds

    try:
        changed()
    except Exception:  # a value that pydicom does not take as this representation
        return
    assert outcome(file_bytes, changed()) == outcome(by_pydicom, changed())


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("length", [3, 8])
def test_pixels_that_were_put_in_anew(framed, length):
    head = b"\xfe\xff\x00\xe0\0\0\0\0" if framed else b""
    syntax = JPEGBaseline8Bit if framed else ExplicitVRLittleEndian

    def made():
        ds = renewed(dcmread(BytesIO(by_pydicom(small()))), syntax)
        ds[0x7FE00010] = DataElement(0x7FE00010, "OB", head + b"x" * length)
        return ds

    assert file_bytes(made()) == by_pydicom(made())


def test_common_objects_do_not_need_pydicoms_writer(monkeypatch):
    """Otherwise every other test here would compare pydicom with itself."""
    plain = [
        renewed(dcmread(path))
        for path in FILES
        if path.name in ("CT_small.dcm", "JPEG2000.dcm", "SC_rgb_rle.dcm")
    ]
    wanted = [by_pydicom(copy.deepcopy(dataset)) for dataset in plain]
    assert len(plain) == 3
    monkeypatch.setattr(encode, "dcmwrite", None)
    assert [file_bytes(dataset) for dataset in plain] == wanted
