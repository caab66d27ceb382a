"""Secondary captures of a CT: provenance, spacing, and what two validators say."""

import subprocess

import numpy as np
import pytest
from pydicom import dcmread

from osteon.core.geometry import Affine
from osteon.dicom.write import PatientTags, write_ct
from osteon.dicom.write_secondary import SecondaryImage, find_source, write_secondary
from osteon.errors import DicomError
from osteon.pixels.render import render

STORED = np.arange(12 * 10, dtype=np.uint16).reshape(12, 10) * 30


def image(stored=STORED):
    return SecondaryImage(
        stored, (0.8, 0.7), "Computed from the CT", ("L", "F"), "Projection", "DRR frontal", 1
    )


@pytest.fixture
def series(tmp_path):
    tags = PatientTags("P-1", "F", 81, study_date="20200304", uid_seed=5)
    hu = np.zeros((3, 8, 8), np.int16)
    write_ct(hu, Affine.from_spacing((2.0, 1.0, 1.0), (0.0, 0.0, 0.0)), tags, tmp_path / "ct")
    return tmp_path / "ct"


def test_it_stays_in_the_study_and_names_every_slice(series, tmp_path):
    source = find_source(series)
    uid = write_secondary(image(), tmp_path / "a.dcm", source=source, patient_id="ct")
    found, slices = dcmread(tmp_path / "a.dcm"), [dcmread(p) for p in sorted(series.iterdir())]
    assert found.SOPInstanceUID == uid
    assert found.StudyInstanceUID == slices[0].StudyInstanceUID
    assert found.SeriesInstanceUID != slices[0].SeriesInstanceUID
    assert found.PatientID == "P-1"
    named = {item.ReferencedSOPInstanceUID for item in found.SourceImageSequence}
    assert named == {ds.SOPInstanceUID for ds in slices}
    assert found.PixelSpacing == [0.8, 0.7]
    assert found.PixelSpacingCalibrationType == "GEOMETRY"
    np.testing.assert_array_equal(found.pixel_array, STORED)
    assert render(found).grey[-1, -1] > render(found).grey[0, 0]  # white is dense


def test_the_same_source_and_derivation_give_the_same_uid(series, tmp_path):
    source = find_source(series)
    uids = {
        write_secondary(image(), tmp_path / f"{n}.dcm", source=source, patient_id="ct")
        for n in range(2)
    }
    assert len(uids) == 1


def test_without_a_source_nobody_is_named(tmp_path):
    write_secondary(image(), tmp_path / "a.dcm", source=None, patient_id="scan")
    found = dcmread(tmp_path / "a.dcm")
    assert (found.PatientID, found.PatientName) == ("scan", "")
    assert "SourceImageSequence" not in found


def test_wrong_pixels_are_refused_and_a_folder_without_ct_has_no_source(tmp_path):
    with pytest.raises(DicomError, match="uint16"):
        write_secondary(
            image(STORED.astype(np.float32)), tmp_path / "a.dcm", source=None, patient_id="x"
        )
    assert find_source(tmp_path) is None


@pytest.mark.referee
def test_dciodvfy_finds_no_error(series, tmp_path, referee):
    write_secondary(image(), tmp_path / "a.dcm", source=find_source(series), patient_id="ct")
    write_secondary(image(), tmp_path / "b.dcm", source=None, patient_id="scan")
    for name in ("a", "b"):
        done = subprocess.run(
            [referee("dciodvfy"), str(tmp_path / f"{name}.dcm")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "SCImage" in done.stdout + done.stderr
        assert "Error" not in done.stdout + done.stderr


@pytest.mark.referee
def test_dcmtk_reads_it(series, tmp_path, referee):
    write_secondary(image(), tmp_path / "a.dcm", source=find_source(series), patient_id="ct")
    done = subprocess.run(
        [referee("dcmdump"), str(tmp_path / "a.dcm")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert not done.stderr
