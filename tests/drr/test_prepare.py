"""Projections on disk: three views of every chosen volume, made once."""

from dataclasses import dataclass

import numpy as np
import pytest

from osteon.cohort.volume_catalogue import catalogue_volumes
from osteon.cohort.volume_choice import VolumeRules, choose_volumes
from osteon.core.geometry import Affine
from osteon.core.schemas import INSTANCES
from osteon.core.tables import read_table
from osteon.dicom.identity import PatientTags
from osteon.dicom.write_ct import write_ct
from osteon.drr.detector import Detector
from osteon.drr.prepare import ProjectionCache, prepare_projections
from osteon.errors import GeometryError
from osteon.pixels.volume_settings import VolumeSettings
from osteon.sources.ingest import ingest

AXES = {"frontal": 1, "lateral": 2, "axial": 0}


@dataclass
class View:
    line_integral: np.ndarray
    detector: Detector
    steps: tuple[str, ...] = ("summed",)


def sums(volume):
    """A projector for tests: sums along each axis."""
    views = {}
    for view, axis in AXES.items():
        values = volume.hu.sum(axis=axis, dtype=np.float32)
        views[view] = View(values, Detector(*values.shape, (1.5, 0.5)))
    return views


@pytest.fixture
def study(tmp_path):
    rng = np.random.default_rng(0)
    for patient in ("P1", "P2"):
        hu = rng.integers(-500, 500, (6, 5, 4)).astype(np.int16)
        tags = PatientTags(patient, "F", 80)
        affine = Affine.from_spacing((2.0, 1.0, 1.0), (0.0, 0.0, 0.0))
        write_ct(hu, affine, tags, tmp_path / "export" / patient)
    ingest([tmp_path / "export"], tmp_path / "study", workers=1)
    instances = read_table(INSTANCES, tmp_path / "study/tables/instances.parquet")
    found = catalogue_volumes(instances, tmp_path / "study/cache", workers=1)
    rules = VolumeRules(hips="any", fewest_slices=2, shortest_mm=0)
    return tmp_path / "study", instances, choose_volumes(found.volumes, rules)


def prepare(study, project, settings=None, workers=1):
    folder, instances, volumes = study
    cache = ProjectionCache(folder, settings or {"rows": 5}, VolumeSettings())
    return prepare_projections(volumes, instances, cache, project, workers=workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_three_views_of_each_volume_are_kept(study, workers):
    table, exclusions = prepare(study, sums, workers=workers)
    assert exclusions == []
    assert list(table["view"]) == ["frontal", "lateral", "axial"] * 2
    assert sorted(set(table["patient_id"])) == ["P1", "P2"]
    shapes = {"frontal": (6, 4), "lateral": (6, 5), "axial": (5, 4)}
    for row in table.to_dict("records"):
        picture = np.load(study[0] / row["path"], allow_pickle=False)
        assert picture.dtype == np.float32
        assert picture.shape == shapes[row["view"]] == (row["rows"], row["columns"])
        assert (row["row_spacing_mm"], row["column_spacing_mm"]) == (1.5, 0.5)


def test_a_second_call_makes_nothing(study):
    table, _ = prepare(study, sums)
    again, _ = prepare(study, None)
    assert again.equals(table)


def test_a_killed_run_goes_on(study):
    table, _ = prepare(study, sums)
    (study[0] / table["path"].iloc[0]).unlink()
    made = []
    again, _ = prepare(study, lambda volume: made.append(1) or sums(volume))
    assert made == [1]
    assert again.equals(table)


def test_other_settings_are_other_pictures(study):
    table, _ = prepare(study, sums)
    other, _ = prepare(study, sums, {"rows": 6})
    assert not set(table["path"]) & set(other["path"])


def test_what_is_not_chosen_is_not_projected(study):
    folder, instances, volumes = study
    volumes = volumes.copy()
    volumes.loc[0, "is_chosen"] = False
    table, _ = prepare((folder, instances, volumes), sums)
    assert set(table["patient_id"]) == {volumes["patient_id"].iloc[1]}


def test_a_volume_that_cannot_be_projected_is_counted(study):
    def fails(volume):
        raise GeometryError("rays miss the volume")

    table, exclusions = prepare(study, fails)
    assert table.empty
    assert [item.reason for item in exclusions] == ["cannot_project"] * 2
    assert "rays miss the volume" in exclusions[0].detail
    for path in study[1]["path"][:1]:
        with open(path, "ab") as stream:
            stream.write(b"\0\0")
    _, exclusions = prepare(study, sums)
    assert ["no longer the file" in item.detail for item in exclusions] == [True]
