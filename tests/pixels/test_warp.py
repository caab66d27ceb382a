import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.pixels.warp import Warp, warp


def spot(row, column, shape=(41, 61)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8.0).astype(np.float32)


def middle(picture):
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return (picture * y).sum() / picture.sum(), (picture * x).sum() / picture.sum()


def test_nothing_is_nothing():
    picture = spot(10, 20)
    assert np.array_equal(warp(picture, Warp()), picture)
    assert np.array_equal(warp(picture, Warp(is_mirrored=True)), picture[:, ::-1])


@given(
    st.floats(-0.1, 0.1),
    st.floats(-0.1, 0.1),
    st.floats(-20, 20),
    st.floats(0.9, 1.1),
    st.booleans(),
)
def test_a_spot_goes_where_the_formula_says(shift_x, shift_y, degrees, scale, is_mirrored):
    step = Warp(shift_x, shift_y, degrees, scale, is_mirrored)
    found = middle(warp(spot(24, 34), step))
    x, y = 34 - 30.0, 24 - 20.0
    x = -x if is_mirrored else x
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    wanted_x = 30 + scale * (cosine * x + sine * y) + shift_x * 61
    wanted_y = 20 + scale * (-sine * x + cosine * y) + shift_y * 41
    assert found == pytest.approx((wanted_y, wanted_x), abs=0.1)


def test_values_above_one_stay():
    assert warp(50 * spot(20, 30), Warp(shift_x=0.01)).max() > 40
