"""Table, arms and padding go; the patient stays as it is."""

import numpy as np

from osteon.core.geometry import Affine
from osteon.pixels.body import without_table
from osteon.pixels.orient import Volume


def scan(spacing=(4.0, 1.0, 1.0)):
    hu = np.full((30, 160, 240), -1000, np.int16)
    hu[:, :3] = -3024  # outside the reconstruction
    y, x = np.mgrid[:160, :240]
    body = ((y - 75) / 50) ** 2 + ((x - 110) / 80) ** 2 < 1
    hu[:, body] = 40
    hu[10:20, 70:76, 100:106] = -1000  # gas
    arm = (y - 75) ** 2 + (x - 215) ** 2 < 15**2
    hu[:, arm] = 30
    hu[:, 132:136, 20:220] = 100  # table
    return Volume(hu, Affine.from_spacing(spacing, (0.0, 0.0, 0.0))), body, arm


def test_the_table_and_a_separate_arm_become_air_and_no_voxel_of_the_body_changes():
    volume, body, arm = scan()
    clean = without_table(volume)
    np.testing.assert_array_equal(clean.hu[:, body], volume.hu[:, body])
    assert (clean.hu[:, arm] == -1024).all()
    assert (clean.hu[:, 133:, 20:220] == -1024).all()
    assert "set to air" in clean.steps[-1]


def test_two_thighs_are_both_the_patient():
    hu = np.full((30, 100, 240), -1000, np.int16)
    y, x = np.mgrid[:100, :240]
    for middle, radius in ((60, 40), (170, 34)):
        hu[:, (y - 50) ** 2 + (x - middle) ** 2 < radius**2] = 50
    volume = Volume(hu, Affine.from_spacing((4.0, 1.0, 1.0), (0.0, 0.0, 0.0)))
    lost = (without_table(volume).hu != 50) & (hu == 50)
    assert lost.sum() < 1e-4 * (hu == 50).sum()  # corners of the skin at the first and last slice


def test_a_volume_of_air_stays_air():
    volume = Volume(np.full((5, 6, 7), -1000, np.int16), scan()[0].affine)
    assert (without_table(volume).hu <= -1000).all()
