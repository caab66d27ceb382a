"""Fractures are what they say: stages, displacement, and the same in a phantom and in a CT."""

import numpy as np
import pytest

from osteon.core.geometry import Affine, Laterality
from osteon.phantom.femur import BoneVolume, FemurShape, build_femur
from osteon.phantom.fracture import (
    IntertrochantericFracture,
    NeckFracture,
    break_femur,
    fracture_center,
)
from osteon.phantom.frames import Motion, rotation
from osteon.phantom.garden import GARDEN_RANGES, draw_intertrochanteric, draw_neck_fracture
from osteon.phantom.hip_truth import make_truth
from osteon.phantom.placing import place_fragments
from osteon.phantom.shapes import Grid
from osteon.phantom.specs import HipSpec

SPACING = 2.0


@pytest.fixture(scope="module")
def intact():
    return build_femur(FemurShape(), Laterality.RIGHT, SPACING, np.random.default_rng(0))


def placed(broken, only=None):
    grid = Grid.around(np.array([-110.0, -70, -260]), np.array([60.0, 70, 80]), SPACING)
    fraction, mass = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    codes = broken.fragments
    if only is not None:
        codes = np.where(codes == only, codes, 0).astype(np.uint8)
    place_fragments(fraction, mass, grid, broken.bone, codes, broken.motions)
    return grid, fraction, mass


def centroid(affine, weights):
    index = np.argwhere(weights > 0).astype(float)
    return np.average(affine.to_lps_mm(index), axis=0, weights=weights[weights > 0])


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_garden_definitions(intact, stage):
    """I valgus impacted, II undisplaced, III in varus and partly, IV fully displaced."""
    bone, frame = intact
    rng = np.random.default_rng(stage)
    for _ in range(5):
        fracture = draw_neck_fracture(stage, rng)
        broken = break_femur(bone, frame, fracture, rng)
        hip = HipSpec(fracture=fracture)
        truth = make_truth(hip, Laterality.RIGHT, frame, broken, Motion.identity())
        change = truth.details["neck_shaft_angle_deg"] - frame.neck_shaft_angle_deg
        apart = truth.details["displacement_mm"]
        assert truth.label == (
            "nondisplaced_femoral_neck" if stage <= 2 else "displaced_femoral_neck"
        )
        if stage == 1:
            assert change > 5
            assert fracture.impaction_mm >= 2
            assert apart < 6.5
        elif stage == 2:
            assert abs(change) < 3
            assert apart < 1.5
        elif stage == 3:
            assert change < -10
            assert 3 < apart < 11
        else:
            assert apart > 11.5
            assert fracture.rotation_deg >= 20
    assert set(GARDEN_RANGES) == {1, 2, 3, 4}


def test_displacement_measured_back(intact):
    """Centroids of the moved fragments' voxels lie where the motions say."""
    bone, frame = intact
    fracture = NeckFracture(4, proximal_mm=18.0, posterior_mm=6.0, varus_deg=8.0, rotation_deg=0.0)
    broken = break_femur(bone, frame, fracture, np.random.default_rng(1))
    shifts = []
    for number in (1, 2):
        grid, fraction, _ = placed(broken, number)
        before = np.where(broken.fragments == number, broken.bone.fraction, 0)
        old, new = centroid(bone.affine, before), centroid(grid.affine, fraction)
        assert np.allclose(broken.motions[number - 1](old), new, atol=0.25)
        shifts.append(new - old)
    center = fracture_center(frame, fracture)
    head = broken.motions[0]
    follow = head(center) - center
    assert np.linalg.norm(shifts[1] - follow) == pytest.approx(broken.displacement_mm, abs=0.3)
    assert broken.displacement_mm == pytest.approx(np.hypot(18.0, 6.0), abs=1e-6)


