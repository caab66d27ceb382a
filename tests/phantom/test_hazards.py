"""Hazards: the stated risks are met, and a higher hazard comes earlier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.phantom.hazards import QUANTITIES, Baseline, baseline_for, hazard_model

DAYS = [(730.5, 0.1), (1826.25, 0.25), (3652.5, 0.5)]


def test_every_term_has_a_quantity_and_a_source():
    model = hazard_model()
    for term in (*model.fracture, *model.death):
        assert term.quantity in QUANTITIES
        assert term.source


@pytest.mark.parametrize("quiet", [0, 30])
def test_the_population_has_the_stated_risks(quiet):
    log_hazard = np.random.default_rng(0).normal(0, 1.5, 500)
    found = baseline_for(DAYS, log_hazard, quiet_days=quiet)
    for day, risk in DAYS:
        mean = np.mean(1 - np.exp(-found.hazard_until(day) * np.exp(log_hazard)))
        assert mean == pytest.approx(risk, abs=1e-9)
    assert found.hazard_until(quiet) == 0


@given(
    log_hazard=st.floats(-4, 4), more=st.floats(0, 3), exposure=st.floats(1e-6, 20),
    quiet=st.sampled_from([0, 30]),
)  # fmt: skip
def test_a_higher_hazard_never_comes_later(log_hazard, more, exposure, quiet):
    found = baseline_for(DAYS, np.zeros(3), quiet_days=quiet)
    later = found.event_day(log_hazard, exposure)
    assert found.event_day(log_hazard + more, exposure) <= later + 1e-9
    assert later >= quiet


@given(days=st.floats(31, 20000))
def test_day_and_hazard_are_inverse(days):
    found = Baseline((0.0, 30.0, 700.0, 3000.0), (0.0, 0.0, 0.2, 0.5))
    assert found.day_of(found.hazard_until(days)) == pytest.approx(days)
