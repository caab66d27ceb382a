"""A body is what its specification says."""

import numpy as np
import pytest

from osteon.core.geometry import Laterality
from osteon.phantom.anatomy import build_body
from osteon.phantom.materials import Material
from osteon.phantom.specs import BodySpec


@pytest.fixture(scope="module")
def body():
    return build_body(BodySpec(seed=3), 3.0)


def test_same_specification_gives_the_same_voxels(body):
    again = build_body(BodySpec(seed=3), 3.0)
    assert np.array_equal(again.material, body.material)
    assert np.array_equal(again.density_g_cm3, body.density_g_cm3)
    other = build_body(BodySpec(seed=4), 3.0)
    assert not np.array_equal(other.density_g_cm3, body.density_g_cm3)


def test_densities_are_physical(body):
    bone = body.density_g_cm3[body.material == Material.BONE]
    assert bone.max() <= 1.96
    assert bone.min() > 0.9
    air = body.density_g_cm3[body.material == Material.AIR]
    assert air.max() < 0.01


def test_every_structure_is_there(body):
    assert set(np.unique(body.structures)) >= {0, 1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("side", list(Laterality))
def test_box_points_hold_the_landmarks(body, side):
    truth = next(hip for hip in body.hips if hip.laterality is side)
    low, high = truth.box_points_lps_mm.min(0), truth.box_points_lps_mm.max(0)
    for name in ("head_center", "greater_trochanter_tip", "lesser_trochanter"):
        point = np.asarray(truth.landmarks_lps_mm[name])
        assert (point >= low - 4).all(), name
        assert (point <= high + 4).all(), name
    assert high[2] == pytest.approx(truth.landmarks_lps_mm["head_top"][2], abs=4)
    assert (truth.landmarks_lps_mm["head_center"][0] > 0) == (side is Laterality.LEFT)
