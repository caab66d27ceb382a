import json
from dataclasses import replace

import numpy as np
import pytest

from osteon.core.geometry import Box, Laterality
from osteon.core.labels import HIP_CLASSES
from osteon.models.card_classifier import ConformalQuantiles
from osteon.models.detector import HipDetection
from osteon.models.package import open_package
from osteon.prediction.reading import FilmReading, Note, hip_reading, reading_from_json

BOX = Box(10, 20, 30, 40)
FOUND = HipDetection(Laterality.RIGHT, Box(1, 2, 3, 4), 0.8)


@pytest.fixture(scope="module")
def card(tiny_package):
    return open_package(tiny_package).card


def logits(**shares):
    values = np.array([shares.get(name, 0.001) for name in HIP_CLASSES.classes])
    return np.log(values / values.sum())


def test_probabilities_are_summed_within_their_groups(card):
    hip = hip_reading(
        FOUND, BOX, logits(displaced_femoral_neck=0.5, intertrochanteric=0.2, no_fracture=0.3), card
    )
    assert hip.probability_fracture == pytest.approx(0.7, abs=0.01)
    assert hip.probability_fracture + hip.probability_no_fracture == pytest.approx(1)
    assert sum(hip.probabilities.values()) == pytest.approx(1)
    assert hip.top_two == ("displaced_femoral_neck", "no_fracture")
    assert hip.box == BOX


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("nondisplaced_femoral_neck", "cannulated screws"),
        ("displaced_femoral_neck", "arthroplasty"),
        ("intertrochanteric", "cephalomedullary nail"),
        ("no_fracture", None),
        ("internal_fixation", None),
        ("arthroplasty", None),
    ],
)
def test_the_operation_follows_from_the_class(card, name, group):
    assert hip_reading(FOUND, BOX, logits(**{name: 0.9}), card).operative_group == group


@pytest.mark.parametrize(
    ("share", "suspicious", "definite"),
    [(0.05, False, False), (0.5, True, False), (0.95, True, True)],
)
def test_two_operating_points(card, share, suspicious, definite):
    shares = {"intertrochanteric": share, "no_fracture": 1 - share}
    hip = hip_reading(FOUND, BOX, logits(**shares), card)
    assert (hip.suspicious, hip.definite) == (suspicious, definite)


def test_the_flag_is_raised_for_a_hip_called_normal(card):
    shares = {"nondisplaced_femoral_neck": 0.15, "no_fracture": 0.8}
    assert hip_reading(FOUND, BOX, logits(**shares), card).nondisplaced_possible
    shares = {"nondisplaced_femoral_neck": 0.05, "no_fracture": 0.9}
    assert not hip_reading(FOUND, BOX, logits(**shares), card).nondisplaced_possible


def test_the_heat_map_explains_fracture_when_suspicious_and_else_the_likeliest(card):
    fracture = hip_reading(FOUND, BOX, logits(intertrochanteric=0.9), card)
    assert set(fracture.heat_map_of) == HIP_CLASSES.positive
    assert hip_reading(FOUND, BOX, logits(arthroplasty=0.99), card).heat_map_of == ("arthroplasty",)


def test_a_package_without_points_calls_nothing(card):
    bare = card.model_copy(update={"operating_points": ()})
    hip = hip_reading(FOUND, BOX, logits(intertrochanteric=0.9), bare)
    assert (hip.suspicious, hip.definite, hip.nondisplaced_possible) == (None, None, False)


def test_a_reading_survives_json(card):
    conformal = ConformalQuantiles(
        coverage=0.9,
        quantiles=dict.fromkeys(HIP_CLASSES.classes, 0.5),
        counts=dict.fromkeys(HIP_CLASSES.classes, 9),
    )
    full = card.model_copy(update={"conformal": conformal})
    hip = hip_reading(FOUND, BOX, logits(intertrochanteric=0.9), full)
    assert hip.prediction_set == ("intertrochanteric",)
    reading = FilmReading("a.dcm", "read", flags=(Note("x", "y"),), hips=(hip,))
    reading = replace(reading, pixel_spacing_mm=(0.2, 0.2), files=("films/a/annotated.png",))
    text = json.dumps(reading.as_json(), allow_nan=False)
    assert reading_from_json(json.loads(text)) == reading
