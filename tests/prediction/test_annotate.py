import numpy as np
import pytest

from osteon.core.geometry import Box
from osteon.prediction.annotate import Mark, annotated, heat_picture

LINES = ("Right: Displaced femoral neck 91%", "P(fracture) 93%, definite")


def film(shape=(400, 300), value=0.5):
    return np.full(shape, value, np.float32)


def coloured(picture, colour):
    return (np.abs(np.asarray(picture).astype(int) - colour).sum(axis=2) < 12).sum()


@pytest.mark.parametrize("shape", [(1, 1), (40, 900), (64, 64), (400, 300), (3000, 2500)])
def test_text_fits_films_of_any_size(shape):
    rows, columns = shape
    box = Box(columns * 0.2, rows * 0.2, columns * 0.8, rows * 0.8)
    picture = annotated(film(shape), [Mark(box, "solid", LINES)], ["Research software."])
    assert max(picture.size) >= 900
    assert picture.width <= 2400
    assert coloured(picture, (255, 92, 56)) > 0


def test_the_copy_is_drawn_on_and_the_film_is_not():
    grey = film()
    before = grey.copy()
    annotated(grey, [Mark(Box(50, 50, 150, 150), "solid", LINES)], ["x"])
    np.testing.assert_array_equal(grey, before)


def test_a_solid_box_is_whole_a_dotted_one_has_gaps_and_corners_have_no_middle():
    def middle_of_top_edge(style):
        picture = annotated(film(), [Mark(Box(50, 150, 250, 350), style, ("x",))], [])
        factor = picture.width / 300
        row = np.asarray(picture).astype(int)[round(150 * factor)]
        edge = row[round(100 * factor) : round(200 * factor)]
        return (np.ptp(edge, axis=1) > 60).mean()  # coloured, not grey

    assert middle_of_top_edge("solid") > 0.95
    assert 0.2 < middle_of_top_edge("dotted") < 0.8
    assert middle_of_top_edge("corners") < 0.05


def test_two_labels_do_not_cover_one_another():
    close = [
        Mark(Box(20, 100, 140, 250), "solid", LINES),
        Mark(Box(150, 100, 280, 250), "dotted", LINES),
    ]
    picture = np.asarray(annotated(film(), close, [])).astype(int)
    one = (np.abs(picture - (255, 92, 56)).sum(axis=2) < 12).sum()
    alone = np.asarray(annotated(film(), close[:1], [])).astype(int)
    assert one >= 0.98 * (np.abs(alone - (255, 92, 56)).sum(axis=2) < 12).sum()


def test_a_box_outside_the_film_is_not_drawn():
    plain = annotated(film(), [], [])
    drawn = annotated(film(), [Mark(Box(500, 500, 600, 600), "solid", LINES)], [])
    np.testing.assert_array_equal(np.asarray(plain), np.asarray(drawn))


def test_the_footer_is_below_the_film_and_wraps():
    plain = annotated(film(), [], [])
    noted = annotated(film(), [], ["word " * 200])
    assert noted.width == plain.width
    assert noted.height > plain.height + 100
    np.testing.assert_array_equal(np.asarray(noted)[: plain.height], np.asarray(plain))


def test_heat_colours_only_where_it_is_hot():
    heat = np.zeros((400, 300), np.float32)
    heat[100:200, 100:200] = 1
    picture = np.asarray(heat_picture(film(), heat, Box(50, 50, 250, 250), 200)).astype(int)
    assert picture.shape == (200, 200, 3)
    assert np.ptp(picture[100, 100]) > 40
    assert np.ptp(picture[10, 10]) == 0
    beyond = np.asarray(heat_picture(film(), heat, Box(-100, -100, 100, 100), 200))
    assert beyond[10, 10].max() == 0
