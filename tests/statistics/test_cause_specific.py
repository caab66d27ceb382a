"""Baselines and incidence from cause-specific hazards, by second routes."""

import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.cause_specific import (
    StepHazard,
    breslow_baseline,
    incidence_with_competing,
)
from osteon.statistics.competing import aalen_johansen
from osteon.statistics.cox import cox_regression


def drawn(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    own = rng.exponential(1 / (0.05 * np.exp(0.8 * x)))
    other = rng.exponential(1 / (0.10 * np.exp(-0.4 * x)))
    end = rng.uniform(3, 20, n)
    time = np.minimum.reduce([own, other, end])
    cause = np.select([own == time, other == time], [1, 2], 0)
    return x, time, cause


def test_breslow_is_the_baseline_of_the_cox_model():
    """With the model's own coefficients, and with none it is Nelson-Aalen."""
    x, time, cause = drawn(300)
    model = cox_regression(time, cause == 1, x, ties="breslow")
    found = breslow_baseline(time, cause == 1, model.log_hazard(x[:, None]))
    assert found.time == pytest.approx(model.baseline_time)
    assert found.cumulative == pytest.approx(model.baseline_hazard, rel=1e-9)
    assert found.at([0.0, 1e9]) == pytest.approx([0.0, model.baseline_hazard[-1]])


def test_without_covariates_it_is_aalen_and_johansen():
    _, time, cause = drawn()
    none = np.zeros(len(time))
    own, other = (breslow_baseline(time, cause == k, none) for k in (1, 2))
    times = [2.0, 5.0, 10.0]
    found = incidence_with_competing(own, other, [0.0], [0.0], times)[0]
    curve = aalen_johansen(time, cause)
    wanted = curve.y[np.searchsorted(curve.x, times, side="right") - 1]
    assert found == pytest.approx(wanted, abs=2e-4)


def test_incidence_of_constant_hazards_is_the_closed_form():
    steps = np.linspace(0.001, 10, 10000)
    own, other = StepHazard(steps, 0.05 * steps), StepHazard(steps, 0.1 * steps)
    found = incidence_with_competing(own, other, [0.0, 0.7], [0.0, -0.3], [1.0, 10.0])
    for i, (a, b) in enumerate([(0.05, 0.1), (0.05 * np.exp(0.7), 0.1 * np.exp(-0.3))]):
        wanted = a / (a + b) * -np.expm1(-(a + b) * np.array([1.0, 10.0]))
        assert found[i] == pytest.approx(wanted, rel=2e-3)
    alone = incidence_with_competing(own, None, [0.0], [0.0], [10.0])
    assert alone[0, 0] == pytest.approx(-np.expm1(-0.5))


def test_no_event_is_no_baseline():
    with pytest.raises(DataError, match="no event"):
        breslow_baseline([1, 2], [0, 0], [0.0, 0.0])
