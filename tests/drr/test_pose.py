"""Views as a radiographer names them."""

import numpy as np
import pytest

from osteon.core.geometry import Laterality
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, Pose, view_pose
from osteon.errors import GeometryError

DETECTOR = Detector(400, 300, (1.0, 1.0))
ORIGIN = (0.0, 0.0, 0.0)


def at(pose, *point):
    return pose.to_px(np.array(point, dtype=float), DETECTOR)


@pytest.mark.parametrize("view", ["ap_pelvis", "ap_hip", "frog_leg"])
def test_frontal_film_shows_patient_left_at_image_right_and_head_up(view):
    pose = view_pose(VIEWS[view], ORIGIN)
    middle = at(pose, 0, 0, 0)
    np.testing.assert_allclose(middle, (150, 200))
    assert at(pose, 30, 0, 0)[0] > middle[0]
    assert at(pose, 0, 0, 30)[1] < middle[1]
    assert pose.source_lps_mm[1] < 0  # in front


@pytest.mark.parametrize("side", Laterality)
def test_cross_table_lateral_has_the_front_up_and_the_beam_towards_the_hip(side):
    pose = view_pose(VIEWS["cross_table_lateral"], ORIGIN, side)
    outwards = -1 if side is Laterality.RIGHT else 1
    assert pose.normal[0] * outwards > 0.6
    assert pose.normal[2] > 0.6
    assert at(pose, 0, -30, 0)[1] < at(pose, 0, 0, 0)[1]


def test_left_cross_table_is_the_right_ones_mirror_image():
    left, right = (view_pose(VIEWS["cross_table_lateral"], ORIGIN, side) for side in Laterality)
    seen, mirrored = at(right, 12, 5, 9), at(left, -12, 5, 9)
    np.testing.assert_allclose(mirrored, (300 - seen[0], seen[1]))


def test_magnification_follows_from_the_distances():
    pose = view_pose(
        VIEWS["ap_hip"], ORIGIN, source_to_detector_mm=1000.0, object_to_detector_mm=200.0
    )
    assert pose.source_to_detector_mm == pytest.approx(1000.0)
    assert pose.magnification_at(ORIGIN) == pytest.approx(1.25)
    assert at(pose, 10, 0, 0)[0] - 150 == pytest.approx(12.5)


def test_impossible_set_ups_are_refused():
    with pytest.raises(GeometryError, match="before a detector"):
        view_pose(VIEWS["ap_hip"], ORIGIN, object_to_detector_mm=2000.0)
    with pytest.raises(GeometryError, match="perpendicular"):
        Pose((0, -1, 0), ORIGIN, (1, 0, 0), (1, 0, 0))
    with pytest.raises(GeometryError, match="plane"):
        Pose((5, 0, 0), ORIGIN, (1, 0, 0), (0, 0, 1))
    with pytest.raises(GeometryError, match="behind"):
        at(view_pose(VIEWS["ap_hip"], ORIGIN), 0, -3000, 0)
    with pytest.raises(GeometryError, match="positive"):
        Detector(3, 3, (0.0, 1.0))


def test_a_reduced_detector_covers_the_same_area():
    assert Detector(860, 1024, (0.4, 0.4)).reduced(4).size_mm == (344.0, 409.6)
