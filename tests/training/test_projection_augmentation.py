import numpy as np
import pytest

from osteon.core.rng import generator
from osteon.training.projection_augmentation import ProjectionAugmentation, draw_projection

STILL = ProjectionAugmentation(shift=0, rotation_degrees=0, scale=0, intensity=0, mirror=False)


def lopsided():
    picture = np.zeros((20, 30), np.float32)
    picture[4:8, 2:6] = 9.0
    return picture


@pytest.mark.parametrize(
    ("view", "mirrors"), [("frontal", True), ("axial", True), ("lateral", False)]
)
def test_only_views_whose_mirror_image_could_be_are_mirrored(view, mirrors):
    settings = STILL.changed({"mirror": True})
    seen = [draw_projection(lopsided(), view, settings, generator(0, n)) for n in range(20)]
    mirrored = [np.array_equal(picture, lopsided()[:, ::-1]) for picture in seen]
    assert any(mirrored) == mirrors
    assert not all(mirrored)


def test_density_is_moved_and_kept():
    settings = ProjectionAugmentation(intensity=0, scale=0)
    picture = np.pad(lopsided(), 10)
    varied = draw_projection(picture, "lateral", settings, generator(5))
    assert not np.array_equal(varied, picture)
    assert varied.sum() == pytest.approx(picture.sum(), rel=0.02)
    assert varied.max() <= 9.0


def test_intensity_and_noise_stay_within_what_is_set_and_above_air():
    picture = np.full((40, 40), 4.0, np.float32)
    gains = [
        draw_projection(picture, "frontal", STILL.changed({"intensity": 0.02}), generator(n)).mean()
        for n in range(30)
    ]
    assert 3.92 <= min(gains) < 3.95
    assert 4.05 < max(gains) <= 4.08
    noisy = draw_projection(lopsided(), "frontal", STILL.changed({"noise": 0.1}), generator(1))
    assert noisy.min() == 0
    assert noisy.dtype == np.float32
