"""Hips found by the shape of bone: synthetic pelves whole and cut, and every real CT there is."""

import numpy as np
import pytest
from tests.pixels.ct_bodies import part, pelvis

from osteon.core.geometry import Affine
from osteon.pixels.hips_in_view import find_hips
from osteon.pixels.orient import Volume
from osteon.pixels.volume import read_volume

PATIENTS = range(4)  # fractures and prostheses among them


@pytest.mark.parametrize("index", PATIENTS)
def test_a_whole_pelvis_shows_both_hips(index):
    hips = find_hips(pelvis(index))
    assert (hips.count, hips.reason) == (2, "")
    assert hips.right[0] < 0 < hips.left[0]
    for place in (hips.right, hips.left):
        assert np.linalg.norm(np.abs(place) - np.array([90, 0, 0])) < 60


@pytest.mark.parametrize("index", PATIENTS)
@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ((0, -1e3, -1e3), (1e3, 1e3, 1e3), "one_hip_in_view"),
        ((-1e3, -1e3, -1e3), (0, 1e3, 1e3), "one_hip_in_view"),
        ((-1e3, -1e3, -10), (1e3, 1e3, 1e3), ("hips_cut", "hips_not_in_view")),
        ((-1e3, -1e3, 60), (1e3, 1e3, 1e3), ("hips_cut", "hips_not_in_view")),
    ],
    ids=["left half", "right half", "cut through the heads", "above the hips"],
)
def test_parts_of_a_pelvis(index, low, high, said):
    hips = find_hips(part(pelvis(index), low, high))
    assert hips.reason in said
    assert hips.count == (hips.reason == "one_hip_in_view")


@pytest.mark.parametrize("index", PATIENTS)
def test_femurs_without_their_heads_are_no_hips(index):
    assert find_hips(part(pelvis(index), high=(1e3, 1e3, -110))).count == 0
    assert find_hips(part(pelvis(index), high=(1e3, 1e3, -50))).count < 2  # ischia in view


@pytest.mark.slow
@pytest.mark.parametrize(
    ("low", "high", "count", "least"),
    [
        ((-1e3, -1e3, -1e3), (1e3, 1e3, 1e3), 2, 39),
        ((0, -1e3, -1e3), (1e3, 1e3, 1e3), 1, 38),
        ((-1e3, -1e3, -1e3), (0, 1e3, 1e3), 1, 38),
        ((-1e3, -1e3, -10), (1e3, 1e3, 1e3), 0, 40),
        ((-1e3, -1e3, 45), (1e3, 1e3, 1e3), 0, 40),
        ((-1e3, -1e3, -1e3), (1e3, 1e3, -50), 0, 38),
        ((-1e3, -1e3, -1e3), (1e3, 1e3, -100), 0, 40),
    ],
    ids=["whole", "left half", "right half", "cut", "above", "below", "thighs"],
)
def test_forty_pelves(low, high, count, least):
    """The table of docs/volumes.md."""
    found = [find_hips(part(pelvis(index), low, high)).count for index in range(40)]
    assert found.count(count) >= least, found


def test_balls_of_bone_with_air_between_them_are_no_pair():
    hu = np.full((60, 60, 120), -1000, np.int16)  # as two knees
    z, y, x = np.meshgrid(*map(np.arange, hu.shape), indexing="ij")
    for middle in (35, 85):
        distance = np.sqrt((z - 30) ** 2 + (y - 30) ** 2 + (x - middle) ** 2) * 4
        hu[distance < 40] = 40
        hu[distance < 28] = 500
    assert find_hips(Volume(hu, Affine.from_spacing((4, 4, 4), (0, 0, 0)))).count < 2


@pytest.mark.parametrize("fill", [-1024, 40, 800])
def test_nothing_is_found_in_nothing(fill):
    hu = np.full((20, 30, 30), fill, np.int16)
    hips = find_hips(Volume(hu, Affine.from_spacing((5, 4, 4), (0, 0, 0))))
    assert (hips.count, hips.right, hips.left) == (0, None, None)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("which", "count"),
    [
        ("pelvis_lumbar/example_ct.nii.gz", 2),
        ("pelvis_lumbar/example_ct_dicom", 0),
        ("l3_vertebra/sample_ct/sub-ct_label-22_ct.nii.gz", 0),
        ("abdomen_dicom/CRLM-CT-1004", 0),
        ("proximal_femur/STS_015/CT_image.nii.gz", 1),
        ("proximal_femur/STS_020/CT_image_from_dicom.nii.gz", 1),
        ("proximal_femur/STS_036/CT_image.nii.gz", 1),
        ("proximal_femur/STS_040/CT_image.nii.gz", 1),
        ("proximal_femur/STS_044/CT_image.nii.gz", 1),
    ],
)
def test_real_cts(real_data, which, count):
    assert find_hips(read_volume(real_data / "ct" / which)).count == count
