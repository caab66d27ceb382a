"""A femur's numbers can be measured back from its voxels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.core.geometry import Laterality
from osteon.phantom.femur import FemurShape, build_femur
from osteon.phantom.frames import Motion, rotation
from osteon.phantom.shapes import Grid, cover_fractions, stamp_balls, stamp_cones
from osteon.phantom.trabeculae import lattice, lattice_noise


def built(shape, spacing=1.5):
    return build_femur(shape, Laterality.RIGHT, spacing, np.random.default_rng(0))


def fitted_sphere(points):
    """Centre and radius by algebraic least squares."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    x, *_ = np.linalg.lstsq(design, (points**2).sum(1), rcond=None)
    return x[:3], float(np.sqrt(x[3] + x[:3] @ x[:3]))


def surface(bone):
    solid = bone.fraction > 0.5
    inner = solid.copy()
    for axis in range(3):
        inner &= np.roll(solid, 1, axis) & np.roll(solid, -1, axis)
    return bone.affine.to_lps_mm(np.argwhere(solid & ~inner).astype(float))


@pytest.mark.parametrize("angle", [115.0, 127.0, 140.0])
def test_neck_shaft_angle_measured_back(angle):
    shape = FemurShape(neck_shaft_angle_deg=angle, offset_mm=44.0)
    bone, frame = built(shape)
    points = surface(bone)
    head = points[(points[:, 0] > 2) & (points[:, 2] > -8)]
    center, radius = fitted_sphere(head)
    assert radius + 0.75 == pytest.approx(shape.head_radius_mm, abs=0.5)  # centres lie inside
    assert np.linalg.norm(center) < 0.8
    solid = bone.affine.to_lps_mm(np.argwhere(bone.fraction > 0.5).astype(float))
    shaft = solid[(solid[:, 2] < -120) & (solid[:, 2] > -230)]
    levels = [shaft[np.abs(shaft[:, 2] - z) < 3].mean(0) for z in range(-225, -125, 10)]
    middle = np.array(levels)
    slope = np.polyfit(middle[:, 2], middle[:, 0], 1)[0]
    axis = np.array([slope, 0.0, 1.0]) / np.hypot(slope, 1.0)
    along = -solid @ frame.neck_axis
    slab = solid[(along > 24) & (along < 30) & (solid[:, 2] < 5)]
    slab = slab[np.linalg.norm(slab + 27 * frame.neck_axis, axis=1) < 20]
    neck = (center - slab.mean(0)) * np.array([1, 0, 1])
    neck /= np.linalg.norm(neck)
    measured = np.rad2deg(np.arccos(-neck @ axis))
    assert measured == pytest.approx(angle, abs=4.0)
    assert frame.neck_shaft_angle_deg == pytest.approx(angle, abs=1e-6)
    assert frame.offset_mm == pytest.approx(44.0, abs=1e-6)


def test_more_cortex_and_trabeculae_weigh_more():
    masses = [
        built(FemurShape(cortex_mm=c, trabecular_scale=t), 2.5)[0].mass_g_cm3.sum()
        for c, t in ((3.0, 0.4), (6.0, 0.4), (6.0, 1.0))
    ]
    assert masses[0] < masses[1] < masses[2]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(1.0, 9.0), st.floats(0.3, 3.0))
def test_a_plate_keeps_its_mass_wherever_it_lies(offset, half, cortex):
    x = np.arange(-20, 20, 1.0)
    distance = (np.abs(x - offset) - half).astype(np.float32)
    bone, hard = cover_fractions(distance, cortex, 1.0)
    assert bone.sum() == pytest.approx(2 * half, abs=0.05)
    assert hard.sum() <= bone.sum() + 1e-5
    if half > cortex + 1.0:
        assert hard.sum() == pytest.approx(2 * cortex, abs=0.05)


def test_a_ball_is_a_ball():
    grid = Grid.around(np.full(3, -15.0), np.full(3, 15.0), 1.0)
    ball, cone = grid.far(), grid.far()
    stamp_balls(ball, grid, np.zeros((1, 3)), np.array([10.0]))
    stamp_cones(cone, grid, np.array([[0, 0, 0, 0, 0, 0, 10.0, 10.0, 0]], dtype=float))
    volume = 4 / 3 * np.pi * 1000
    for field in (ball, cone):
        assert cover_fractions(field, 1.0, 1.0)[0].sum() == pytest.approx(volume, rel=0.01)


def test_noise_is_periodic_and_normal():
    values = lattice(np.random.default_rng(1))
    points = np.random.default_rng(2).uniform(0, 32, (500, 3)).astype(np.float32)
    once = lattice_noise(values, points)
    assert np.allclose(once, lattice_noise(values, points - 32), atol=1e-3)
    assert abs(float(once.mean())) < 0.15


@given(st.floats(-180, 180), st.floats(-50, 50))
def test_motions_undo_themselves(angle, shift):
    motion = Motion.about(np.array([1.0, 2, 3]), rotation(np.array([1.0, 1, 0]), angle))
    motion = Motion(np.eye(3), np.array([shift, 0, 1.0])).after(motion)
    points = np.array([[4.0, -5, 6], [0, 0, 0]])
    assert np.allclose(motion.inverse()(motion(points)), points, atol=1e-9)


def test_own_axes_are_medial_posterior_superior_on_both_sides():
    for mirror in (1.0, -1.0):
        _, frame = built(FemurShape(), 4.0)
        moved = frame.moved(Motion(np.diag([mirror, 1.0, 1.0]), np.array([5.0, 6, 7])))
        for point in ([-46.0, 9, 3], [1, 2, 3]):
            own = moved.to_own(Motion(np.diag([mirror, 1.0, 1.0]), np.array([5.0, 6, 7]))(
                np.array(point)))  # fmt: skip
            assert np.allclose(own, point)
            assert np.allclose(moved.to_own(moved.from_own(np.array(point))), point)
