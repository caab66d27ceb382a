"""Patients observed from late: what takes it counts from their entry, the rest says it cannot."""

import math

import numpy as np
import pytest

from osteon.reports.survival.evaluation import evaluate_survival
from osteon.reports.survival.facts import survival_limitations
from osteon.reports.survival.group_tables import risk_group_table
from osteon.reports.survival.page import SurvivalContent, render_survival_report
from osteon.statistics.competing import cumulative_incidence
from osteon.statistics.concordance import concordance_index_harrell

MODELS = ("ensemble", "clinical", "mean_brightness")


@pytest.fixture(scope="module")
def tables(survival_study):
    follow_up, splits, scores, curves = survival_study.tables()
    entry = np.where(follow_up["time_days"] > 200, 200.0, 0.0)
    late = follow_up.assign(entry_days=entry)
    own = (table[table["model"].isin(MODELS)] for table in (scores, curves))
    return late, splits, *own


@pytest.fixture(scope="module")
def found(tables, plan):
    return evaluate_survival(*tables, is_synthetic=True, seed=1, plan=plan)


@pytest.fixture(scope="module")
def patients(tables):
    """Internal test patients with the ensemble's score."""
    rows = tables[2].query("model == 'ensemble' and subset == 'internal_test'")
    return rows.merge(tables[0], on="patient_id").sort_values("case_id")


def test_it_is_counted_and_told(found):
    first = found.count("internal_test")
    assert first.late_entries > 0.7 * first.patients
    assert any("observed from after the index date" in s for s in survival_limitations(found))


def test_concordance_and_incidence_count_from_the_entry(found, patients):
    entry, time = (patients[name].to_numpy(float) for name in ("entry_days", "time_days"))
    cause, score = patients["cause"].to_numpy(int), patients["risk_score"].to_numpy(float)
    c = found.find("internal_test", "ensemble", "concordance.harrell").estimate
    won = pairs = 0.0
    for i in np.flatnonzero(cause == 1):
        others = ((time > time[i]) | ((time == time[i]) & (cause != 1))) & (entry < time[i])
        won += np.sum(score[i] > score[others]) + np.sum(score[i] == score[others]) / 2
        pairs += others.sum()
    assert c.value == pytest.approx(won / pairs)
    assert c.value != concordance_index_harrell(time, cause == 1, score).value
    risk = found.find("internal_test", "ensemble", "risk.observed.730").estimate
    assert risk == cumulative_incidence(time, cause, 730, entry=entry)


def test_what_weighs_for_censoring_says_why_it_is_not_told(found):
    weighted = (
        "concordance.uno", "auroc.730", "brier_ipcw.730", "brier_ipcw.integrated",
        "ipa.integrated", "calibration.oe.1095", "calibration.slope.1825",
    )  # fmt: skip
    for name in weighted:
        estimate = found.find("internal_test", "ensemble", name).estimate
        assert math.isnan(estimate.value)
        assert "late entry" in estimate.reason
    assert {curve.id for curve in found.curves} == {"risk.mean", "risk.observed"}
    assert found.recalibration is None
    areas = [test for test in found.tests if test.measure.startswith("auroc")]
    assert areas
    assert all("late entry" in test.result.reason for test in areas)


def test_groups_are_followed_without_grays_test(found):
    for item in found.groups:
        assert "late entry" in item.gray.reason
        assert not math.isnan(item.test.p_value)
    assert "no Gray’s test, late entry" in risk_group_table(found).note
    early = found.groups[0].groups[0].at_risk
    assert early.counts[0] < early.counts[1]  # most have not yet entered at day 0


def test_the_page_is_made_all_the_same(found):
    page = render_survival_report(SurvivalContent("T", "Q", "r1", "today", found))
    assert "settled under late entry" in page
