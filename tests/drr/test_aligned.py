"""The fast kernel against an exact float64 tracer, in every arrangement of axes."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drr.siddon import project_by_siddon

from osteon.core.geometry import Affine
from osteon.drr.detector import Detector
from osteon.drr.pose import Pose
from osteon.drr.projector import project_attenuation
from osteon.drr.rays import trace_rays
from osteon.errors import GeometryError

DETECTOR = Detector(17, 23, (5.3, 4.1))
AXES = [
    (tuple(float(v) for v in np.eye(3)[a] * sign), tuple(float(v) for v in np.eye(3)[b] * other))
    for (a, b), sign, other in product(permutations(range(3), 2), (1, -1), (1, -1))
]


def pose(columns, rows, *, distance=250.0, behind=70.0, is_parallel=False, aim=(1.3, -2.1, 0.7)):
    beam = np.cross(columns, rows)
    aim = np.array(aim)
    return Pose(
        tuple(aim - beam * (distance - behind)), tuple(aim + beam * behind), columns, rows,
        is_parallel,
    )  # fmt: skip


def volume(shape=(12, 15, 13), seed=0):
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def affine(spacing=(4.0, 3.0, 5.0), shape=(12, 15, 13)):
    middle = -np.array(spacing[::-1]) * (np.array(shape[::-1]) - 1) / 2
    return Affine.from_spacing(spacing, tuple(middle))


def assert_equal(values, grid, where, detector=DETECTOR, **options):
    found = project_attenuation(values, grid, where, detector, **options)
    expected = project_by_siddon(values, grid, where, detector)
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize("is_parallel", [False, True])
@pytest.mark.parametrize(("columns", "rows"), AXES)
def test_every_arrangement_of_axes_agrees_with_siddon(columns, rows, is_parallel):
    where = pose(columns, rows, is_parallel=is_parallel)
    assert trace_rays(affine(), where, DETECTOR).aligned_axes() is not None
    assert_equal(volume(), affine(), where)


@given(
    spacing=st.tuples(*[st.floats(0.5, 9.0)] * 3),
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    aim=st.tuples(*[st.floats(-30, 30)] * 3),
    distance=st.floats(90, 2000),
    behind=st.floats(-40, 80),
    axes=st.sampled_from(AXES),
)
@settings(max_examples=60)
def test_slanted_rays_odd_voxels_and_cut_off_volumes(spacing, shape, aim, distance, behind, axes):
    values, grid = volume(shape) + 0.01, affine(spacing, shape)
    where = pose(*axes, distance=distance, behind=behind, aim=aim)
    found = project_attenuation(values, grid, where, DETECTOR)
    expected = project_by_siddon(values, grid, where, DETECTOR)
    np.testing.assert_allclose(found, expected, atol=2e-5 * max(expected.max(), 1.0))


def test_a_source_and_a_detector_inside_the_volume_count_what_is_between():
    assert_equal(volume(), affine(), pose(*AXES[0], distance=30.0, behind=11.0))


def test_a_ray_in_the_plane_between_two_voxels_counts_the_upper_one():
    values = np.zeros((4, 4, 4), np.float32)
    values[2, :, 2] = 1.0
    where = pose((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), aim=(0.0, 0.0, 0.0))
    single = Detector(1, 1, (1.0, 1.0))
    found = project_attenuation(values, affine((1.0,) * 3, (4, 4, 4)), where, single)
    assert found[0, 0] == pytest.approx(4.0, rel=1e-5)


def test_hounsfield_units_are_looked_up_on_the_way():
    hu = np.random.default_rng(1).integers(-1000, 2000, (12, 15, 13)).astype(np.int16)
    table = (np.maximum(np.arange(-32768, 32768) + 1000, 0) * 2e-5).astype(np.float32)
    for columns, rows in AXES[::5]:
        where = pose(columns, rows)
        direct = project_attenuation(table[hu.astype(int) + 32768], affine(), where, DETECTOR)
        found = project_attenuation(hu, affine(), where, DETECTOR, of_hu=table)
        np.testing.assert_array_equal(found, direct)


def test_empty_surroundings_change_no_bit_of_what_is_inside():
    inside = volume()
    padded = np.pad(inside, ((0, 0), (0, 0), (6, 7)))
    wide = Affine.from_spacing((4.0, 3.0, 5.0), (-60.0, -21.0, -22.0))
    for columns, rows in AXES[::5]:
        where = pose(columns, rows)
        np.testing.assert_allclose(
            project_attenuation(padded, wide, where, DETECTOR),
            project_attenuation(inside, affine(), where, DETECTOR),
            rtol=2e-6, atol=1e-5,
        )  # fmt: skip


def test_threads_give_the_same_bits():
    big = volume((40, 41, 42))
    where = pose(*AXES[0])
    one, two = (
        project_attenuation(big, affine((1.0,) * 3, big.shape), where, DETECTOR, threads=n)
        for n in (1, 3)
    )
    assert one.tobytes() == two.tobytes()


def test_splitting_the_volume_and_adding_gives_the_whole():
    whole = volume()
    where = pose(*AXES[0])
    parts = [whole.copy(), whole.copy()]
    parts[0][:, :, 6:] = 0
    parts[1][:, :, :6] = 0
    added = sum(project_attenuation(part, affine(), where, DETECTOR) for part in parts)
    np.testing.assert_allclose(
        added, project_attenuation(whole, affine(), where, DETECTOR), rtol=3e-6, atol=1e-6
    )


def test_twice_the_millimetres_twice_the_integral():
    where, far = pose(*AXES[0]), pose(*AXES[0], distance=500.0, behind=140.0, aim=(2.6, -4.2, 1.4))
    larger = Detector(17, 23, (10.6, 8.2))
    twice = affine((8.0, 6.0, 10.0))
    np.testing.assert_allclose(
        project_attenuation(volume(), twice, far, larger),
        2 * project_attenuation(volume(), affine(), where, DETECTOR),
        rtol=1e-5, atol=1e-4,
    )  # fmt: skip


def test_a_tilted_pose_goes_through_the_other_kernel_and_agrees_too():
    turn = np.radians(20)
    columns = (float(np.cos(turn)), float(np.sin(turn)), 0.0)
    for is_parallel in (False, True):
        where = pose(columns, (0.0, 0.0, -1.0), is_parallel=is_parallel)
        assert trace_rays(affine(), where, DETECTOR).aligned_axes() is None
        assert_equal(volume(), affine(), where)


def test_a_volume_of_the_wrong_kind_is_refused():
    with pytest.raises(GeometryError, match="wanted float32"):
        project_attenuation(volume().astype(np.float64), affine(), pose(*AXES[0]), DETECTOR)
