"""Boxes of outlines and masks, and COCO's runs against values of pycocotools."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osteon.sources.annotations.shapes import (
    RunLengths,
    circle,
    ellipse,
    label_pixels,
    mask,
    outlines,
)

masks = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(masks)
def test_runs_give_the_mask_back(pixels):
    runs = RunLengths.from_array(pixels)
    assert (runs.to_array() == pixels).all()
    assert (runs.counts[0] == 0) == pixels[0, 0]


@given(masks.filter(np.any))
def test_the_box_of_a_mask_covers_its_pixels_and_no_empty_line(pixels):
    x_min, y_min, x_max, y_max = (int(side) for side in mask(RunLengths.from_array(pixels)).corners)
    assert pixels[y_min:y_max, x_min:x_max].sum() == pixels.sum()
    lines = pixels[:, x_min], pixels[:, x_max - 1], pixels[y_min], pixels[y_max - 1]
    assert all(line.any() for line in lines)


def test_one_pixel_is_a_box_of_one():
    pixels = np.zeros((4, 5), bool)
    pixels[2, 3] = True
    assert mask(RunLengths.from_array(pixels)).corners == (3, 2, 4, 3)


@pytest.mark.parametrize(
    ("size", "holes", "text", "box"),
    [  # pycocotools 2.0.11: mask.encode, mask.toBbox (x, y, width, height)
        ((4, 5), [(1, 3, 1, 3, 1)], "52207", (1, 1, 2, 2)),
        (
            (60, 50),
            [(10, 50, 5, 30, 1), (20, 25, 12, 14, 0), (0, 1, 40, 41, 1)],
            "f9X1d0000000000000ROA??AA???000000000000000000000000000000^b0iNE",
            (5, 0, 36, 50),
        ),
    ],
)
def test_compressed_runs_are_those_of_pycocotools(size, holes, text, box):
    pixels = np.zeros(size, bool)
    for top, bottom, left, right, value in holes:
        pixels[top:bottom, left:right] = value
    runs = RunLengths.from_coco({"size": list(size), "counts": text})
    assert runs == RunLengths.from_array(pixels)
    x_min, y_min, x_max, y_max = mask(runs).corners
    assert (x_min, y_min, x_max - x_min, y_max - y_min) == box


@pytest.mark.parametrize(
    "value",
    [
        {"size": [2, 2], "counts": [1, 2]},
        {"size": [2, 2], "counts": [5, -1]},
        {"size": [0, 2], "counts": []},
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [2, 2], "counts": "\n"},
    ],
)
def test_runs_that_do_not_fill_an_image_are_refused(value):
    with pytest.raises(ValueError, match=r"runs|mask"):
        RunLengths.from_coco(value)


def test_boxes_of_round_regions():
    assert circle(10, 20, 3).corners == (7, 17, 13, 23)
    assert ellipse(10, 20, 3, 1).corners == pytest.approx((7, 19, 13, 21))
    assert ellipse(10, 20, 3, 1, np.pi / 2).corners == pytest.approx((9, 17, 11, 23))


def test_an_outline_of_two_points_is_none():
    assert outlines([[1, 2, 3, 4]]).fault[0] == "shape_unreadable"
    assert outlines([]).fault[0] == "shape_unreadable"
    assert outlines([[1, 2, 3, float("nan"), 5, 6]]).fault[0] == "shape_unreadable"


def test_pixels_of_a_box_are_those_whose_middle_lies_in_it():
    pixels = label_pixels((1.0, 2.0, 4.0, 5.0), "", (8, 8))
    assert pixels[2:5, 1:4].all()
    assert pixels.sum() == 9
    assert label_pixels((1.4, 0.6, 2.6, 1.4), "", (8, 8)).sum() == 0
    assert label_pixels((1.4, 0.4, 2.6, 1.6), "", (8, 8)).sum() == 4


def test_pixels_of_a_rectangle_drawn_as_an_outline_are_those_of_the_box():
    drawn = label_pixels((1, 2, 4, 5), "[[1, 2, 4, 2, 4, 5, 1, 5]]", (8, 8))
    assert (drawn == label_pixels((1, 2, 4, 5), "", (8, 8))).all()
