import json

import numpy as np
import pytest
from tests.prediction.conftest import make_tuning

from osteon.core.labels import HIP_CLASSES
from osteon.errors import DataError
from osteon.models.card_classifier import OperatingPoint
from osteon.prediction.calibration import calibrate, positive_probability
from osteon.prediction.thresholds import choose_operating_points, is_nondisplaced_possible
from osteon.prediction.tuning import TuningSet


def test_each_point_keeps_its_promise_on_tuning():
    tuning = make_tuning(500, signal=1.0)
    suspicious, definite, flag = choose_operating_points(tuning, None)
    score = positive_probability(calibrate(tuning.logits, None, HIP_CLASSES), HIP_CLASSES)
    truth = tuning.is_positive
    assert np.mean(score[truth] >= suspicious.threshold) >= 0.95
    assert np.mean(score[~truth] < definite.threshold) >= 0.98
    assert suspicious.threshold < definite.threshold
    assert flag.question == "nondisplaced_femoral_neck"
    assert suspicious.sensitivity.value == pytest.approx(
        np.mean(score[truth] >= suspicious.threshold)
    )
    assert suspicious.n_patients == 250


def test_definite_is_never_below_suspicious():
    suspicious, definite, _ = choose_operating_points(make_tuning(200, signal=50.0), None)
    assert definite.threshold >= suspicious.threshold


def test_the_flag_is_the_closest_to_the_corner_by_brute_force():
    tuning = make_tuning(300, signal=1.0)
    flag = choose_operating_points(tuning, None)[2]
    score = calibrate(tuning.logits, None, HIP_CLASSES)[:, 2]
    truth = tuning.labels == 2

    def distance(cut):
        return np.hypot(1 - np.mean(score[truth] >= cut), np.mean(score[~truth] >= cut))

    assert distance(flag.threshold) == pytest.approx(min(distance(cut) for cut in score))


def test_points_survive_json():
    for point in choose_operating_points(make_tuning(100), None):
        text = json.dumps(point.resolved(), allow_nan=False)
        assert OperatingPoint.model_validate(json.loads(text)) == point


def test_tuning_without_nondisplaced_gives_no_flag_and_without_fractures_says_so():
    tuning = make_tuning(300)

    def only(keep):
        return TuningSet(
            HIP_CLASSES,
            tuning.logits[keep],
            tuning.labels[keep],
            tuning.patient_ids[keep],
            tuning.subsets[keep],
        )

    names = [point.name for point in choose_operating_points(only(tuning.labels != 2), None)]
    assert names == ["suspicious", "definite"]
    with pytest.raises(DataError, match="needs both classes"):
        choose_operating_points(only(~tuning.is_positive), None)


@pytest.mark.parametrize(
    ("probabilities", "wanted"),
    [
        ([0.7, 0, 0.3, 0, 0, 0], True),
        ([0.95, 0, 0.05, 0, 0, 0], False),  # below the threshold
        ([0.3, 0, 0.7, 0, 0, 0], False),  # called a fracture already
        ([0, 0, 0.3, 0, 0, 0.7], False),  # an arthroplasty has no neck
    ],
)
def test_the_flag_is_for_hips_called_normal(probabilities, wanted):
    point = choose_operating_points(make_tuning(100), None)[2].changed({"threshold": 0.2})
    assert is_nondisplaced_possible(np.array(probabilities), point, HIP_CLASSES) is wanted
    assert not is_nondisplaced_possible(np.array(probabilities), None, HIP_CLASSES)
