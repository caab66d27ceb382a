import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.core.geometry import Affine
from osteon.errors import UsageError
from osteon.pixels.orient import Volume
from osteon.pixels.resample import resample_volume

SHAPE = (24, 30, 36)
AFFINE = Affine.from_spacing((2.0, 1.0, 0.8), (-20.0, -15.0, 100.0))


def ball(center_mm, sigma_mm):
    indices = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1).astype(float)
    distance = ((AFFINE.to_lps_mm(indices) - center_mm) ** 2).sum(-1)
    return Volume((2000 * np.exp(-distance / (2 * sigma_mm**2))).astype(np.int16), AFFINE)


def centroid_mm(volume):
    indices = np.stack(np.meshgrid(*map(np.arange, volume.hu.shape), indexing="ij"), -1)
    weights = volume.hu / volume.hu.sum()
    mean = np.array([(indices[..., axis] * weights).sum() for axis in range(3)])
    return volume.affine.to_lps_mm(mean)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.floats(0.7, 3.0)] * 3))
def test_resampling_leaves_anatomy_where_it_is(spacing):
    before = ball(np.array([-6.0, 0.0, 124.0]), 3.5)
    after = resample_volume(before, spacing)
    assert after.affine.spacing_z_y_x_mm == pytest.approx(spacing)
    # linear interpolation smooths by the phase of the two grids: a tenth of a millimetre
    np.testing.assert_allclose(centroid_mm(after), centroid_mm(before), atol=0.15)
    extents = np.array(after.hu.shape) * spacing
    np.testing.assert_allclose(extents, np.array(SHAPE) * (2, 1, 0.8), atol=max(spacing) / 2 + 1e-6)


def test_the_same_spacing_changes_nothing():
    before = ball(np.array([-6.0, 0.0, 124.0]), 3.5)
    after = resample_volume(before, before.affine.spacing_z_y_x_mm)
    np.testing.assert_array_equal(after.hu, before.hu)
    np.testing.assert_allclose(after.affine.matrix, AFFINE.matrix)


def test_oblique_volumes_keep_their_axes():
    matrix = AFFINE.matrix.copy()
    angle = np.radians(25)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    matrix[:3, :3] = turn @ matrix[:3, :3]
    before = Volume(ball(np.array([-6.0, 0.0, 124.0]), 3.5).hu, Affine(matrix))
    after = resample_volume(before, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(centroid_mm(after), centroid_mm(before), atol=0.05)
    cosines = after.affine.matrix[:3, :3]
    np.testing.assert_allclose(cosines.T @ cosines, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("spacing", [(0, 1, 1), (1, -1, 1), (1, 1, float("nan"))])
def test_impossible_spacings_are_refused(spacing):
    with pytest.raises(UsageError, match="wanted three numbers above 0"):
        resample_volume(ball(np.zeros(3), 3), spacing)
