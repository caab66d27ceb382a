from pathlib import Path

import numpy as np
from tests.pixels.ct_bodies import pelvis
from tests.prediction.ct_files import dicom_ct, nifti_ct

from osteon.cohort.volume_catalogue import catalogue_volumes
from osteon.cohort.volume_choice import VolumeRules, choose_volumes
from osteon.cohort.volume_nifti import catalogue_nifti, is_nifti
from osteon.core.schemas import INSTANCES
from osteon.core.tables import read_table
from osteon.pixels.orient import Volume
from osteon.sources.ingest import ingest

SHARED = ["n_slices", "slice_spacing_mm", "row_spacing_mm", "column_spacing_mm", "z_extent_mm",
          "hips_in_view", "enhanced_cm3", "metal_cm3"]  # fmt: skip


def test_a_nifti_file_is_the_volume_its_dicom_series_is(tmp_path):
    path = nifti_ct(tmp_path / "P1.nii.gz")
    ingest([dicom_ct(tmp_path / "dicom")], tmp_path / "study", workers=1)
    instances = read_table(INSTANCES, tmp_path / "study" / "tables" / "instances.parquet")
    theirs = catalogue_volumes(instances, tmp_path / "cache", workers=1).volumes
    ours = catalogue_nifti({"P1": path}, tmp_path / "cache", workers=1).volumes
    np.testing.assert_allclose(
        ours[SHARED].to_numpy(float), theirs[SHARED].to_numpy(float), atol=1e-3
    )
    assert choose_volumes(ours, VolumeRules())["is_chosen"].tolist() == [True]
    again = catalogue_nifti({"P1": path}, tmp_path / "cache", workers=1).volumes
    assert again.equals(ours)


def test_what_is_no_ct_in_hounsfield_units_has_its_reason(tmp_path):
    body = pelvis(1)
    lifted = Volume((body.hu + 1024).astype(np.int16), body.affine)
    files = {
        "mr": nifti_ct(tmp_path / "mr.nii", lifted),
        "torn": tmp_path / "torn.nii",
    }
    files["torn"].write_bytes(b"not a nifti file")
    found = catalogue_nifti(files, tmp_path / "cache", workers=1)
    assert found.volumes.empty
    reasons = {item.key: item.reason for item in found.exclusions}
    assert reasons == {str(files["mr"]): "not_hounsfield", str(files["torn"]): "cannot_read"}


def test_one_slice_is_too_few(tmp_path):
    body = pelvis(1)
    path = nifti_ct(tmp_path / "one.nii.gz", Volume(body.hu[40:41].copy(), body.affine))
    found = catalogue_nifti({"one": path}, tmp_path / "cache", workers=1)
    assert choose_volumes(found.volumes, VolumeRules())["reason"].tolist() == ["too_few_slices"]


def test_names_decide():
    names = {"a.nii": True, "a.NII.GZ": True, "a.nii.txt": False}
    assert {name: is_nifti(Path(name)) for name in names} == names
