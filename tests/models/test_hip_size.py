import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.core.geometry import Box
from osteon.models.hip_size import FEWEST_HIPS, hip_size_mm, largest_hip_mm

SIDES = st.floats(1, 1000)


@given(SIDES, SIDES, st.floats(0.05, 2), st.floats(0.05, 2), st.floats(0.1, 10))
def test_a_size_does_not_depend_on_the_pixels(width, height, row_mm, column_mm, finer):
    size = hip_size_mm(Box(0, 0, width, height), (row_mm, column_mm))
    same = Box(0, 0, width * finer, height * finer)
    assert hip_size_mm(same, (row_mm / finer, column_mm / finer)) == pytest.approx(size)
    assert size**2 == pytest.approx(width * column_mm * height * row_mm)


def test_hardly_a_hip_is_larger():
    sizes = np.exp(np.random.default_rng(1).normal(np.log(107), 0.09, 20_000))
    limit = largest_hip_mm(sizes)
    assert 0 < np.mean(sizes > limit) < 0.003
    assert limit == pytest.approx(107 * np.exp(3 * 0.09), rel=0.01)


def test_one_wrong_box_hardly_moves_the_limit():
    sizes = np.exp(np.random.default_rng(1).normal(np.log(107), 0.09, 1000))
    assert largest_hip_mm([*sizes, 500.0]) < 1.05 * largest_hip_mm(sizes)


def test_few_hips_tell_too_little():
    assert largest_hip_mm([100.0] * (FEWEST_HIPS - 1)) is None
    assert largest_hip_mm([100.0] * FEWEST_HIPS) == pytest.approx(100.0)
