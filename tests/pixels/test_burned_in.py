from dataclasses import replace

import numpy as np
import pytest
from tests.pixels.printed_films import ground, written

from osteon.core.rng import generator
from osteon.phantom.planted_styles import FITTED
from osteon.phantom.planted_text import draw_text_specs, plant_texts
from osteon.pixels.burned_in import judge_print, paint_mask, spread_tones
from osteon.pixels.text import find_lines
from osteon.pixels.text_reader import reader_is_installed, text_reader

KEPT = frozenset({"L", "R", "LT", "RT", "LEFT", "RIGHT", "AP", "STANDING"})


def painted(film, reader=None):
    return paint_mask(film.shape, judge_print(spread_tones(film), KEPT, reader))


@pytest.mark.parametrize("tone", [0, 4000])
@pytest.mark.parametrize("size", [14, 24, 48])
@pytest.mark.parametrize("text", ["MEIER ANNELISE", "05.04.1931", "ID 47110815"])
def test_names_dates_and_numbers_are_painted(tone, size, text):
    film, ink = written(ground(), text, size, (30, 40), tone)
    assert painted(film)[ink].mean() > 0.9


@pytest.mark.parametrize("seed", range(6))
def test_a_clean_film_is_left_alone(seed):
    assert not painted(ground(seed)).any()


@pytest.mark.parametrize("letter", ["L", "R"])
def test_a_lone_side_letter_stays(letter):
    film, ink = written(ground(), letter, 48, (60, 60), 4000)
    assert not painted(film)[ink].any()


@pytest.mark.parametrize("tone", [0, 4000])
@pytest.mark.parametrize("word", ["LT", "RT", "AP", "LEFT", "STANDING"])
def test_a_side_or_view_stays_beside_a_name_that_goes(word, tone):
    film, ink = written(ground(), word, 32, (60, 60), tone)
    film, name = written(film, "MEIER ANNELISE", 32, (60, 300), tone)
    mask = painted(film)
    assert not mask[ink].any()
    assert mask[name].mean() > 0.9


@pytest.mark.parametrize("initials", ["JR", "LK", "AT", "RJ", "LI"])
def test_initials_go(initials):
    film, ink = written(ground(), initials, 32, (60, 60), 4000)
    assert painted(film)[ink].mean() > 0.9


def test_light_print_is_dark_print_inverted():
    film, _ = written(ground(), "MEIER 1931", 30, (40, 50), 4000)
    image = spread_tones(film)
    ours = [line.box for line in find_lines(image) if line.score > 0.9]
    inverted = [line.box for line in find_lines(255 - image) if line.score > 0.9]
    assert ours
    assert ours == inverted


def test_what_stays_is_cut_out_of_what_is_painted():
    film, _ = written(ground(), "MEIER", 40, (40, 50), 4000)
    found = judge_print(spread_tones(film), KEPT, None)
    assert found
    assert not any(item.is_kept for item in found)
    assert paint_mask(film.shape, found).any()
    assert not paint_mask(film.shape, []).any()


def test_planting_tells_its_ink():
    film = ground()
    style = replace(FITTED, size_px=(14, 40))
    new, texts = plant_texts(film, draw_text_specs(generator(3, "plant"), style))
    assert texts
    changed = np.flatnonzero(new.ravel() != film.ravel())
    for text in texts:
        assert np.isin(text.ink, changed).mean() > 0.8


@pytest.mark.skipif(not reader_is_installed(), reason="the ocr extra is not installed")
@pytest.mark.parametrize(("side", "initials"), [("L", "JS"), ("RT", "KM")])
def test_initials_go_and_the_side_beside_them_stays(side, initials):
    film, both = written(ground(), f"{side} {initials}", 40, (60, 60), 4000)
    _, alone = written(ground(), side, 40, (60, 60), 4000)
    mask = painted(film, text_reader())
    assert mask[both & ~alone].mean() > 0.9
    assert not mask[alone].any()


@pytest.mark.skipif(not reader_is_installed(), reason="the ocr extra is not installed")
def test_reading_makes_no_network_call(monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("a network call")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    text_reader.cache_clear()
    film, _ = written(ground(), "MEIER", 40, (60, 60), 4000)
    read = text_reader().read([255 - spread_tones(film)[50:110, 50:230]])
    assert read[0].text.upper() == "MEIER"


def test_the_real_film_is_left_alone(real_data):
    from osteon.dicom.decode import decode_frame
    from osteon.dicom.open import open_instance

    path = real_data / "radiographs/hip_cr/RG2_UNC.dcm"
    if not path.exists():
        pytest.skip(f"no film at {path}")
    assert not painted(decode_frame(open_instance(path))).any()
