"""Slanted rays and several materials against an exact float64 tracer that shares no code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drr.siddon import project_by_siddon

from osteon.core.geometry import Affine
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, view_pose
from osteon.drr.projector import project, project_attenuation, project_mask
from osteon.drr.rays import trace_rays

DETECTOR = Detector(17, 23, (5.3, 4.1))
WIDE = Detector(19, 21, (60.0, 60.0))
SHAPE = (12, 15, 13)
AFFINE = Affine.from_spacing((4.0, 3.0, 5.0), (-30.3, -20.7, -22.1))


def pose(tilt, **changes):
    return view_pose(VIEWS["ap_pelvis"], (0.3, -0.7, 1.1), tilt_deg=tilt, **changes)


def body(seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, SHAPE).astype(np.uint8), rng.random(SHAPE).astype(np.float32) + 0.1


def assert_each_material_agrees(where, detector, affine=AFFINE):
    material, density = body()
    paths = project(material, density, affine, where, detector)
    assert paths.codes == (1, 2, 3)
    for plane, code in zip(paths.areal_density_g_cm2, paths.codes, strict=True):
        own = material == code
        mass = project_by_siddon(np.where(own, density, 0.0), affine, where, detector) / 10
        length = project_by_siddon(own.astype(float), affine, where, detector)
        np.testing.assert_allclose(plane, mass, atol=1e-5 * mass.max())
        np.testing.assert_allclose(paths.length_in_mm(code), length, atol=1e-5 * length.max())


@given(
    tilt=st.tuples(*[st.floats(-180, 180)] * 3),
    is_parallel=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_several_materials_from_anywhere(tilt, is_parallel):
    assert_each_material_agrees(pose(tilt, is_parallel=is_parallel), DETECTOR)


def test_rays_that_cross_most_voxels_along_different_axes():
    where = pose((35.0, 40.0, 20.0), source_to_detector_mm=400.0, object_to_detector_mm=300.0)
    ways = np.abs(trace_rays(AFFINE, where, WIDE).corners()).argmax(axis=1)
    assert len(set(ways.tolist())) > 1
    assert_each_material_agrees(where, WIDE)


def test_oblique_and_sheared_voxels():
    matrix = np.eye(4)
    matrix[:3, :3] = [[1.0, 2.0, 5.0], [-1.0, 3.0, 1.0], [4.0, 0.5, -1.0]]
    matrix[:3, 3] = (-30.0, -25.0, -15.0)
    assert_each_material_agrees(pose((4.0, 5.0, 6.0)), DETECTOR, Affine(matrix))


@pytest.mark.parametrize("tilt", [(2.0, 1.5, 1.0), (0.0, 45.0, 0.0), (80.0, 3.0, 0.0)])
def test_attenuation_as_numbers_and_as_hounsfield_units(tilt):
    hu = np.random.default_rng(1).integers(-1000, 2000, SHAPE).astype(np.int16)
    table = (np.maximum(np.arange(-32768, 32768) + 1000, 0) * 2e-5).astype(np.float32)
    values, where = table[hu.astype(int) + 32768], pose(tilt)
    found = project_attenuation(hu, AFFINE, where, DETECTOR, of_hu=table)
    np.testing.assert_array_equal(found, project_attenuation(values, AFFINE, where, DETECTOR))
    expected = project_by_siddon(values, AFFINE, where, DETECTOR)
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())


def test_a_ray_that_misses_all_gives_nothing_at_all():
    material, density = body()
    material[:] = 1
    material[4:8, 6:9, 3:9] = 2  # other material before, behind and beside it
    where = pose((5.0, 7.0, 3.0))
    paths = project(material, density, AFFINE, where, DETECTOR)
    inside = project_by_siddon((material == 2).astype(float), AFFINE, where, DETECTOR)
    assert 0 < (inside == 0).sum() < inside.size
    assert not paths.areal_density_g_cm2[1][inside == 0].any()
    assert not project_mask(material == 2, AFFINE, where, DETECTOR)[inside == 0].any()


def test_lengths_only_where_they_are_wanted():
    material, density = body()
    where = pose((5.0, 7.0, 3.0))
    whole = project(material, density, AFFINE, where, DETECTOR)
    part = project(material, density, AFFINE, where, DETECTOR, length_of=(2, 9))
    assert part.length_codes == (2,)
    np.testing.assert_array_equal(part.areal_density_g_cm2, whole.areal_density_g_cm2)
    np.testing.assert_array_equal(part.length_in_mm(2), whole.length_in_mm(2))


@pytest.mark.parametrize("tilt", [(5.0, 7.0, 3.0), (85.0, 2.0, 3.0), (0.0, 44.0, 0.0)])
def test_threads_and_repeated_ends(tilt):
    material, density = body()
    where, more = pose(tilt), 5
    one, two = (
        project(material, density, AFFINE, where, DETECTOR, end_slices=more, threads=threads)
        for threads in (1, 3)
    )
    assert one.areal_density_g_cm2.tobytes() == two.areal_density_g_cm2.tobytes()
    pad = ((more, more), (0, 0), (0, 0))
    longer = Affine.from_spacing((4.0, 3.0, 5.0), (-30.3, -20.7, -22.1 - more * 4.0))
    expected = project(
        np.pad(material, pad, "edge"), np.pad(density, pad, "edge"), longer, where, DETECTOR
    )
    np.testing.assert_allclose(
        one.areal_density_g_cm2, expected.areal_density_g_cm2,
        atol=1e-5 * expected.areal_density_g_cm2.max(),
    )  # fmt: skip
