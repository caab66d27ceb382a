import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.core.geometry import Box
from osteon.errors import GeometryError, UsageError
from osteon.pixels.crop import crop_square
from osteon.pixels.resample import RESAMPLING_VERSION, fit_within


def blob(rows, columns, x, y, sigma):
    """A smooth blob centred at (x, y) in the convention that pixel c covers [c, c + 1)."""
    down, across = np.arange(rows)[:, None] + 0.5, np.arange(columns)[None] + 0.5
    distance = (across - x) ** 2 + (down - y) ** 2
    return np.exp(-distance / (2 * sigma**2)).astype(np.float32)


def centroid(grey):
    down, across = np.arange(grey.shape[0]) + 0.5, np.arange(grey.shape[1]) + 0.5
    total = grey.sum()
    return float((grey.sum(0) * across).sum() / total), float((grey.sum(1) * down).sum() / total)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(90, 260),
    st.integers(90, 260),
    st.floats(0.35, 0.65),
    st.floats(0.35, 0.65),
    st.integers(40, 89),
)
def test_a_point_times_the_factor_lands_on_the_same_anatomy(rows, columns, u, v, side):
    x, y = u * columns, v * rows
    small, factor = fit_within(blob(rows, columns, x, y, 6), side)
    assert max(small.shape) == side
    assert centroid(small) == pytest.approx((x * factor, y * factor), abs=0.02)


@settings(max_examples=40, deadline=None)
@given(st.floats(60, 120), st.floats(60, 120), st.floats(50, 90), st.integers(24, 160))
def test_the_centre_of_the_box_is_the_centre_of_the_crop(x, y, width, size):
    grey = blob(190, 170, x, y, 5)
    crop = crop_square(grey, Box.from_center(x, y, width, width * 0.8), size, mirror=False)
    assert crop.shape == (size, size)
    assert crop.dtype == np.float32
    assert centroid(crop) == pytest.approx((size / 2, size / 2), abs=0.03)


def test_an_identity_crop_gives_the_pixels_back():
    grey = np.random.default_rng(0).random((40, 40), np.float32)
    np.testing.assert_array_equal(crop_square(grey, Box(0, 0, 40, 40), 40, mirror=False), grey)
    part = crop_square(grey, Box(5, 7, 25, 27), 20, mirror=False)
    np.testing.assert_array_equal(part, grey[7:27, 5:25])


@settings(max_examples=30, deadline=None)
@given(st.floats(-20, 70), st.floats(-20, 70), st.floats(15, 60), st.integers(8, 50))
def test_flipping_film_and_box_is_mirroring_the_crop(x, y, width, size):
    grey = np.random.default_rng(1).random((70, 80), np.float32)
    box = Box(x, y, x + width, y + width)
    if box.clipped(80, 70) is None:
        return
    mirrored = crop_square(grey, box, size, mirror=True)
    flipped = crop_square(grey[:, ::-1], box.mirrored(80), size, mirror=False)
    np.testing.assert_allclose(mirrored, flipped, atol=1e-5)
    twice = crop_square(grey[:, ::-1], box.mirrored(80), size, mirror=True)
    np.testing.assert_allclose(twice, crop_square(grey, box, size, mirror=False), atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(10, 60))
def test_shifting_film_and_box_changes_nothing(dx, dy, size):
    grey = np.random.default_rng(2).random((60, 60), np.float32)
    moved = np.pad(grey, ((dy, 0), (dx, 0)))
    box = Box(10.25, 12.5, 47.75, 50.0)
    np.testing.assert_allclose(
        crop_square(moved, box.shifted(dx, dy), size, mirror=False),
        crop_square(grey, box, size, mirror=False),
        atol=1e-6,
    )


def test_beyond_the_film_is_black():
    grey = np.ones((50, 50), np.float32)
    crop = crop_square(grey, Box(-50, 0, 50, 100), 100, mirror=False)
    assert crop[:49, 51:].min() == 1
    assert crop[:, :49].max() == 0
    assert crop[51:].max() == 0


def test_shrinking_does_not_alias():
    stripes = np.tile(np.float32([0, 1]), (200, 100))  # one pixel wide: must become even grey
    small, _ = fit_within(stripes, 50)
    assert np.abs(small[1:-1, 1:-1] - 0.5).max() < 0.01


def test_a_resampling_that_changes_must_change_its_version():
    """If this fails on purpose, raise RESAMPLING_VERSION and write the new values here."""
    grey = blob(61, 47, 20.3, 33.8, 9)
    small, _ = fit_within(grey, 20)
    crop = crop_square(grey, Box(5, 9, 40, 60), 16, mirror=True)
    assert RESAMPLING_VERSION == 1
    found = [*small[[3, 11, 19], [2, 7, 14]], *crop[[2, 8, 15], [1, 7, 12]]]
    pinned = [0.01459, 0.93252, 0.00058, 0.00744, 0.87007, 0.01031]
    np.testing.assert_allclose(found, pinned, atol=2e-5)


def test_a_film_is_never_enlarged():
    grey = np.random.default_rng(3).random((30, 20), np.float32)
    same, factor = fit_within(grey, 64)
    assert factor == 1
    np.testing.assert_array_equal(same, grey)


def test_a_one_pixel_film_survives():
    small, factor = fit_within(np.ones((1, 1), np.float32), 8)
    assert (small.shape, factor) == ((1, 1), 1.0)
    thin, _ = fit_within(np.ones((1000, 1), np.float32), 10)
    assert thin.shape == (10, 1)


def test_impossible_requests_are_refused():
    grey = np.zeros((10, 10), np.float32)
    with pytest.raises(GeometryError, match="outside the film"):
        crop_square(grey, Box(20, 20, 30, 30), 8, mirror=False)
    with pytest.raises(UsageError, match="size_px is 0"):
        crop_square(grey, Box(0, 0, 5, 5), 0, mirror=False)
    with pytest.raises(UsageError, match="max_side_px is 0"):
        fit_within(grey, 0)
