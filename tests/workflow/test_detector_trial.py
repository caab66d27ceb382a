import numpy as np
import pandas as pd
import pytest

from osteon.core.files import hash_file
from osteon.core.geometry import Box, Laterality
from osteon.errors import DataError
from osteon.models.build import build
from osteon.models.spec import DetectorSpec
from osteon.workflow.detector_trial import (
    Trial,
    mean_boxes,
    refuse_known_films,
    trial_lines,
    try_detector,
)
from osteon.workflow.real_hips import COPIES, RealPicture

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT


def cases(rows):
    names = ["sop_instance_uid", "laterality", "x_min_px", "y_min_px", "x_max_px", "y_max_px"]
    return pd.DataFrame(rows, columns=names)


def test_mean_boxes_are_shares_of_each_films_own_size():
    sizes = {"sop_instance_uid": ["a", "b"], "columns": [100, 200], "rows": [50, 100]}
    boxes = [("a", "L", 10, 10, 30, 40), ("b", "L", 40, 20, 100, 60), ("b", "R", 0, 0, 20, 20)]
    frame, instances = cases(boxes), pd.DataFrame(sizes)
    found = mean_boxes(frame, instances)
    assert found[LEFT].as_tuple() == pytest.approx((0.15, 0.2, 0.4, 0.7))
    assert found[RIGHT].as_tuple() == pytest.approx((0, 0, 0.1, 0.2))


def test_a_picture_that_was_trained_on_is_refused(tmp_path):
    path = tmp_path / "film"
    path.write_bytes(b"film")
    picture = RealPicture("film", np.zeros((4, 4), np.float32), {LEFT: Box(0, 0, 2, 2)}, path)
    refuse_known_films([picture], {"0" * 64})
    with pytest.raises(DataError, match="was in training"):
        refuse_known_films([picture], {hash_file(path)})


def test_every_copy_is_tried_and_held_against_the_mean_box(tmp_path):
    spec = DetectorSpec(
        encoder="resnet10_w16", image_size_px=64, levels=(3, 4), extra_levels=False,
        fpn_channels=16, score_threshold=1.0,
    )  # fmt: skip
    grey = np.full((100, 100), 0.5, np.float32)
    picture = RealPicture("blank", grey, {LEFT: Box(20, 20, 60, 60)}, tmp_path)
    mean = {LEFT: Box(0.2, 0.2, 0.6, 0.6)}
    trials = try_detector(build(spec, 1), [picture], 64, mean)
    assert [trial.copy for trial in trials] == list(COPIES)
    assert not any(trial.is_found for trial in trials)
    assert trials[0].mean_box_iou == pytest.approx(1.0)


def test_a_picture_counts_when_all_its_hips_are_found_on_the_right_side():
    assert Trial("a", "as it is", 0.5, True, 0.1).is_found
    assert not Trial("a", "as it is", 0.49, True, 0.1).is_found
    assert not Trial("a", "as it is", 0.9, False, 0.1).is_found


def test_the_table_counts_seeds_and_copies():
    def trials(iou, right):
        return [
            Trial("film", "as it is", iou, right, 0.3),
            Trial("film", "mirrored", 0.8, True, 0.3),
        ]

    lines = trial_lines({1: trials(0.7, True), 2: trials(0.6, False)})
    assert lines[2] == "| film | 0.70 | 0.60 wrong side | 1 of 2 | 2 of 2 | 0.30 |"
