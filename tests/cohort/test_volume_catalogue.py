"""From an export through ingest to the table of volumes: one reason for all that is none."""

import zipfile

import numpy as np
import pydicom
import pytest
from tests.pixels.ct_bodies import pelvis
from tests.pixels.films import make_film, save_film

from osteon.cohort import volume_catalogue as module
from osteon.cohort.volume_catalogue import catalogue_volumes
from osteon.core.geometry import Affine
from osteon.core.schemas import INSTANCES
from osteon.core.tables import read_table
from osteon.dicom.identity import PatientTags
from osteon.dicom.write_ct import CtScanner, write_ct
from osteon.pixels.volume_settings import VolumeSettings
from osteon.sources.ingest import ingest

HU = np.random.default_rng(0).integers(-200, 900, (12, 10, 8)).astype(np.int16)
AFFINE = Affine.from_spacing((2.5, 0.8, 0.7), (-40.0, -30.0, 100.0))


def write(folder, patient="P1", *, series=1, hu=HU, affine=AFFINE, study="1", **scanner):
    tags = PatientTags(patient, "F", 80, series_number=series, study_key=study)
    write_ct(hu, affine, tags, folder, CtScanner(**scanner))
    return tags.uid("series")


def change(path, **values):
    ds = pydicom.dcmread(path)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.save_as(path)


def catalogue(export, study, **options):
    ingest([export], study, workers=1)
    instances = read_table(INSTANCES, study / "tables" / "instances.parquet")
    return catalogue_volumes(instances, study / "cache", workers=1, **options)


