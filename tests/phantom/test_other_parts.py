import numpy as np
import pytest

from osteon.phantom.other_parts import OTHER_PARTS, draw_other_part


@pytest.mark.parametrize("name", OTHER_PARTS)
def test_a_film_is_grey_in_range_and_repeats_with_its_seed(name):
    one = draw_other_part(name, np.random.default_rng(4))
    again = draw_other_part(name, np.random.default_rng(4))
    other = draw_other_part(name, np.random.default_rng(5))
    np.testing.assert_array_equal(one, again)
    assert one.dtype == np.float32
    assert 0 <= one.min() < one.max() <= 1
    assert min(one.shape) >= 115
    assert one.shape != other.shape or not np.array_equal(one, other)


@pytest.mark.parametrize("name", ["limb", "knee", "hand", "spine"])
def test_bone_is_brighter_than_air_and_air_is_there(name):
    """A film of a limb has a dark background; bone is its brightest part."""
    films = [draw_other_part(name, np.random.default_rng(seed)) for seed in range(5)]
    low, high = np.percentile(np.concatenate([film.ravel() for film in films]), (5, 95))
    assert low < 0.25
    assert high > low + 0.3
