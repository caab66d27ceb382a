"""Grey values keep order, fill the range, and show what each display shows."""

import numpy as np
import pytest

from osteon.drr.display import grey

RAMP = np.linspace(0, 6, 600, dtype=np.float32).reshape(20, 30)


@pytest.mark.parametrize("display", ["linear", "exponential"])
def test_more_in_the_way_is_whiter(display):
    values = grey(RAMP, display).ravel()
    assert (np.diff(values) >= 0).all()
    assert values[0] == 0
    assert values[-1] == 1


def test_exponential_loses_contrast_in_thick_parts():
    linear, exponential = (grey(RAMP, display).ravel() for display in ("linear", "exponential"))
    assert exponential[300] > 0.9 > linear[300]


def test_a_screw_does_not_darken_the_rest():
    with_screw = RAMP.copy()
    with_screw[0, 0] = 400.0
    np.testing.assert_allclose(grey(with_screw)[1:], grey(RAMP)[1:], atol=0.01)


def test_nothing_is_black():
    assert grey(np.zeros((3, 4), np.float32)).max() == 0
