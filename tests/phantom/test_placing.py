"""Fragments land where their motions take them, with all that is in them."""

import numpy as np
import pytest
from scipy import ndimage

from osteon.core.geometry import Affine
from osteon.phantom.femur import BoneVolume
from osteon.phantom.frames import Motion, rotation
from osteon.phantom.placing import place_fragments
from osteon.phantom.shapes import Grid

TURNS = [
    np.eye(3),
    rotation(np.array([0.0, 0.0, 1.0]), 90.0),
    rotation(np.array([1.0, 2.0, -0.5]), 37.0) @ np.diag([-1.0, 1.0, 1.0]),
]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (3.3, -7.8, 5.1), (24.0, 0.0, -11.0)])
def test_a_moved_fragment_is_interpolated_between_its_own_voxels(turn, shift):
    rng = np.random.default_rng(3)
    fraction = rng.uniform(0, 1, (12, 10, 16)).astype(np.float32)
    fraction[rng.random(fraction.shape) < 0.5] = 0.0
    fraction = np.pad(fraction, 1)
    codes = rng.integers(0, 3, fraction.shape).astype(np.uint8)
    bone = BoneVolume(fraction, fraction * 1.5, Affine.from_spacing((1.1,) * 3, (-4.0, 2.0, 1.0)))
    grid = Grid((30, 28, 32), 0.9, (-12.0, -9.0, -8.0))
    motions = (Motion(turn, np.array(shift)), Motion.identity())
    got, mass = np.zeros((2, *grid.shape), np.float32)
    place_fragments(got, mass, grid, bone, codes, motions)
    wanted = np.zeros(grid.shape)
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    for number, motion in enumerate(motions, start=1):
        source = motion.inverse()(index[..., ::-1] * 0.9 + np.array(grid.origin_mm))
        places = (source - np.array([-4.0, 2.0, 1.0]))[..., ::-1] / 1.1
        own = np.where(codes == number, fraction, 0.0)
        wanted += ndimage.map_coordinates(own, np.moveaxis(places, -1, 0), order=1)
    assert wanted.any()
    assert got == pytest.approx(wanted, abs=1e-5)
    assert mass == pytest.approx(1.5 * wanted, abs=1e-5)
