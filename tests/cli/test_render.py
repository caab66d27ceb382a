import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from tests.pixels.films import make_film, save_film

from osteon.cli import program
from osteon.dicom.open import open_instance
from osteon.errors import DecodeError, DicomError, UsageError
from osteon.pixels.render import RENDER_HASH, render

PIXELS = np.arange(600, dtype=np.uint16).reshape(30, 20)


@pytest.fixture
def film(tmp_path):
    return save_film(make_film(PIXELS, BitsStored=12, HighBit=11), tmp_path / "film.dcm")


def run(*arguments):
    return CliRunner().invoke(program, ["render", *map(str, arguments)], catch_exceptions=False)


def test_a_film_becomes_a_png_of_eight_bits(film, tmp_path):
    result = run(film, "-o", tmp_path / "film.png")
    assert result.exit_code == 0
    assert "30 x 20 of 30 x 20 pixels" in result.stderr
    wanted = np.rint(render(open_instance(film)).grey * 255)
    with Image.open(tmp_path / "film.png") as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.asarray(picture), wanted)


def test_window_size_and_frame_are_obeyed_and_json_says_what_was_done(tmp_path):
    film = save_film(make_film(np.stack([PIXELS, PIXELS // 2])), tmp_path / "film.dcm")
    out = tmp_path / "film.png"
    result = run(film, "-o", out, "--window", 300, 100, "--size", 15, "--frame", 1, "--json")
    record = json.loads(result.stdout)
    with Image.open(out) as picture:
        assert picture.size == (10, 15)
    assert record["factor"] == 0.5
    assert record["stored_shape"] == [30, 20]
    assert record["render_hash"] == RENDER_HASH
    assert any("centre 300, width 100" in step for step in record["steps"])
    assert any("frame: 1 of 2" in step for step in record["steps"])


def test_a_window_may_lie_below_zero(tmp_path):
    film = save_film(make_film(PIXELS, RescaleSlope=1, RescaleIntercept=-1000), tmp_path / "film")
    result = run(film, "-o", tmp_path / "film.png", "--window", -700, 100)
    assert "centre -700, width 100" in result.stderr


def test_what_cannot_be_rendered_leaves_no_picture(film, tmp_path):
    out = tmp_path / "film.png"
    with pytest.raises(DicomError, match="cannot be read"):
        run(tmp_path / "gone", "-o", out)
    with pytest.raises(UsageError, match="width"):
        run(film, "-o", out, "--window", 10, 0)
    with pytest.raises(DecodeError, match="wanted frame 3"):
        run(film, "-o", out, "--frame", 3)
    assert not out.exists()
    assert list(tmp_path.iterdir()) == [film]
