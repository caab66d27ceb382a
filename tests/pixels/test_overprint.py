"""Letters are counted, bones and noise are not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from osteon.pixels.overprint import find_overprint


def film(seed=0):
    generator = np.random.default_rng(seed)
    grey = ndimage.gaussian_filter(generator.normal(size=(400, 320)), 12)
    grey = 0.45 + 0.12 * grey / grey.std() + generator.normal(0, 0.01, grey.shape)
    return np.clip(grey, 0, 0.9).astype(np.float32)


def written(text, size=18):
    picture = Image.fromarray((film() * 255).astype(np.uint8))
    ImageDraw.Draw(picture).text((30, 350), text, fill=255, font=ImageFont.load_default(size))
    return np.asarray(picture, np.float32) / 255


def test_a_film_without_letters_has_none():
    assert find_overprint(film()).letters == 0


@pytest.mark.parametrize("text", ["PORTABLE", "FRACTURE LEFT"])
def test_words_are_seen(text):
    found = find_overprint(written(text))
    assert found.in_words >= 0.5 * len(text.replace(" ", ""))


def test_a_marker_is_no_word():
    found = find_overprint(written("R", size=26))
    assert (found.letters, found.in_words) == (1, 0)


def test_a_bright_bone_is_no_letter():
    grey = film()
    rows, columns = np.mgrid[:400, :320]
    grey = np.maximum(grey, np.exp(-((rows - 200) ** 2 + (columns - 160) ** 2) / 2 / 20**2))
    assert find_overprint(grey.astype(np.float32)).in_words == 0
