"""The verb: files of every kind, several CTs, and a reason for what is no volume."""

import json

import nibabel as nib
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pydicom import dcmread

from osteon.cli.drr import command
from osteon.core.geometry import Affine
from osteon.dicom.write import PatientTags, write_ct


@pytest.fixture
def ct(tmp_path):
    hu = np.full((20, 30, 40), -1000, np.int16)
    hu[:, 5:25, 8:32] = 40
    hu[:, 10:14, 10:14] = 900  # bone on the patient's right
    write_ct(
        hu, Affine.from_spacing((3.0, 3.0, 3.0), (0.0, 0.0, 0.0)),
        PatientTags("P-1", "F", 81), tmp_path / "ct",
    )  # fmt: skip
    return tmp_path / "ct"


def run(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


def test_png_dicom_and_numbers_of_the_views_asked_for(ct, tmp_path):
    out = tmp_path / "out"
    small = ("--set", "rows=64", "--set", "columns=80", "--set", "pixel_mm=2.0")
    result = run(
        ct, "-o", out, "--view", "frontal", "--view", "lateral", "--numbers", *small, "--json"
    )
    assert result.exit_code == 0
    kinds = (".png", ".dcm", ".npy")
    names = {f"{view}{kind}" for view in ("frontal", "lateral") for kind in kinds}
    assert {path.name for path in out.iterdir()} == names | {"drr.json"}
    assert len(json.loads(result.stdout)[0]["files"]) == 6
    picture = np.asarray(Image.open(out / "frontal.png"))
    assert picture.shape == (64, 80)
    assert picture[:, :40].max() > picture[:, 40:].max()  # the right is at the left
    found = dcmread(out / "frontal.dcm")
    assert list(found.PatientOrientation) == ["L", "F"]
    assert found.PixelSpacing == [2.0, 2.0]
    assert np.load(out / "frontal.npy").dtype == np.float32


def test_one_bad_ct_among_several_is_left_out_with_its_reason(ct, tmp_path):
    bad = tmp_path / "bad.nii.gz"
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 2), np.int16), np.eye(4)), bad)
    options = ("--view", "axial", "--workers", "1", "--set", "rows=32", "--set", "columns=32")
    result = run(ct, bad, "-o", tmp_path / "out", *options, "--json")
    assert result.exit_code == 0
    good, left_out = json.loads(result.stdout)
    assert good["left_out"] is None
    assert "three dimensions" in left_out["left_out"]
    assert (tmp_path / "out" / "ct" / "axial.png").is_file()