def test_head_stays_in_its_socket(intact):
    bone, frame = intact
    for stage in (1, 2, 3, 4):
        fracture = draw_neck_fracture(stage, np.random.default_rng(stage))
        broken = break_femur(bone, frame, fracture, np.random.default_rng(0))
        assert np.allclose(broken.motions[0](frame.head_center_mm), frame.head_center_mm)


def test_neck_fracture_leaves_the_trochanter_with_the_shaft(intact):
    bone, frame = intact
    for pauwels in (30.0, 50.0, 70.0):
        fracture = NeckFracture(2, level="basicervical", pauwels_deg=pauwels)
        broken = break_femur(bone, frame, fracture, np.random.default_rng(0))
        index = np.rint(bone.affine.to_indices(frame.greater_trochanter_mm)).astype(int)
        near = broken.fragments[tuple(slice(i - 2, i + 3) for i in index)]
        assert 2 in near
        assert 1 not in near
        head = np.rint(bone.affine.to_indices(frame.head_center_mm)).astype(int)
        assert broken.fragments[tuple(head)] == 1


def test_mass_is_kept_and_impaction_makes_it_dense(intact):
    bone, frame = intact
    broken = break_femur(
        bone, frame, NeckFracture(1, varus_deg=-12.0, impaction_mm=5.0, gap_mm=0.0),
        np.random.default_rng(0),
    )  # fmt: skip
    _, fraction, mass = placed(broken)
    assert mass.sum() == pytest.approx(bone.mass_g_cm3.sum(), rel=0.06)
    assert fraction.max() > 1.5


def test_a2_moves_the_lesser_trochanter(intact):
    bone, frame = intact
    fracture = IntertrochantericFracture("A2", lesser_mm=12.0)
    broken = break_femur(bone, frame, fracture, np.random.default_rng(0))
    truth = make_truth(
        HipSpec(fracture=fracture), Laterality.RIGHT, frame, broken, Motion.identity()
    )
    with_shaft = broken.motions[1](frame.lesser_trochanter_mm)
    moved = np.asarray(truth.landmarks_lps_mm["lesser_trochanter"])
    assert np.linalg.norm(moved - with_shaft) == pytest.approx(12.0, rel=0.05)
    assert (broken.fragments == 3).sum() * SPACING**3 > 2000


def test_same_fracture_in_a_volume_that_lies_otherwise(intact):
    """Metamorphic: a CT's oblique axes, even mirrored, give the same fragments."""
    bone, frame = intact
    lie = Motion(
        rotation(np.array([1.0, 2, 3]), 40.0) @ np.diag([-1.0, 1, 1]), np.array([9.0, 8, 7])
    )
    matrix = bone.affine.matrix.copy()
    matrix[:3, :3] = lie.matrix @ matrix[:3, :3]
    matrix[:3, 3] = lie(matrix[:3, 3])
    other = BoneVolume(bone.fraction, bone.mass_g_cm3, Affine(matrix))
    rng = np.random.default_rng(5)
    for fracture in (draw_neck_fracture(3, rng), draw_intertrochanteric(rng)):
        here = break_femur(bone, frame, fracture, np.random.default_rng(1))
        there = break_femur(other, frame.moved(lie), fracture, np.random.default_rng(1))
        assert (here.fragments != there.fragments).mean() < 1e-4
        point = np.array([-30.0, 5, -40])
        for mine, theirs in zip(here.motions, there.motions, strict=True):
            assert np.allclose(lie(mine(point)), theirs(lie(point)), atol=1e-6)


def test_draws_are_of_the_stated_kinds():
    rng = np.random.default_rng(0)
    patterns = [draw_intertrochanteric(rng).pattern for _ in range(400)]
    assert patterns.count("A1") / 400 == pytest.approx(0.40, abs=0.08)
    assert patterns.count("A3") / 400 == pytest.approx(0.15, abs=0.06)
    levels = [draw_neck_fracture(2, rng).level for _ in range(400)]
    assert levels.count("subcapital") / 400 == pytest.approx(0.6, abs=0.08)
