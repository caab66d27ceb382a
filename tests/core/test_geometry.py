import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.geometry import Affine, Box
from osteon.errors import GeometryError

sides = st.floats(-500, 500, allow_nan=False)


@st.composite
def boxes(draw):
    x, y = draw(sides), draw(sides)
    return Box(x, y, x + draw(st.floats(1, 400)), y + draw(st.floats(1, 400)))


@given(boxes(), boxes())
def test_iou_is_symmetric_and_bounded(first, second):
    assert first.iou(second) == pytest.approx(second.iou(first))
    assert 0 <= first.iou(second) <= 1


@given(boxes())
def test_iou_with_itself_is_one(box):
    assert box.iou(box) == pytest.approx(1)


@given(boxes(), st.floats(1, 2000))
def test_mirroring_twice_gives_the_box_back(box, width):
    assert box.mirrored(width).mirrored(width).as_tuple() == pytest.approx(box.as_tuple())


@pytest.mark.parametrize("sides", [(0, 0, 0, 5), (0, 0, 5, 0), (0, 0, float("nan"), 1)])
def test_a_box_without_area_does_not_exist(sides):
    with pytest.raises(GeometryError):
        Box(*sides)


def test_clipping_outside_leaves_nothing():
    assert Box(-10, -10, -1, -1).clipped(100, 100) is None


def test_affine_maps_there_and_back():
    affine = Affine.from_spacing((3.0, 0.5, 0.7), (-100.0, 20.0, 5.0))
    points = np.array([[0.0, 0, 0], [4, 3, 2]])
    assert affine.to_lps_mm(points)[1] == pytest.approx([-100 + 2 * 0.7, 20 + 3 * 0.5, 5 + 4 * 3.0])
    np.testing.assert_allclose(affine.to_indices(affine.to_lps_mm(points)), points, atol=1e-12)
    assert affine.spacing_z_y_x_mm == pytest.approx((3.0, 0.5, 0.7))