def test_every_series_is_a_volume_or_has_its_reason(tmp_path):
    export = tmp_path / "export"
    good = write(export / "good", kernel="B30f", contrast_bolus_agent="Iohexol")
    wanted = {
        write(export / "gap", "P2"): "missing_slices",
        write(export / "one", "P3", hu=HU[:1]): "one_slice",
        write(export / "scout", "P4"): "localiser",
        write(export / "two", "P5"): "slices_disagree",
        write(export / "scale", "P6"): "not_hounsfield",
        write(export / "tilt", "P7"): "gantry_tilt",
        write(export / "place", "P8"): "cannot_read",
        write(export / "nobody", "P9"): "patient_id_missing",
        write(export / "code", "P10"): "cannot_decode",
    }
    (export / "gap/0005.dcm").unlink()
    for path in (export / "scout").iterdir():
        change(path, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    where = pydicom.dcmread(export / "two/0003.dcm").ImagePositionPatient
    change(export / "two/0004.dcm", ImagePositionPatient=where)
    for path in (export / "scale").iterdir():
        change(path, RescaleType="Z_EFF")
    for at, path in enumerate(sorted((export / "tilt").iterdir())):
        change(path, ImagePositionPatient=[-40, -30 + at, 100 + 2.5 * at])
    change(export / "place/0002.dcm", PixelSpacing=[0, 0])
    for path in (export / "nobody").iterdir():
        change(path, PatientID="")
    change(export / "code/0002.dcm", BitsAllocated=12)
    film = make_film(np.zeros((4, 4), np.uint16), SeriesInstanceUID="7.7")
    save_film(film, export / "film.dcm")
    found = catalogue(export, tmp_path / "study")
    assert {item.key: item.reason for item in found.exclusions} == wanted | {"7.7": "not_ct"}
    (row,) = found.volumes.to_dict("records")
    assert row["series_instance_uid"] == good
    assert (row["n_slices"], row["patient_id"], row["patient_sex"]) == (12, "P1", "F")
    assert (row["convolution_kernel"], row["contrast_bolus_agent"]) == ("B30f", "Iohexol")
    spacings = row["slice_spacing_mm"], row["row_spacing_mm"], row["column_spacing_mm"]
    assert spacings == pytest.approx((2.5, 0.8, 0.7))
    assert row["z_extent_mm"] == pytest.approx(30)
    assert not row["is_chosen"]


def test_reconstructions_in_one_series_are_volumes_of_their_own(tmp_path):
    uid = write(tmp_path / "a")
    for path in (tmp_path / "a").iterdir():
        change(path, ConvolutionKernel="B30f")
    write(tmp_path / "b", hu=HU + 5)
    for at, path in enumerate(sorted((tmp_path / "b").iterdir())):
        change(path, ConvolutionKernel="B70f", SOPInstanceUID=f"1.9.{at}")
    found = catalogue(tmp_path, tmp_path / "study")
    assert list(found.volumes["series_instance_uid"]) == [f"{uid}#1", f"{uid}#2"]
    assert list(found.volumes["convolution_kernel"]) == ["B30f", "B70f"]
    assert found.volumes["content_hash"].nunique() == 2


def test_files_without_a_series_are_told_by_their_folder(tmp_path):
    write(tmp_path / "ct")
    for path in (tmp_path / "ct").iterdir():
        change(path, SeriesInstanceUID="")
    (item,) = catalogue(tmp_path, tmp_path / "study").exclusions
    assert (item.key, item.reason) == (str(tmp_path / "ct"), "series_instance_uid_missing")
    assert "12 CT files" in item.detail


def test_a_zip_gives_the_same_volumes(tmp_path):
    write(tmp_path / "plain")
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in (tmp_path / "plain").iterdir():
            archive.write(path, path.name)
    one = catalogue(tmp_path / "plain", tmp_path / "s1").volumes
    other = catalogue(packed, tmp_path / "s2").volumes
    assert list(other["path"]) == [str(packed)]
    assert one.drop(columns="path").equals(other.drop(columns="path"))


def test_a_second_call_reads_nothing_and_other_settings_do(tmp_path, monkeypatch):
    write(tmp_path / "ct")
    (tmp_path / "ct/0005.dcm").unlink()
    first = catalogue(tmp_path / "ct", tmp_path / "study")
    filled = catalogue(
        tmp_path / "ct", tmp_path / "study", reading=VolumeSettings(largest_gap_mm=5)
    )
    assert [item.reason for item in first.exclusions] == ["missing_slices"]
    assert "1 of 12 planes interpolated" in filled.volumes["steps"].iloc[0]
    monkeypatch.setattr(module, "find_stacks", None)
    again = catalogue(tmp_path / "ct", tmp_path / "study")
    assert again.exclusions == first.exclusions


def test_a_file_that_changed_since_the_ingest_is_told(tmp_path):
    write(tmp_path / "ct")
    ingest([tmp_path / "ct"], tmp_path / "study", workers=1)
    content = (tmp_path / "ct/0002.dcm").read_bytes()
    change(tmp_path / "ct/0002.dcm", KVP="80")
    instances = read_table(INSTANCES, tmp_path / "study/tables/instances.parquet")
    found = catalogue_volumes(instances, tmp_path / "study/cache", workers=1)
    assert found.volumes.empty
    assert "no longer the file that was ingested" in found.exclusions[0].detail
    (tmp_path / "ct/0002.dcm").write_bytes(content)
    again = catalogue_volumes(instances, tmp_path / "study/cache", workers=1)
    assert len(again.volumes) == 1


FLIPS = {"HFS": (1, 1, 1), "FFS": (1, 1, -1), "HFP": (1, -1, -1), "FFP": (-1, -1, 1)}


@pytest.mark.parametrize("posture", FLIPS)
def test_a_synthetic_pelvis_is_catalogued_however_it_lay(tmp_path, posture):
    """Steps of the stored grid along z, y and x; the patient stays where it is."""
    body = pelvis(1)
    hu, matrix = body.hu, body.affine.matrix.copy()
    for axis, sign in enumerate(FLIPS[posture]):
        if sign < 0:
            matrix[:3, 3] += matrix[:3, axis] * (hu.shape[axis] - 1)
            matrix[:3, axis] *= -1
            hu = np.flip(hu, axis)
    write(
        tmp_path / "ct", hu=np.ascontiguousarray(hu), affine=Affine(matrix),
        patient_position=posture,
    )  # fmt: skip
    (row,) = catalogue(tmp_path / "ct", tmp_path / "study").volumes.to_dict("records")
    assert (row["patient_position"], row["hips_in_view"]) == (posture, 2)
    assert row["n_slices"] == body.hu.shape[0]
    assert row["enhanced_cm3"] < 1
