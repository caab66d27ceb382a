import numpy as np
import pytest
from tests.pixels.ct_bodies import pelvis

from osteon.core.geometry import Affine
from osteon.pixels.ct_content import ct_content, enhanced_cm3
from osteon.pixels.orient import Volume
from osteon.pixels.resample import shrink_volume
from osteon.pixels.volume import read_volume


def with_ball(hu, radius_mm=25):
    """A pelvis with a ball of one HU in the middle of the lesser pelvis, as a filled bladder."""
    body = pelvis(1)
    z, y, x = np.meshgrid(*map(np.arange, body.hu.shape), indexing="ij", sparse=True)
    middle = body.affine.to_indices(np.array([0.0, -20.0, 0.0]))
    distance = np.sqrt((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2) * 4
    return Volume(np.where(distance < radius_mm, hu, body.hu).astype(np.int16), body.affine)


def test_contrast_agent_is_seen_and_its_absence_too():
    assert enhanced_cm3(pelvis(1)) < 1
    assert enhanced_cm3(with_ball(40)) < 1
    ball = 4 / 3 * np.pi * 2.5**3
    assert ball * 0.1 < enhanced_cm3(with_ball(300)) < ball


def test_metal_is_measured():
    assert ct_content(with_ball(3071)).metal_cm3 == pytest.approx(65, rel=0.05)
    assert ct_content(with_ball(40)).metal_cm3 < 1


def test_blocks_are_averaged_where_they_lie():
    rng = np.random.default_rng(0)
    hu = rng.integers(-500, 500, (5, 9, 8)).astype(np.int16)
    volume = Volume(hu, Affine.from_spacing((4.0, 1.3, 2.0), (10.0, -20.0, 30.0)))
    small = shrink_volume(volume, 4.0)
    assert small.hu.shape == (5, 3, 4)
    assert small.affine.spacing_z_y_x_mm == pytest.approx((4.0, 3.9, 4.0))
    assert small.hu[2, 1, 3] == round(float(hu[2, 3:6, 6:8].mean()))
    middle = volume.affine.to_lps_mm(np.array([2.0, 4.0, 6.5]))
    np.testing.assert_allclose(small.affine.to_lps_mm(np.array([2.0, 1.0, 3.0])), middle)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("which", "is_enhanced"),
    [
        ("abdomen_dicom/CRLM-CT-1004", True),  # portal venous phase
        ("pelvis_lumbar/example_ct.nii.gz", False),  # called native by another program
    ],
)
def test_contrast_in_real_cts(real_data, which, is_enhanced):
    found = enhanced_cm3(read_volume(real_data / "ct" / which))
    assert found > 100 if is_enhanced else found < 10
