"""Objects we write: stable identifiers, round trips, and a strict validator's opinion."""

import re
import subprocess
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread

from osteon.core.geometry import Affine, Laterality
from osteon.dicom.uids import uid_for
from osteon.dicom.write import CtScanner, PatientTags, ProjectionImage, write_ct, write_dx
from osteon.errors import DicomError, GeometryError

TAGS = PatientTags("P-1", "F", 81, uid_seed=5)


def image(**changes):
    values = {
        "stored": np.arange(12 * 10, dtype=np.uint16).reshape(12, 10),
        "bits_stored": 12,
        "photometric_interpretation": "MONOCHROME2",
        "imager_pixel_spacing_mm": (0.4, 0.4),
        "window": (2048.0, 4096.0),
        "view": "ap_pelvis",
        "view_position": "AP",
        "laterality": None,
        "patient_orientation": ("L", "F"),
        "manufacturer": "Alder (synthetic)",
        "model_name": "A1",
        "kvp": 75.0,
        "exposure_mas": 20.0,
        "source_to_detector_mm": 1150.0,
        "source_to_patient_mm": 990.0,
    }
    return ProjectionImage(**{**values, **changes})


VARIANTS = {
    "pelvis": {},
    "inverted": {"photometric_interpretation": "MONOCHROME1", "bits_stored": 14},
    "hip": {"laterality": Laterality.LEFT, "view": "ap_hip"},
    "lateral": {
        "laterality": Laterality.RIGHT,
        "view": "cross_table_lateral",
        "view_position": "LL",
        "patient_orientation": ("LH", "P"),
    },
    "plate": {"modality": "CR", "bits_stored": 10},
    "plate of a hip": {"modality": "CR", "laterality": Laterality.LEFT, "view": "frog_leg"},
}


def complaints(program, path):
    result = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    return [line for line in result.stderr.splitlines() if re.match("Error|Warning", line)]


@pytest.mark.referee
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_dciodvfy_finds_no_fault_with_films(variant, tmp_path, referee):
    write_dx(image(**variant), TAGS, tmp_path / "film.dcm")
    assert complaints(referee("dciodvfy"), tmp_path / "film.dcm") == []


@pytest.mark.referee
def test_dciodvfy_finds_no_fault_with_ct(tmp_path, referee):
    affine = Affine.from_spacing((3.0, 0.97, 0.98), (-100.123456789, 20.0, -400.0))
    scanner = CtScanner(
        patient_position="FFP", contrast_bolus_agent="IOHEXOL", institution_name="Hospital"
    )
    write_ct(np.zeros((3, 8, 9), np.int16), affine, TAGS, tmp_path, scanner)
    found = [complaints(referee("dciodvfy"), path) for path in sorted(tmp_path.iterdir())]
    assert found == [[], [], []]


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_what_was_written_is_read_back(variant, tmp_path):
    given = image(**variant)
    uid = write_dx(given, TAGS, tmp_path / "film.dcm")
    dataset = dcmread(tmp_path / "film.dcm")
    np.testing.assert_array_equal(dataset.pixel_array, given.stored)
    assert dataset.SOPInstanceUID == uid == dataset.file_meta.MediaStorageSOPInstanceUID
    assert dataset.PhotometricInterpretation == given.photometric_interpretation
    assert dataset.PatientAge == "081Y"
    assert dataset.BodyPartExamined == ("PELVIS" if given.laterality is None else "HIP")


def test_same_tags_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_dx(image(), TAGS, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_uids_name_patient_study_series_and_instance():
    other = PatientTags("P-2", "F", 81, uid_seed=5)
    second = PatientTags("P-1", "F", 81, uid_seed=5, instance_number=2)
    assert TAGS.uid("study") != other.uid("study")
    assert TAGS.uid("series") == second.uid("series")
    assert TAGS.uid("instance") != second.uid("instance")
    uid = uid_for("anything", 3)
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", uid)
    assert len(uid) <= 64
    number = int(uid.removeprefix("2.25."))
    assert (number >> 76) & 0xF == 8  # version of the UUID
    assert (number >> 62) & 0x3 == 2  # its variant


def test_a_ct_is_the_volume_in_its_place(tmp_path):
    rng = np.random.default_rng(1)
    hu = rng.integers(-1024, 3072, (4, 6, 5)).astype(np.int16)
    affine = Affine.from_spacing((2.5, 0.9, 0.8), (-10.0, 20.0, -300.0))
    uids = write_ct(hu, affine, TAGS, tmp_path)
    files = [dcmread(path) for path in sorted(tmp_path.iterdir())]
    assert [str(file.SOPInstanceUID) for file in files] == uids
    found = np.stack([file.pixel_array.astype(int) + int(file.RescaleIntercept) for file in files])
    np.testing.assert_array_equal(found, hu)
    for index, file in enumerate(files):
        place = affine.to_lps_mm(np.array([index, 0.0, 0.0]))
        np.testing.assert_allclose(file.ImagePositionPatient, place)
        assert list(file.PixelSpacing) == [0.9, 0.8]
        assert list(file.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]


def test_slices_are_what_pydicom_would_write(tmp_path):
    affine = Affine.from_spacing((2.5, 0.9, 0.8), (-10.0, 20.0, -300.0))
    write_ct(np.full((3, 5, 5), 40, np.int16), affine, TAGS, tmp_path)
    for path in sorted(tmp_path.iterdir()):
        again = BytesIO()
        dcmread(path).save_as(again, enforce_file_format=True)
        assert again.getvalue() == path.read_bytes()


def test_wrong_pixels_and_skewed_volumes_are_refused(tmp_path):
    with pytest.raises(DicomError, match="uint16"):
        write_dx(image(stored=np.zeros((3, 3), np.float32)), TAGS, tmp_path / "film.dcm")
    matrix = np.eye(4)[[2, 1, 0, 3]]
    matrix[0, 1] = 0.5
    with pytest.raises(GeometryError, match="perpendicular"):
        write_ct(np.zeros((2, 2, 2), np.int16), Affine(matrix), TAGS, tmp_path)
    assert list(tmp_path.iterdir()) == []
