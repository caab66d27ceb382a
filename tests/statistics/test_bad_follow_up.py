"""Whatever follow-up is thrown at a public statistic: a named error, or NaN with its reason."""

import inspect
import math

import numpy as np
import pytest

import osteon.statistics
from osteon.core.records import Curve, Estimate
from osteon.errors import DataError, OsteonError

RNG = np.random.default_rng(0)
N = 40
RISK = np.round(RNG.uniform(0.05, 0.9, N), 3)
SOUND = {
    "time": np.round(RNG.exponential(2, N), 2) + 0.01,
    "event": RNG.integers(0, 2, N),
    "risk_score": RISK,
    "probability": RISK,
    "probabilities": np.column_stack([RISK / 2, RISK]),
    "horizons": np.array([0.5, 1.0]),
    "horizon": 1.0,
    "first": RISK,
    "second": RISK[::-1],
    "group": np.arange(N) % 2,
    "covariates": RISK,
}
FUNCTIONS = {
    name: getattr(osteon.statistics, name)
    for name in osteon.statistics.__all__
    if inspect.isfunction(getattr(osteon.statistics, name))
    and {"time", "event"} <= set(inspect.signature(getattr(osteon.statistics, name)).parameters)
}


def call(name, **changed):
    given = SOUND | changed
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    used = {key: given[key] for key in parameters if key in given}
    if "rng" in parameters:
        used["rng"] = np.random.default_rng(1)
    return FUNCTIONS[name](**used)


def test_all_of_them_are_found():
    assert len(FUNCTIONS) >= 20
    assert {"kaplan_meier", "concordance_index_uno", "calibration_errors_censored"} <= set(
        FUNCTIONS
    )


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("key", "bad", "told"),
    [
        ("time", np.r_[np.nan, SOUND["time"][1:]], "not finite"),
        ("time", -SOUND["time"], "at least 0"),
        ("time", SOUND["time"][:-1], "one length|shape"),
        ("event", np.r_[7, SOUND["event"][1:]], "event holds"),
        ("event", np.r_[np.nan, SOUND["event"][1:]], "not finite"),
    ],
    ids=["NaN time", "negative time", "one time less", "undeclared event", "NaN event"],
)
def test_bad_follow_up_is_named(name, key, bad, told):
    with pytest.raises(DataError, match=told):
        call(name, **{key: bad})


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "changed",
    [
        {"event": np.zeros(N, int)},
        {"event": np.ones(N, int)},
        {"time": np.ones(N)},
        {"horizon": 1e6, "horizons": np.array([1e6, 2e6])},
        {"risk_score": np.full(N, 0.5), "probability": np.full(N, 0.5), "first": np.full(N, 0.5)},
    ],
    ids=["no event", "all events", "all times tied", "beyond follow-up", "constant scores"],
)
def test_odd_follow_up_has_an_answer_or_a_reason(name, changed):
    try:
        found = call(name, **changed)
    except OsteonError:
        return  # named: anything else fails the test
    if isinstance(found, Estimate):
        assert found.reason or not math.isnan(found.low)
    elif not isinstance(found, Curve) and hasattr(found, "p_value"):
        assert found.reason or not math.isnan(found.p_value)
