"""A synthetic hip study is complete, repeatable and resumable."""

import json

import numpy as np
import pandas as pd
import pydicom
import pytest
from PIL import Image

from osteon.core.files import hash_file
from osteon.core.schemas import LABELS
from osteon.errors import SettingsError, StudyError
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips

QUICK = HipsSettings(n=3, spacing_mm=4.0, pixel_size_mm=2.0, films_per_study=(1, 2))


def hashes(folder):
    return {
        str(path.relative_to(folder)): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hips")
    return folder, make_hips(QUICK, folder, seed=5, workers=1)


def test_tables_describe_the_films(made):
    folder, report = made
    labels = LABELS.checked(pd.read_csv(folder / "labels.csv", comment="#"))
    assert len(labels) == report.hips
    for row in labels.to_dict("records"):
        header = pydicom.dcmread(folder / row["path"], stop_before_pixels=True)
        assert header.SOPInstanceUID == row["sop_instance_uid"]
        assert 0 <= row["x_min_px"] < row["x_max_px"] <= header.Columns
        assert 0 <= row["y_min_px"] < row["y_max_px"] <= header.Rows
    via = json.loads((folder / "via.json").read_text())
    assert sum(len(v["regions"]) for v in via["_via_img_metadata"].values()) == report.hips


def test_first_line_says_synthetic(made):
    folder, _ = made
    for name in ("labels.csv", "clinical.csv"):
        assert (folder / name).read_text().splitlines()[0].startswith("# Synthetic")


def test_shadows_lie_in_the_boxes(made):
    folder, _ = made
    labels = pd.read_csv(folder / "labels.csv", comment="#")
    for row in labels[labels["view"] == "ap_pelvis"].to_dict("records"):
        bits = np.asarray(Image.open(folder / row["mask"]))
        bone = (bits & (5 if row["laterality"] == "R" else 10)) > 0
        box = bone[
            int(row["y_min_px"]) : int(row["y_max_px"]), int(row["x_min_px"]) : int(row["x_max_px"])
        ]
        assert box.mean() > 0.3


def test_workers_and_interruption_change_nothing(made, tmp_path):
    folder, _ = made
    make_hips(QUICK.changed({"n": 1}), tmp_path, seed=5, workers=1)
    victim = next((tmp_path / "films").rglob("*.dcm"))
    victim.unlink()
    report = make_hips(QUICK, tmp_path, seed=5, workers=2)
    assert report.made_now == 3
    assert hashes(tmp_path) == hashes(folder)
    again = make_hips(QUICK, tmp_path, seed=5, workers=1)
    assert again.is_up_to_date
    assert again.made_now == 0


def test_another_seed_makes_other_films(made, tmp_path):
    folder, _ = made
    make_hips(QUICK.changed({"n": 1}), tmp_path, seed=6, workers=1)
    mine = {p.name: hash_file(p) for p in (tmp_path / "films").rglob("1.dcm")}
    theirs = {hash_file(p) for p in (folder / "films").rglob("1.dcm")}
    assert not theirs & set(mine.values())


def test_a_folder_of_another_run_is_refused(made):
    folder, _ = made
    with pytest.raises(StudyError, match="another run"):
        make_hips(QUICK, folder, seed=6, workers=1)


def test_wrong_settings_are_refused():
    for values in (
        {"site": "nowhere"},
        {"views": {"skyline": 1.0}},
        {"sites": {"internal": {"vendors": {"nobody": 1.0}}}},
        {"films_per_study": [3, 1]},
    ):
        with pytest.raises(SettingsError):
            HipsSettings().changed(values)
