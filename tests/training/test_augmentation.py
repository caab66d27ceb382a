import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.geometry import Box
from osteon.core.rng import generator
from osteon.pixels.augment import Noise, Rotation, Wiggle
from osteon.training.augmentation import (
    VARIATIONS,
    CropAugmentation,
    CropDraw,
    FilmAugmentation,
    FilmDraw,
    draw_crop,
    draw_film,
    draw_variation,
    film_square,
    listed_crops,
)

STRONG = FilmAugmentation(
    mirror=True, contrast=True, inversion=True, noise=True, collimation=True, markers=True,
    rotation_degrees=8,
)  # fmt: skip
HIPS = (Box(60, 30, 90, 70), Box(10, 30, 40, 70))  # left of the patient at the right of the film


def film():
    grey = np.zeros((100, 100), np.float32)
    grey[30:70, 60:90] = 0.5
    grey[30:70, 10:40] = 1.0
    return grey


def test_the_paper_shows_a_hip_fourteen_times():
    listed = listed_crops(CropAugmentation(expansion="every"))
    assert len(listed) == 14
    assert listed[0] == (1.0, None)
    assert {name for _, name in listed} == {None, *VARIATIONS}


@pytest.mark.parametrize("name", VARIATIONS)
def test_each_variation_can_be_switched_off(name):
    off = CropAugmentation(expansion="every", probability=1.0, **{name: False})
    assert len(listed_crops(off)) == 12
    assert name not in off.switched_on
    kinds = {type(draw_variation(name, generator(0)))}
    drawn = draw_crop(off.changed({"expansion": "random"}), 0, generator(1)).steps
    gamma = name in {"brighter", "darker"}
    assert gamma or not kinds & {type(step) for step in drawn}


def test_the_same_generator_gives_the_same_draw():
    for settings in (CropAugmentation(), CropAugmentation(expansion="every", noise=0.1)):
        one, two, other = (draw_crop(settings, 9, generator(s)) for s in (4, 4, 5))
        assert one == two
        assert one != other
    one, two = (draw_film(STRONG, (100, 100), HIPS, generator(4)) for _ in range(2))
    assert one == two


def test_wiggle_and_scale_change_the_box_cut_out():
    draw = CropDraw(1.2, (Wiggle(0.1, 0.0, 1.0, 1.0), Noise(0.1, 3)))
    box = draw.box(Box(0, 0, 100, 100))
    assert box.as_tuple() == pytest.approx((2, -10, 122, 110))


@given(st.integers(0, 10_000))
def test_a_window_holds_a_whole_hip(seed):
    draw = draw_film(STRONG, (100, 100), HIPS, generator(seed))
    inside = [hip.clipped(1e9, 1e9) for hip in HIPS]
    whole = [
        draw.window.x_min <= hip.x_min + 1e-9
        and hip.x_max <= draw.window.x_max + 1e-9
        and draw.window.y_min <= hip.y_min + 1e-9
        and hip.y_max <= draw.window.y_max + 1e-9
        for hip in inside
    ]
    assert any(whole)


@given(st.integers(0, 10_000))
def test_boxes_follow_their_pixels(seed):
    settings = FilmAugmentation(mirror=True, window_scales=(0.5, 1.3))
    draw = draw_film(settings, (100, 100), HIPS, generator(seed))
    square, boxes = film_square(film(), HIPS, draw, 64)
    assert any(box is not None for box in boxes)
    for index, box in enumerate(boxes):
        if box is None:
            continue
        x_min, y_min, x_max, y_max = (round(v) for v in box.as_tuple())
        values = square[y_min + 2 : y_max - 2, x_min + 2 : x_max - 2]
        brightness = 0.5 if index == int(draw.mirror) else 1.0
        assert values.size == 0 or values.mean() == pytest.approx(brightness, abs=0.05)


def test_mirroring_swaps_the_sides():
    window = Box(0, 0, 100, 100)
    plain, boxes = film_square(film(), HIPS, FilmDraw(window, False, ()), 100)
    mirrored, swapped = film_square(film(), HIPS, FilmDraw(window, True, ()), 100)
    assert np.array_equal(mirrored, plain[:, ::-1])
    assert swapped[0] == boxes[1].mirrored(100)
    assert swapped[1] == boxes[0].mirrored(100)


def test_a_hip_cut_in_two_is_not_on_the_film():
    window = Box(0, 0, 72, 72)  # holds the right hip and under half of the left
    _, (left, right) = film_square(film(), HIPS, FilmDraw(window, False, ()), 72)
    assert left is None
    assert right == HIPS[1]


def test_a_share_of_the_windows_lies_anywhere():
    small = FilmAugmentation(window_scales=(0.3, 0.3), free_share=0.5)

    def without_a_hip(settings):
        draws = (draw_film(settings, (100, 100), HIPS, generator(seed)) for seed in range(200))
        shown = [film_square(film(), HIPS, draw, 32)[1] for draw in draws]
        return sum(boxes == (None, None) for boxes in shown) / len(shown)

    assert without_a_hip(small.changed({"free_share": 0.0})) == 0
    assert 0.2 < without_a_hip(small) < 0.6


def test_how_much_of_a_hip_has_to_be_seen_is_a_setting():
    window = Box(0, 0, 72, 72)
    assert 0 < HIPS[0].intersection_area(window) < 0.5 * HIPS[0].area
    share = HIPS[0].intersection_area(window) / HIPS[0].area
    for least, is_shown in ((share - 0.01, True), (share + 0.01, False)):
        _, (left, _) = film_square(film(), HIPS, FilmDraw(window, False, (), least), 72)
        assert (left is not None) == is_shown
    lenient = STRONG.changed({"least_visible": 0.3})
    assert draw_film(lenient, (100, 100), HIPS, generator(0)).least_visible == 0.3


def test_a_film_with_one_hip_keeps_its_side():
    for seed in range(20):
        draw = draw_film(STRONG, (100, 100), HIPS[:1], generator(seed))
        _, (left, right) = film_square(film(), (HIPS[0], None), draw, 64)
        assert (right if draw.mirror else left) is not None
        assert (left if draw.mirror else right) is None


def test_a_turn_moves_the_boxes():
    _, (left, _) = film_square(
        film(), HIPS, FilmDraw(Box(0, 0, 100, 100), False, (Rotation(8.0),)), 100
    )
    assert left is not None
    assert left.center[1] < HIPS[0].center[1]  # counter-clockwise lifts the right of the picture


def test_switched_off_films_are_shown_whole():
    plain = FilmAugmentation(crop=False)
    draw = draw_film(plain, (100, 60), HIPS, generator(0))
    assert draw == FilmDraw(Box(-20, 0, 80, 100), False, ())


def test_a_share_of_the_films_is_cropped():
    some = FilmAugmentation(crop_share=0.3)
    whole = Box(0, 0, 100, 100)
    draws = [draw_film(some, (100, 100), HIPS, generator(seed)) for seed in range(300)]
    assert sum(draw.window == whole for draw in draws) == pytest.approx(210, abs=30)
