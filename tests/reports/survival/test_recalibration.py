from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports.survival.simulated import simulate

from osteon.prediction.risk_curves import RiskCurves
from osteon.reports.survival.predicted import SurvivalTables
from osteon.reports.survival.recalibration import (
    AS_IT_IS,
    LEVEL,
    recalibrated,
    split_patients,
)
from osteon.statistics.concordance import concordance_index_harrell

DAYS = np.linspace(0, 3650, 13)


def curves_of(hazard, death=0.0001):
    hazard = np.asarray(hazard, float)[:, None]
    free = np.exp(-hazard * DAYS)
    total = hazard + death
    return RiskCurves(
        DAYS, free, hazard / total * (1 - np.exp(-total * DAYS)), free**1.2, free**0.8
    )


@pytest.fixture(scope="module")
def outside():
    study = simulate(seed=5, sizes={"external_test": 900, "tuning": 400}, external_rate=0.4,
                     models=("ensemble",))  # fmt: skip
    follow_up, _, scores, curves = study.tables()
    tables = SurvivalTables(follow_up, scores, curves)
    return tables.predicted("external_test")[0], tables.predicted("tuning")[0]


def oe(found, version):
    return next(
        m.estimate for m in found.measures if (m.model, m.id) == (version, "calibration.oe.1825")
    )


def test_the_level_comes_right_on_patients_who_did_not_fit_it(outside, plan):
    found = recalibrated(outside[0], None, plan, 1)
    assert found.patients + found.tested_patients == 900
    assert found.intercept.low < np.log(0.4) < found.intercept.high
    assert oe(found, AS_IT_IS).high < 1
    assert oe(found, LEVEL).low < 1 < oe(found, LEVEL).high


def test_tuning_patients_can_fit_it_and_then_everybody_outside_is_tested(outside, plan):
    on_tuning = plan.changed({"recalibrated_on": "tuning"})
    found = recalibrated(*outside, on_tuning, 1)
    assert (found.patients, found.tested_patients) == (400, 900)
    assert found.fitted_on == "tuning patients"
    assert recalibrated(outside[0], None, on_tuning, 1) is None
    assert recalibrated(replace(outside[0], curves=None), None, plan, 1) is None


def test_nobody_fits_and_is_tested(outside):
    ids = np.repeat(outside[0].patient_ids[:50], 2)
    chosen = split_patients(ids, 0.4, np.random.default_rng(1))
    assert not set(ids[chosen]) & set(ids[~chosen])
    assert chosen.sum() == 40


def test_no_event_to_fit_is_told(outside, plan):
    nobody = replace(outside[0], cause=np.zeros(900, np.intp))
    found = recalibrated(nobody, None, plan, 1)
    assert found.intercept.reason == "no event: nothing to fit"
    assert {m.model for m in found.measures} == {AS_IT_IS}


@given(st.lists(st.floats(1e-6, 2e-3), min_size=2, max_size=5), st.floats(0.1, 5))
def test_scaling_a_hazard_is_the_curve_of_the_scaled_hazard(hazards, factor):
    """Against the closed form of constant hazards; steps of 304 days blur deaths in between."""
    scaled = curves_of(hazards).scaled(np.full(len(hazards), factor))
    right = curves_of(np.array(hazards) * factor)
    assert scaled.event_free == pytest.approx(right.event_free, rel=1e-9)
    assert scaled.incidence == pytest.approx(right.incidence, abs=0.02)
    assert (np.diff(scaled.incidence, axis=1) >= -1e-12).all()


def test_a_factor_of_one_changes_nothing_and_a_common_factor_no_rank():
    before = curves_of([1e-4, 3e-4, 2e-4])
    same = before.scaled(np.ones(3))
    assert same.incidence == pytest.approx(before.incidence, abs=1e-12)
    halved = before.scaled(np.full(3, 0.5))
    assert np.argsort(halved.risk(1825)).tolist() == [0, 2, 1]
    c = [concordance_index_harrell([3, 1, 2], [0, 1, 1], x.risk(1825)) for x in (before, halved)]
    assert c[0].value == c[1].value
