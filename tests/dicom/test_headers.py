"""The fast header reader gives pydicom's rows on every real file, and a reason for bad ones."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from osteon.core.records import Exclusion
from osteon.dicom import headers
from osteon.dicom.clean import clean_row, identity_of
from osteon.dicom.headers import Header, read_header
from osteon.dicom.scan import UnusualFileError, scan


def film(**values):
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.PatientID = "P1"
    dataset.Rows, dataset.Columns = 4, 6
    dataset.BitsAllocated, dataset.BitsStored, dataset.SamplesPerPixel = 16, 12, 1
    dataset.PixelRepresentation, dataset.HighBit = 0, 11
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for name, value in values.items():
        setattr(dataset, name, value)
    dataset.add_new(0x7FE00010, "OW", np.arange(24, dtype=np.uint16).tobytes())
    return dataset


def stored(dataset, syntax=ExplicitVRLittleEndian):
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID") or "1.2"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID") or "1.2"
    dataset.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def patched(data, old, new):
    """Replace a value by one of the same length, past every writer's checks."""
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


def row_of(data):
    header = read_header(data, "key")
    assert isinstance(header, Header), header
    return header.row


def codes_of(data):
    return {notice.code for notice in read_header(data, "key").notices}


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rows_are_pydicoms_on_every_real_file(real_data):
    taken = refused = 0
    for path in sorted(item for item in real_data.glob("[dr]*/**/*") if item.is_file()):
        data = path.read_bytes()
        answer = read_header(data, str(path))
        if isinstance(answer, Exclusion):
            refused += 1
            continue
        dataset = dcmread(path, stop_before_pixels=True, force=True)
        texts = headers.texts_of(dataset)
        row, notices = clean_row(texts)
        assert answer == Header(row, identity_of(texts), notices), path
        for name, keyword in (("rows", "Rows"), ("modality", "Modality")):
            assert answer.row[name] == (dataset.get(keyword) or None), path
        taken += 1
    assert taken > 100
    assert refused < 12


@pytest.mark.real_data
def test_most_real_files_take_the_fast_way(real_data):
    fast = slow = 0
    for path in sorted((real_data / "radiographs").glob("**/RG*")):
        try:
            scan(path.read_bytes(), frozenset())
            fast += 1
        except UnusualFileError:
            slow += 1
    assert fast >= 9
    assert slow == 0


@pytest.mark.real_data
def test_every_cut_of_a_real_film_is_noticed(real_data):
    for name in ("RG2_UNC.dcm", "RG2_J2KR", "RG2_JPLL"):
        data = (real_data / "radiographs/hip_cr" / name).read_bytes()
        for share in (0.0, 0.0005, 0.3, 0.9, 0.9999):
            answer = read_header(data[: int(len(data) * share)], name)
            assert isinstance(answer, Exclusion)
            assert answer.reason in ("empty", "not_dicom", "truncated", "pixel_data_missing")
        assert isinstance(read_header(data, name), Header)


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_every_uncompressed_syntax_gives_the_same_row(syntax):
    row = row_of(stored(film(StudyDate="20200229", PixelSpacing=[0.2, 0.1]), syntax))
    assert row.pop("transfer_syntax_uid") == syntax
    wanted = row_of(stored(film(StudyDate="20200229", PixelSpacing=[0.2, 0.1])))
    wanted.pop("transfer_syntax_uid")
    assert row == wanted
    assert (row["pixel_spacing_row_mm"], row["pixel_spacing_column_mm"]) == (0.2, 0.1)


def test_a_file_without_preamble_is_read():
    data = stored(film())
    assert row_of(data[132:])["sop_instance_uid"] == "1.2.3.4"


def test_latin_and_japanese_text():
    dataset = film(SpecificCharacterSet="ISO_IR 100", InstitutionName="Hôpital Général")
    assert row_of(stored(dataset))["institution_name"] == "Hôpital Général"
    dataset = film(
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        InstitutionName="東京病院",
        PatientName="Yamada^Tarou=山田^太郎",
    )
    data = stored(dataset)
    assert b"\x1b$B" in data
    assert row_of(data)["institution_name"] == "東京病院"
    dataset = film(SpecificCharacterSet="ISO_IR 192", StudyDescription="Hüfte a.p. links")
    assert row_of(stored(dataset))["study_description"] == "Hüfte a.p. links"


def test_unknown_character_set_is_no_crash():
    data = stored(film(SpecificCharacterSet="ISO_IR 100", InstitutionName="Hôpital"))
    data = patched(data, b"ISO_IR 100", b"KLINGON  1")
    assert row_of(data)["institution_name"] == "Hôpital"


