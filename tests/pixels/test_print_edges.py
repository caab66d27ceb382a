"""Print has sharp edges of one tone; the shadow of the same shape has not."""

import numpy as np
import pytest
from scipy import ndimage
from tests.pixels.printed_films import LIGHT, ground, written

from osteon.pixels.burned_in import judge_print, paint_mask, spread_tones
from osteon.pixels.print_edges import edges_of_one_tone

BOX = [(30, 80, 90, 400)]


def image(blur=0.0, noise=0.0):
    film, _ = written(ground(1), "MEIER", 80, (80, 20), LIGHT)
    rng = np.random.default_rng(2)
    soft = ndimage.gaussian_filter(film.astype(float), blur) if blur else film
    return spread_tones(soft + rng.normal(0, noise, film.shape))


def test_print_has_edges_of_one_tone_and_its_blurred_shadow_none():
    assert edges_of_one_tone(image(), BOX) > 1
    assert edges_of_one_tone(image(blur=3, noise=60), BOX) < 0.02


def test_a_little_noise_of_compression_does_not_hide_print():
    assert edges_of_one_tone(image(blur=0.5, noise=30), BOX) > 0.3


def test_tones_turned_round_give_the_same():
    assert edges_of_one_tone(image(), BOX) == pytest.approx(
        edges_of_one_tone(255 - image(), BOX), rel=0.05
    )


def test_rows_of_large_soft_shapes_stay():
    """Rings side by side, as obturator foramina and the holes of plates are."""
    rows, columns = np.mgrid[:900, :900]
    film = ground(4, (900, 900)).astype(float)
    for middle in (200, 340, 480, 620):
        distance = np.hypot(rows - 400, columns - middle)
        film += 1500 * np.exp(-(((distance - 45) / 9) ** 2))
    found = judge_print(spread_tones(film), frozenset({"L"}), None)
    assert not paint_mask(film.shape, found).any()
