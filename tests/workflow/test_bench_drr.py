"""The projector's bench runs small, and plastimatch's exact tracer gives the same picture."""

import numpy as np
import pytest
from PIL import Image

from osteon.core.geometry import Affine
from osteon.drr.projector import project_attenuation
from osteon.pixels.volume import Volume
from osteon.workflow import projection_sheet
from osteon.workflow.bench import BenchSettings
from osteon.workflow.benches import drr
from osteon.workflow.projection_sheet import write_projection_sheet
from osteon.workflow.real_hips import TEST_DATA, RealPicture


@pytest.mark.referee
def test_plastimatch_gives_the_same_picture(referee, tmp_path):
    referee("plastimatch")
    volume, affine, detector = drr._scene(0.01)
    _, theirs = drr._plastimatch(volume, affine, detector, pose=drr._pose(), folder=tmp_path)
    ours = project_attenuation(volume, affine, drr._pose(), detector)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * theirs.max())


@pytest.mark.slow
def test_the_bench_runs_small_and_finds_no_picture_that_differs(tmp_path):
    results = drr.run(BenchSettings(tmp_path, scale=0.002, workers=1, repeats=1))
    assert all(result.value > 0 for result in results)
    assert not any("DIFFER" in result.remark for result in results)


@pytest.mark.referee
def test_plastimatch_gives_the_same_picture_of_a_slanted_pose(referee, tmp_path):
    referee("plastimatch")
    volume, affine, detector = drr._scene(0.01)
    where = drr._pose(tilt_deg=(5.0, 10.0, 3.0))
    _, theirs = drr._plastimatch(volume, affine, detector, pose=where, folder=tmp_path)
    ours = project_attenuation(volume, affine, where, detector)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * theirs.max())


def test_a_sheet_says_what_is_absent_and_lays_out_what_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv(TEST_DATA, str(tmp_path))
    assert "film is not in" in write_projection_sheet(tmp_path / "sheet.png")
    film = RealPicture("film", np.ones((400, 300), np.float32), {}, tmp_path)
    affine = Affine.from_spacing((2.0, 1.6, 0.8), (0.0, 0.0, 0.0))
    ct = Volume(np.zeros((50, 40, 60), np.int16), affine)
    monkeypatch.setattr(projection_sheet, "real_film", lambda folder: film)
    monkeypatch.setattr(projection_sheet, "real_ct_paths", lambda folder: [("one", folder)])
    monkeypatch.setattr(projection_sheet, "read_volume", lambda path: ct)
    assert "1 CTs" in write_projection_sheet(tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    widths = (300 // 4, 60, 80, 60)  # at 0.8 mm: the film, frontal, lateral, axial
    assert sheet.shape[1] == sum(width + 28 for width in widths) + 28
