"""Planted print: drawn in a style, with its truth; the held-out style shares nothing fitted."""

from dataclasses import replace

import numpy as np
import pytest

from osteon.core.rng import generator
from osteon.phantom.planted_styles import FITTED, HELD_OUT, STYLES
from osteon.phantom.planted_text import draw_text_specs, faces_here, plant_texts

GROUND = np.full((400, 600), 1000, np.uint16)
GROUND[:, :300] = 3000


@pytest.mark.parametrize("name", sorted(STYLES))
def test_words_say_where_and_how_they_stand(name):
    style = replace(STYLES[name], size_px=(12, 30))
    words = 0
    for seed in range(12):
        film, texts = plant_texts(GROUND, draw_text_specs(generator(seed, "planted"), style))
        for text in texts:
            rows, columns = np.unravel_index(text.ink, GROUND.shape)
            assert text.face in style.faces
            assert rows.min() / 400 <= text.row <= rows.max() / 400
            assert columns.min() / 600 <= text.column <= columns.max() / 600
            assert (film.ravel()[text.ink] != GROUND.ravel()[text.ink]).mean() > 0.8
        words += len(texts)
    assert words > 12


def test_the_same_chance_plants_the_same():
    first, second = (draw_text_specs(generator(5, "planted"), HELD_OUT) for _ in range(2))
    assert first == second


def test_the_held_out_style_shares_nothing_with_the_fitted_one():
    for part in ("faces", "tones", "family", "given", "places"):
        assert not set(getattr(FITTED, part)) & set(getattr(HELD_OUT, part)), part
    for first, last in HELD_OUT.margins:
        assert not any(first < end and last > start for start, end in FITTED.margins)
    assert HELD_OUT.size_px[0] < FITTED.size_px[0] < FITTED.size_px[1] < HELD_OUT.size_px[1]


def test_fonts_that_come_with_the_libraries_are_enough():
    assert set(faces_here(FITTED)) == set(FITTED.faces)
    assert len([face for face in faces_here(HELD_OUT) if not face.startswith("Liberation")]) == 7


def test_the_bitmap_font_is_enlarged_in_whole_squares():
    style = replace(HELD_OUT, faces=("bitmap",), size_px=(33, 33))
    film, texts = plant_texts(GROUND, draw_text_specs(generator(2, "planted"), style))
    assert texts
    ink = film != GROUND
    squares = ink[: 399 // 3 * 3, : 600 // 3 * 3].reshape(133, 3, 200, 3)
    assert np.isin(squares.sum(axis=(1, 3)), (0, 9)).all()
