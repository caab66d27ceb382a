import numpy as np
import pytest

from osteon.phantom.collimator import open_share


def test_an_open_collimator_lets_all_through():
    assert (open_share((5, 7), (0.0, 0.0, 0.0, 0.0), 0.4) == 1).all()


@pytest.mark.parametrize(("place", "edge"), list(enumerate(["left", "top", "right", "bottom"])))
def test_each_margin_closes_its_own_side(place, edge):
    margins = [0.0] * 4
    margins[place] = 10.0
    share = open_share((40, 60), tuple(margins), 0.4)
    closed = {"left": np.s_[:, 0], "top": np.s_[0], "right": np.s_[:, -1], "bottom": np.s_[-1]}
    for name, line in closed.items():
        assert (share[line].max() == 0) == (name == edge)


def test_the_penumbra_is_two_millimetres_whatever_the_pixels_are():
    for spacing in (0.1, 0.2):
        across = open_share((1, 400), (100.0, 0.0, 0.0, 0.0), spacing)[0]
        assert ((across > 0) & (across < 1)).sum() * spacing == pytest.approx(2.0, abs=spacing)
        assert across.sum() == pytest.approx(300, abs=0.01)
