"""Whatever is thrown at a public statistic: a named error, or an answer that says why it is NaN."""

import dataclasses
import importlib
import inspect
import math

import numpy as np
import pytest

import osteon.statistics
from osteon.core.records import Curve, Estimate
from osteon.core.records import TestResult as Answer
from osteon.errors import OsteonError
from osteon.statistics.catalogue import catalogue
from osteon.statistics.checks import finite_array
from osteon.statistics.detection_matching import BoxTable
from osteon.statistics.marks import Marks
from osteon.statistics.mrmc_result import VarianceComponents
from osteon.statistics.thresholds import choose_threshold

N = 24
DRAW = np.random.default_rng(0)
TRUTH = np.arange(N) % 2
SCORE = np.round(TRUTH + DRAW.normal(size=N), 1)
OTHER = np.round(0.5 * TRUTH + DRAW.normal(size=N), 1)
CHANCE = np.clip(0.5 + SCORE / 8, 0.02, 0.98)
CALLED = (SCORE > 0.5).astype(int)
BOXES = np.column_stack([np.arange(N), np.arange(N), np.arange(N) + 9, np.arange(N) + 7]) * 1.0
MASK = np.zeros((6, 8), bool)
MASK[1:4, 2:6] = True
GAP = Estimate(0.1, 0.02, 0.2, 0.95, "given", 40)
PATIENT = np.arange(N) // 2
THREE = (TRUTH + np.arange(N) // 6) % 3
RATINGS = np.stack([TRUTH + DRAW.normal(size=(3, N)) for _ in range(2)])


def mean(*arrays):
    """A statistic for those that take one: it refuses what is not numbers, as ours do."""
    first, *rest = (finite_array("values", values) for values in arrays)
    if first.size == 0:
        return math.nan
    return first.mean() - sum(values.mean() for values in rest)


BY_NAME = {
    "reference_standard": TRUTH, "score": SCORE, "probability": CHANCE, "predicted": CALLED,
    "first": SCORE, "second": OTHER, "values": SCORE, "success": CALLED, "cluster": PATIENT,
    "time": np.ceil(4 * np.exp(OTHER)), "event": CALLED, "risk_score": SCORE, "horizon": 3.0,
    "group": np.arange(N) % 3, "first_right": CALLED, "second_right": 1 - TRUTH, "margin": 0.1,
    "covariates": np.column_stack([SCORE, OTHER]), "ratings": np.column_stack([THREE, THREE[::-1]]),
    "p_values": CHANCE, "difference": GAP, "counts": [[12, 5], [4, 9]], "level": 0.95,
    "marks": Marks.of([0, 1, 2, 0], [0, 1, 2, 2], [1.0, 2.0, 3.0, 2.0], [-1, 0, 0, 1]),
    "statistic": mean, "arrays": SCORE, "model": SCORE, "readers": RATINGS[0],
    "raters": np.stack([THREE, THREE[::-1]]),
    "iou": np.clip(CHANCE, 0, 1), "reference": MASK, "rng": None, "area": 0.8, "expected": 0.9,
    "half_width": 0.05, "kappa": 0.6, "prevalence": 0.3, "spacing_mm": (0.5, 0.5),
    "tolerance_mm": 1.0, "chosen_on": "tuning", "measured_on": "test",
    "point": choose_threshold(TRUTH, SCORE, chosen_on="tuning"), "false_marks_per_case": 1.0,
    "effect": 0.05, "pilot_cases": 100, "cases": 100, "coefficient": "gwet", "classes": (0, 1, 2),
    "components": VarianceComponents(0.001, 0.0002, 0.0008, 0.0003, 0.0003, 0.0002),
}  # fmt: skip
THREE_D = {"ratings": RATINGS}
FOUR = {"cluster": np.arange(4) // 2}
CATEGORIES = {"first": THREE, "second": THREE[::-1], "reference_standard": THREE}
BY_FUNCTION = {
    "cohen_kappa": CATEGORIES, "kappa_test": CATEGORIES, "kappa_difference": CATEGORIES,
    "group_kappa": CATEGORIES, "obuchowski_rockette": THREE_D, "u_statistic_analysis": THREE_D,
    "dorfman_berbaum_metz": THREE_D, "box_iou": {"first": BOXES, "second": BOXES + 2},
    "iou_matrix": {"first": BOXES, "second": BOXES + 2}, "dice": {"predicted": MASK[::-1]},
    "jaccard": {"predicted": MASK[::-1]}, "surface_distances": {"predicted": MASK[::-1]},
    "surface_dice": {"predicted": MASK[::-1]}, "match_boxes": {"iou": np.eye(3)},
    "proportion_difference": {"first": CALLED, "second": TRUTH},
    "analyse_readers": {"values": RATINGS.mean(axis=2), "covariance": 0.01 * np.eye(6)},
    "krogue_margin": {"within_pair_differences": OTHER},
    "superior_to_reader": {
        "kappa_gap": GAP, "reader_point": (0.2, 0.5), "band_x": np.linspace(0, 1, 5),
        "band_low": np.linspace(0, 1, 5),
    },
    "mean_average_precision": {
        "reference": BoxTable.of(np.arange(N), THREE, BOXES),
        "detected": BoxTable.of(np.arange(N), THREE, BOXES + 1, score=SCORE),
    },
    "identification_rate": {
        "reference_mm": BOXES[:, :3], "predicted_mm": BOXES[:, :3] + 1.0,
    },
    "confusion_matrix": {"reference_standard": THREE, "predicted": THREE[::-1]},
    "per_class": {
        "reference_standard": THREE, "probabilities": np.full((N, 3), 1 / 3),
    },
    "delong_test_unpaired": {"first": (TRUTH, SCORE), "second": (TRUTH, OTHER), "cluster": None},
    "intraclass_correlation": {"ratings": np.column_stack([SCORE, OTHER])},
    "icc_test": {"ratings": np.column_stack([SCORE, OTHER])},
    "figure_of_merit": FOUR, "froc_curve": FOUR, "froc_sensitivity": FOUR,
    "average_precision": {"cluster": None},
    "hand_till": {"reference_standard": THREE, "probabilities": np.full((N, 3), 1 / 3)},
    "integrated_brier_score": {
        "probabilities": np.column_stack([CHANCE, CHANCE]), "horizons": [2.0, 3.0],
    },
    "sample_size_auroc_difference": {"first": 0.9, "second": 0.8},
    "reader_study_power": {"readers": 6}, "reader_study_cases": {"readers": 6},
    "reader_study_plan": {"readers": (4, 6)},
}  # fmt: skip
FILES = {"read_imrmc", "write_imrmc"}  # their contents are thrown in test_mrmc_lists
FEW = {"replicates": 20, "permutations": 20}

FUNCTIONS = {
    entry.name: getattr(importlib.import_module(f"osteon.statistics.{entry.module}"), entry.name)
    for entry in catalogue()
    if entry.name in osteon.statistics.__all__ and entry.name not in FILES
}


def sample(name, parameter):
    """A sound value: the function's own, the name's, or one that fits the annotation."""
    own = BY_FUNCTION.get(name, {})
    for known in (own, BY_NAME):
        if parameter.name in known:
            return known[parameter.name]
    kind = str(parameter.annotation)
    return {"int": 2, "float": 0.5, "str": "text"}.get(
        kind.split("'")[-2] if "'" in kind else kind, SCORE
    )


def sound(name):
    """Arguments of a call that has an answer."""
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    values = {}
    for key, parameter in parameters.items():
        if key == "rng":
            values[key] = np.random.default_rng(1)
        elif key in FEW:
            values[key] = FEW[key]
        elif parameter.default is parameter.empty or key == "cluster":
            values[key] = sample(name, parameter)
    if values.get("cluster", 0) is None:
        del values["cluster"]
    return values


def call(name, values):
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters
    values = dict(values)
    first = [values.pop(k) for k, p in parameters.items() if k in values and p.kind not in (
        p.KEYWORD_ONLY,)]  # fmt: skip
    return function(*first, **values)


def outcome(name, bad):
    """The answer and the error's message; one of the two is None."""
    try:
        return call(name, sound(name) | bad), None
    except OsteonError as error:
        return None, error.message


def answers_of(result):
    """Every estimate, test and curve inside a result."""
    if isinstance(result, Estimate | Answer | Curve):
        yield result
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        for field in dataclasses.fields(result):
            yield from answers_of(getattr(result, field.name))
    elif isinstance(result, dict):
        for value in result.values():
            yield from answers_of(value)
    elif isinstance(result, tuple | list):
        for value in result:
            yield from answers_of(value)


def spoil(value):
    """Bad versions of an array, by name."""
    array = np.asarray(value)
    numbers = array.astype(float)
    last = numbers.ravel()[-1] if numbers.size else 0.0
    with_nan, with_inf = numbers.copy(), numbers.copy()
    with_nan.flat[0], with_inf.flat[0] = np.nan, np.inf
    yield "NaN", with_nan
    yield "all NaN", np.full(numbers.shape, np.nan)
    yield "infinity", with_inf
    yield "one value throughout", np.full(array.shape, last).astype(array.dtype)
    yield "zeros", np.zeros(array.shape, array.dtype)
    yield "one row less", array[:-1]
    yield "one less along the last axis", array[..., :-1]
    yield "nothing", array[:0]
    yield "one row", array[:1]
    yield "text", np.full(array.shape, "much")
    yield "negative", -1 - numbers
    yield "another shape", array[None]
    yield "large", numbers * 1e9


def is_array(value):
    return isinstance(value, np.ndarray | list) and not isinstance(value, str)


CASES = [
    (name, key, label, bad)
    for name in FUNCTIONS for key, value in sound(name).items() if is_array(value)
    for label, bad in spoil(value)
]  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_sound_call_has_an_answer(name):
    call(name, sound(name))


@pytest.mark.parametrize(
    ("name", "key", "label", "bad"), CASES, ids=[f"{a}-{b}-{c}" for a, b, c, _ in CASES]
)
def test_bad_arrays(name, key, label, bad):
    result, told = outcome(name, {key: bad})
    if result is None:
        assert len(told) > 12
    for answer in answers_of(result):
        if isinstance(answer, Estimate) and math.isnan(answer.value):
            assert answer.reason
        if isinstance(answer, Estimate) and key != "cluster" and label in ("NaN", "infinity"):
            assert not math.isinf(answer.value)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if "reference_standard" in sound(n)])
@pytest.mark.parametrize("only", [0, 1])
def test_one_class(name, only):
    result, told = outcome(name, {"reference_standard": np.full(N, only)})
    assert result is not None or len(told) > 12


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if "cluster" in sound(n)])
def test_one_cluster_gives_no_certainty(name):
    size = len(sound(name)["cluster"])
    result, told = outcome(name, {"cluster": np.zeros(size, int)})
    if result is None:
        assert "two cases (patients)" in told
    for answer in answers_of(result):
        if isinstance(answer, Estimate) and not math.isnan(answer.value):
            no_width = answer.low == answer.high
            assert not no_width or "bootstrap" in answer.method or answer.reason, answer
