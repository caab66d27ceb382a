"""Words of the list are read, and nothing else: names and initials that look like them are not."""

import matplotlib
import numpy as np
import pytest
from PIL import ImageFont
from tests.pixels.printed_films import DARK, LIGHT, ground, written

from osteon.core.rng import generator
from osteon.pixels.burned_in import judge_print, paint_mask, spread_tones
from osteon.pixels.listed_words import read_listed
from osteon.sources.deidentify.options import SIDE_WORDS

UNSEEN = ("cmr10", "cmb10", "cmtt10", "STIXGeneralBolIta", "DejaVuSansMono-BoldOblique")
WORDS = ("LT", "RT", "AP", "PA", "LAT", "LEFT", "RIGHT", "STANDING", "SUPINE")


SIZES = (16, 24, 40)
GROUND = ground(3, (160, 360))


def font(face, size):
    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{face}.ttf", size)


def read(text, face, size=30, tone=LIGHT, is_light=True):
    film, ink = written(GROUND, text, font(face, size), (80, 60), tone)
    rows, columns = np.nonzero(ink)
    box = (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    return [word.text for word in read_listed(spread_tones(film), box, is_light, SIDE_WORDS)]


def test_nine_in_ten_words_of_the_list_are_read_in_fonts_that_were_never_seen():
    seen = [read(word, face, size) == [word] for word in WORDS for face in UNSEEN for size in SIZES]
    assert np.mean(seen) >= 0.9


def test_dark_print_and_small_letters_are_read():
    assert read("RIGHT", "cmss10", tone=DARK, is_light=False) == ["RIGHT"]
    assert read("Left", "cmr10") == ["LEFT"]


@pytest.mark.parametrize(
    "name",
    ["WRIGHT", "LIGHT", "LEFTY", "FINKS", "HEFT", "PRONK", "AXEL", "STANDLEY", "LAL", "JR", "LK",
     "AT", "RJ", "LI", "PM", "IT", "BT", "LF", "R7", "PH", "FA", "LTD", "ALT", "RTL"],
)  # fmt: skip
def test_names_and_initials_near_words_of_the_list_are_not_read(name):
    assert [face for face in ("DejaVuSans", *UNSEEN) if read(name, face)] == []


def test_a_side_beside_other_print_is_read_only_behind_a_blank():
    assert read("L JS", "cmss10") == ["L"]
    assert read("LJS", "cmss10") == []


def test_random_initials_are_painted_in_every_font():
    rng = generator(11, "initials")
    kept = total = 0
    for seed in range(16):
        film, inks = ground(seed), []
        for place in range(16):
            text = "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), size=2 + place % 2))
            face = str(rng.choice(UNSEEN))
            at = (20 + 120 * (place % 4), 30 + 140 * (place // 4))
            tone = (LIGHT, DARK)[seed % 2]
            film, ink = written(film, text, font(face, int(rng.integers(14, 40))), at, tone)
            if text not in SIDE_WORDS:
                inks.append(ink)
        found = judge_print(spread_tones(film), frozenset(SIDE_WORDS), None)
        stays = np.zeros(film.shape, bool)
        for item in found:
            stays[item.box[0] : item.box[2], item.box[1] : item.box[3]] |= item.is_kept
        kept += sum(stays[ink].any() for ink in inks)
        total += len(inks)
        assert paint_mask(film.shape, found).any()
    assert total > 240
    assert kept <= 0.01 * total