@pytest.mark.parametrize(
    ("text", "age"), [("075Y", 75.0), ("018M", 1.5), ("0365", None), ("75", 75.0), ("oldY", None)]
)
def test_ages(text, age):
    data = stored(film(PatientAge="999Y"))
    data = patched(data, b"999Y", text.ljust(4).encode())
    assert row_of(data)["patient_age_years"] == age
    assert ("age_unreadable" in codes_of(data)) == (age is None)


def test_age_comes_from_the_dates_when_it_is_not_given():
    data = stored(film(PatientBirthDate="19400101", StudyDate="20200101"))
    assert row_of(data)["patient_age_years"] == pytest.approx(80.0, abs=0.01)


def test_text_in_number_fields_is_empty_and_noted():
    data = stored(film(InstanceNumber="1234", PixelSpacing=["0.25", "0.25"]))
    data = patched(patched(data, b"1234", b"none"), b"0.25\\0.25 ", b"big\\small ")
    row = row_of(data)
    assert row["instance_number"] is None
    assert row["pixel_spacing_row_mm"] is None
    assert codes_of(data) == {"number_unreadable", "spacing_unusable"}


@pytest.mark.parametrize("spacing", [b"0.00\\0.00 ", b"-0.2\\0.20 ", b"nan \\nan  ", b"0.20      "])
def test_a_spacing_that_is_none_is_empty_and_noted(spacing):
    data = patched(stored(film(PixelSpacing=["0.25", "0.25"])), b"0.25\\0.25 ", spacing)
    assert row_of(data)["pixel_spacing_row_mm"] is None
    assert codes_of(data) == {"spacing_unusable"}


def test_missing_patient_id_is_noted():
    dataset = film()
    del dataset.PatientID
    assert row_of(stored(dataset))["patient_id"] is None
    assert codes_of(stored(dataset)) == {"patient_id_missing"}


def test_identity_in_the_meta_only_is_used_and_noted():
    dataset = film()
    data = stored(dataset)
    dataset_at = data.index(b"\x08\x00\x16\x00UI")
    start = data.index(b"\x08\x00\x18\x00UI")
    gone = data[:start] + data[start + 8 + 8 :]
    assert dataset_at < start
    assert row_of(gone)["sop_instance_uid"] == "1.2.3.4"
    assert codes_of(gone) == {"uid_from_file_meta"}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_uid_longer_than_the_standard_allows_is_refused():
    assert read_header(stored(film(SOPInstanceUID="1." + "2" * 62)), "key").row
    answer = read_header(stored(film(SOPInstanceUID="1." + "2" * 63)), "key")
    assert answer.reason == "uid_too_long"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"not an image at all", "not_dicom"),
        (b"\x00" * 500, "not_dicom"),
        (b"\x1f\x8b" + b"\x00" * 300, "archive_kind_unsupported"),
        (b"Salted__" + b"\x17" * 300, "encrypted"),
        (b"\x30\x82\x01\x01" + bytes.fromhex("06092a864886f70d010703") + b"\0" * 99, "encrypted"),
        (stored(film())[:-4], "truncated"),
        (stored(film())[:200], "truncated"),
    ],
)
def test_what_is_not_taken_has_its_reason(data, reason):
    answer = read_header(data, "key")
    assert isinstance(answer, Exclusion)
    assert answer.reason == reason
    assert answer.detail


def test_an_image_without_pixels_is_refused():
    dataset = film()
    del dataset[0x7FE00010]
    assert read_header(stored(dataset), "key").reason == "pixel_data_missing"


def test_names_are_kept_as_hashes_only():
    header = read_header(stored(film(PatientName="Doe^Jane", PatientBirthDate="19400101")), "key")
    other = read_header(stored(film(PatientName="DOE^Jane^", PatientBirthDate="19400101")), "key")
    assert header.identity == other.identity
    assert "doe" not in repr(header).lower()
    assert "19400101" not in repr(header)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_bytes_never_raise(data):
    whole = bytearray(
        stored(film(PixelSpacing=[0.2, 0.2], StudyDate="20200101", PatientAge="075Y"))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    answer = read_header(bytes(whole[:cut]), "key")
    assert isinstance(answer, Header | Exclusion)


def test_sequences_nested_without_end_are_no_crash():
    dataset = film()
    data = stored(dataset)
    at = data.index(b"\x10\x00\x20\x00LO")
    nest = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    answer = read_header(data[:at] + nest * 5000 + data[at:], "key")
    assert answer.reason in ("not_dicom", "truncated")
