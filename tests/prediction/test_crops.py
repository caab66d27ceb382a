import numpy as np
import pandas as pd
import pytest
from tests.prediction.conftest import PREPROCESSING

from osteon.core.geometry import Box, Laterality
from osteon.models.card_classifier import CROP_VERSION
from osteon.pixels.crop import crop_square
from osteon.prediction.crops import classifier_crop, crop_region, is_mirrored
from osteon.training.films import load_hips


def film(shape=(300, 240)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (0.5 + 0.3 * np.sin(x / 9) * np.cos(y / 13) + 0.15 * (x > y)).astype(np.float32)


def test_the_pixels_are_those_of_this_crop_version():
    """When this fails, crops have changed: raise CROP_VERSION, then correct the numbers."""
    crop = classifier_crop(film(), Box(40, 60, 140, 200), Laterality.LEFT, PREPROCESSING)
    assert CROP_VERSION == "1"
    np.testing.assert_allclose(
        [crop[5, 7], crop[20, 40], crop[50, 10], crop[63, 63], crop.mean()], GOLDEN, atol=2e-3
    )


GOLDEN = [0.579, 0.5062, 0.5029, 0.2041, 0.5401]


def test_mirrored_films_give_the_same_crop_for_the_other_side():
    box = Box(40, 60, 140, 200)
    right = classifier_crop(film(), box, Laterality.RIGHT, PREPROCESSING)
    mirrored = np.ascontiguousarray(film()[:, ::-1])
    left = classifier_crop(mirrored, box.mirrored(240), Laterality.LEFT, PREPROCESSING)
    np.testing.assert_allclose(left, right, atol=1e-6)
    assert is_mirrored(Laterality.LEFT, PREPROCESSING)
    assert not is_mirrored(Laterality.RIGHT, PREPROCESSING)


def test_the_region_is_what_the_crop_shows():
    box = Box(60, 80, 120, 180)
    region = crop_region(box, PREPROCESSING)
    assert region.width == pytest.approx(region.height)
    assert region.width == pytest.approx(1.1 * 100)
    marked = np.zeros((300, 240), np.float32)
    x, y = region.center
    marked[round(y) - 2 : round(y) + 2, round(x) - 2 : round(x) + 2] = 1
    crop = classifier_crop(marked, box, Laterality.RIGHT, PREPROCESSING)
    assert np.unravel_index(crop.argmax(), crop.shape)[0] in (31, 32)


def test_training_sees_the_same_pixels(tmp_path):
    """The training's patches, cut again, and the crop of predicting show one picture."""

    class Cache:
        def load(self, content_hash):
            return film(), 1.0

    case = {
        "case_id": "a:L", "content_hash": "a", "laterality": "L", "label": "no_fracture",
        "x_min_px": 40.0, "y_min_px": 60.0, "x_max_px": 140.0, "y_max_px": 200.0,
    }  # fmt: skip
    (hip,) = load_hips(pd.DataFrame([case]), Cache(), 64, 1.1)
    trained = crop_square(hip.grey, hip.box.grown(1.1), 64, mirror=True)
    predicted = classifier_crop(film(), Box(40, 60, 140, 200), Laterality.LEFT, PREPROCESSING)
    assert np.abs(trained - predicted).mean() < 0.02
