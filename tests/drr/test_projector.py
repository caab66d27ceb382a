"""Ray lengths against geometry, and the laws a line integral obeys."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.core.geometry import Affine, Laterality
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, Pose, view_pose
from osteon.drr.projector import project, project_attenuation, project_mask
from osteon.errors import GeometryError

DETECTOR = Detector(23, 31, (9.0, 7.0))


def pose(tilt=(0.0, 0.0, 0.0), aim=(0.0, 0.0, 0.0)):
    return view_pose(VIEWS["ap_pelvis"], aim, tilt_deg=tilt)


def pixel_centers(pose, detector):
    first = pose.first_pixel_lps_mm(detector)
    rows = np.arange(detector.rows)[:, None, None] * detector.spacing_mm[0]
    columns = np.arange(detector.columns)[None, :, None] * detector.spacing_mm[1]
    return first + rows * np.array(pose.along_rows) + columns * np.array(pose.along_columns)


def box_lengths_mm(pose, detector, low, high):
    """Independent: clip each ray by six half-spaces."""
    source = np.array(pose.source_lps_mm)
    rays = pixel_centers(pose, detector) - source
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = (low - source) / rays, (high - source) / rays
    enter = np.minimum(one, two).max(axis=-1).clip(0, 1)
    leave = np.maximum(one, two).min(axis=-1).clip(0, 1)
    return np.maximum(leave - enter, 0) * np.linalg.norm(rays, axis=-1)


@given(
    size=st.tuples(*[st.integers(1, 6)] * 3),
    spacing=st.tuples(*[st.integers(5, 30).map(float)] * 3),
    tilt=st.tuples(*[st.integers(-180, 180)] * 3),
    aim=st.tuples(*[st.integers(-30, 30).map(lambda mm: mm + 0.123)] * 3),
)
@settings(max_examples=60, deadline=None)
def test_a_box_of_any_size_seen_from_anywhere_has_its_geometric_lengths(size, spacing, tilt, aim):
    low = np.array([-20.0, -15.0, -10.0])
    affine = Affine.from_spacing(spacing, tuple(low + np.array(spacing[::-1]) / 2))
    high = low + np.array(size[::-1]) * np.array(spacing[::-1])
    where = pose(tilt, aim)
    lengths = project_mask(np.ones(size, dtype=bool), affine, where, DETECTOR)
    np.testing.assert_allclose(lengths, box_lengths_mm(where, DETECTOR, low, high), atol=2e-4)


def test_every_ray_passes_through_all_materials_of_a_random_volume_once():
    rng = np.random.default_rng(1)
    material = rng.integers(1, 6, (17, 13, 11)).astype(np.uint8)
    density = rng.random(material.shape).astype(np.float32)
    affine = Affine.from_spacing((7.0, 5.0, 6.0), (-30.0, -30.0, -50.0))
    paths = project(material, density, affine, pose((5, 7, 3)), DETECTOR)
    low = np.array([-33.0, -32.5, -53.5])
    high = low + np.array([66.0, 65.0, 119.0])
    expected = box_lengths_mm(pose((5, 7, 3)), DETECTOR, low, high)
    assert paths.codes == (1, 2, 3, 4, 5)
    np.testing.assert_allclose(paths.length_mm.sum(axis=0), expected, atol=2e-4)


def test_against_dense_sampling_along_the_ray():
    rng = np.random.default_rng(2)
    density = rng.random((9, 8, 7)).astype(np.float32)
    matrix = np.eye(4)
    matrix[:3, :3] = [[1.0, 2.0, 9.0], [-2.0, 8.0, 1.0], [7.0, 1.5, -1.0]]  # oblique and sheared
    matrix[:3, 3] = (-30.0, -30.0, -20.0)
    affine, where = Affine(matrix), pose((10, 20, 30))
    paths = project(np.ones(density.shape, np.uint8), density, affine, where, DETECTOR)
    source, ends = np.array(where.source_lps_mm), pixel_centers(where, DETECTOR)
    steps = (np.arange(60000) + 0.5) / 60000
    for row, column in ((11, 15), (10, 12), (13, 17), (8, 15)):
        points = source + steps[:, None] * (ends[row, column] - source)
        index = np.floor(affine.to_indices(points) + 0.5).astype(int)
        inside = ((index >= 0) & (index < density.shape)).all(axis=1)
        step_cm = np.linalg.norm(ends[row, column] - source) / 60000 / 10
        expected = density[tuple(index[inside].T)].sum() * step_cm
        assert paths.areal_density_g_cm2[0, row, column] == pytest.approx(expected, rel=2e-3)


def test_chord_of_a_sphere():
    grid = np.stack(np.meshgrid(*[np.arange(-40, 41) * 0.5] * 3, indexing="ij"), axis=-1)
    mask = (grid**2).sum(axis=-1) <= 18.0**2
    affine = Affine.from_spacing((0.5, 0.5, 0.5), (-20.0, -20.0, -20.0))
    where = pose()
    detector = Detector(41, 41, (1.3, 1.3))
    lengths = project_mask(mask, affine, where, detector)
    source = np.array(where.source_lps_mm)
    rays = pixel_centers(where, detector) - source
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    away = np.linalg.norm(np.cross(rays, -source), axis=-1)
    chord = 2 * np.sqrt(np.maximum(18.0**2 - away**2, 0))
    assert np.abs(lengths - chord)[away < 16].max() < 1.2  # a voxel's staircase at either end
    assert abs((lengths - chord)[away < 16].mean()) < 0.05


def test_adding_volumes_adds_integrals_and_doubling_doubles():
    rng = np.random.default_rng(3)
    one, two = (rng.random((2, 8, 9, 10)) + 0.1).astype(np.float32)
    affine = Affine.from_spacing((6.0, 6.0, 6.0), (-27.0, -24.0, -21.0))
    parts = [project_attenuation(volume, affine, pose(), DETECTOR) for volume in (one, two)]
    both = project_attenuation(one + two, affine, pose(), DETECTOR)
    np.testing.assert_allclose(both, parts[0] + parts[1], rtol=2e-6)
    np.testing.assert_allclose(
        project_attenuation(2 * one, affine, pose(), DETECTOR), 2 * parts[0], rtol=1e-6
    )


@given(turn=st.integers(-180, 180), shift=st.tuples(*[st.integers(-500, 500)] * 3))
@settings(max_examples=20, deadline=None)
def test_moving_patient_and_machine_together_changes_nothing(turn, shift):
    rng = np.random.default_rng(4)
    density = rng.random((6, 7, 8)).astype(np.float32)
    material = rng.integers(1, 3, density.shape).astype(np.uint8)
    affine = Affine.from_spacing((8.0, 9.0, 7.0), (-25.0, -27.0, -20.0))
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    rotation = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    moved = np.eye(4)
    moved[:3, :3] = rotation @ affine.matrix[:3, :3]
    moved[:3, 3] = rotation @ affine.matrix[:3, 3] + shift
    still = pose((3, 4, 5))
    other = Pose(
        tuple(rotation @ still.source_lps_mm + shift),
        tuple(rotation @ still.detector_center_lps_mm + shift),
        tuple(rotation @ still.along_columns),
        tuple(rotation @ still.along_rows),
    )
    before = project(material, density, affine, still, DETECTOR)
    after = project(material, density, Affine(moved), other, DETECTOR)
    np.testing.assert_allclose(
        after.areal_density_g_cm2, before.areal_density_g_cm2, atol=1e-5, rtol=1e-5
    )


def test_threads_give_the_same_bits():
    rng = np.random.default_rng(5)
    density = rng.random((20, 20, 20)).astype(np.float32)
    material = rng.integers(0, 4, density.shape).astype(np.uint8)
    affine = Affine.from_spacing((3.0, 3.0, 3.0), (-28.5, -28.5, -28.5))
    one = project(material, density, affine, pose(), DETECTOR)
    two = project(material, density, affine, pose(), DETECTOR, threads=2)
    assert one.areal_density_g_cm2.tobytes() == two.areal_density_g_cm2.tobytes()


def test_empty_and_ill_fitting_volumes():
    affine = Affine.from_spacing((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    air = np.zeros((3, 3, 3), np.uint8)
    assert project(air, air.astype(np.float32), affine, pose(), DETECTOR).codes == ()
    assert project_attenuation(air.astype(np.float32), affine, pose(), DETECTOR).max() == 0
    with pytest.raises(GeometryError, match="not one volume"):
        project(air, np.zeros((3, 3, 4), np.float32), affine, pose(), DETECTOR)


def test_repeated_end_slices_are_a_longer_volume():
    rng = np.random.default_rng(6)
    density = rng.random((5, 6, 7)).astype(np.float32)
    material = rng.integers(1, 4, density.shape).astype(np.uint8)
    longer = Affine.from_spacing((4.0, 9.0, 9.0), (-27.0, -22.0, -28.0))
    affine = Affine.from_spacing((4.0, 9.0, 9.0), (-27.0, -22.0, -16.0))
    pad = ((3, 3), (0, 0), (0, 0))
    expected = project(
        np.pad(material, pad, "edge"),
        np.pad(density, pad, "edge"),
        longer,
        pose((7, 2, 4)),
        DETECTOR,
    )
    found = project(material, density, affine, pose((7, 2, 4)), DETECTOR, end_slices=3)
    np.testing.assert_allclose(
        found.areal_density_g_cm2, expected.areal_density_g_cm2, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("side", Laterality)
def test_a_small_ball_is_seen_where_the_pose_says(view, side):
    mask = np.zeros((41, 41, 41), dtype=bool)
    mask[30, 12, 25] = True
    affine = Affine.from_spacing((2.0, 2.0, 2.0), (-40.0, -40.0, -40.0))
    where = view_pose(VIEWS[view], (0.0, 0.0, 0.0), side, tilt_deg=(2.0, 1.0, 3.0))
    detector = Detector(700, 700, (0.25, 0.25))
    lengths = project_mask(mask, affine, where, detector)
    y, x = np.average(np.argwhere(lengths > 0) + 0.5, axis=0, weights=lengths[lengths > 0])
    point = affine.to_lps_mm(np.array([30.0, 12.0, 25.0]))
    np.testing.assert_allclose(where.to_px(point, detector), (x, y), atol=0.25)
