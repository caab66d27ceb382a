import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.reports.survival.simulated import simulate

from osteon.errors import SettingsError, TableError, UsageError
from osteon.prediction.risk_curves import RiskCurves
from osteon.reports.survival.comparisons import model_tests
from osteon.reports.survival.evaluation import evaluate_survival
from osteon.reports.survival.measures import model_measures
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted, SurvivalTables
from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.survival.risk_groups import CutPoints, cut_points, risk_groups
from osteon.statistics.calibration_censored import observed_expected_ratio_censored
from osteon.statistics.competing import cumulative_incidence
from osteon.statistics.concordance import concordance_index_harrell, concordance_index_uno
from osteon.statistics.gray import gray_test
from osteon.statistics.multiplicity import holm
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
)
from osteon.statistics.time_dependent_brier import brier_score_ipcw

BY_HAND = Predicted(
    "internal_test", "ensemble", np.array(list("abcd")), np.array(list("abcd")),
    np.array([100.0, 200.0, 300.0, 400.0]), np.array([1, 2, 1, 0]),
    np.zeros(4), np.zeros(4, int), np.array([4.0, 1.0, 2.0, 3.0]),
    RiskCurves(np.array([0.0, 500.0]), 1 - np.array([[0, 0.8], [0, 0.2], [0, 0.4], [0, 0.6]])),
)  # fmt: skip


@pytest.fixture(scope="module")
def models(survival_study):
    follow_up, _, scores, curves = survival_study.tables()
    tables = SurvivalTables(follow_up, scores, curves, survival_study.log_hazard)
    return {one.model: one for one in tables.predicted("internal_test")}


def value(measures, name):
    return next(m.estimate.value for m in measures if m.id == name)


def test_a_case_by_hand():
    """Four patients: fracture at 100, death at 200, fracture at 300, censored at 400.

    Pairs of Harrell's C: 100 before each of three (all won), 300 before 400 (lost): 3/4. By 250
    days: risks 0.4, 0.1, 0.2, 0.3; one fracture, nobody censored before: Brier
    (0.6^2 + 0.1^2 + 0.2^2 + 0.3^2) / 4; the null model's 1/4 x 3/4; observed 1/4 over mean 1/4.
    """
    plan = SurvivalAnalysisPlan(horizons_days=(250.0,), replicates=20, tau_days=350, brier_steps=1)
    found = model_measures(BY_HAND, plan, 1)
    assert value(found, "concordance.harrell") == 0.75
    assert value(found, "auroc.250") == 1.0
    assert value(found, "brier_ipcw.250") == pytest.approx(0.5 / 4)
    assert value(found, "ipa.250") == pytest.approx(1 - 0.125 / 0.1875)
    assert value(found, "risk.observed.250") == pytest.approx(0.25)
    assert value(found, "calibration.oe.250") == pytest.approx(1.0)
    assert {m.id: m.events for m in found}["concordance.harrell"] == 2


def test_numbers_are_those_of_the_statistics(survival, models):
    one = models["ensemble"]
    t, cause, score, risk = one.time_days, one.cause, one.risk_score, one.risk(1095.0)
    event = (cause == 1).astype(int)
    expected = {
        "concordance.harrell": concordance_index_harrell(t, event, score, cluster=one.patient_ids),
        "concordance.uno": concordance_index_uno(
            t, event, score, tau=1825, cluster=one.patient_ids
        ),
        "auroc.1095": cumulative_dynamic_auroc(t, cause, score, 1095, cluster=one.patient_ids),
        "brier_ipcw.1095": brier_score_ipcw(t, cause, risk, 1095, cluster=one.patient_ids),
        "risk.observed.1095": cumulative_incidence(t, cause, 1095),
        "calibration.oe.1095": observed_expected_ratio_censored(
            t, cause, risk, 1095, cluster=one.patient_ids
        ),
    }
    for name, estimate in expected.items():
        assert survival.find("internal_test", "ensemble", name).estimate == estimate, name


def test_differences_are_those_of_the_statistics_and_adjusted_by_holm(survival, models):
    one, two = models["ensemble"], models["clinical"]
    tests = [test for test in survival.tests if test.subset == "internal_test"]
    found = {(test.comparison, test.measure): test for test in tests}
    area = cumulative_dynamic_auroc_difference(
        one.time_days, one.cause, one.risk_score, two.risk_score, 730, cluster=one.patient_ids
    )
    assert found["clinical", "auroc.730"].result == area
    values = {
        name: survival.find("internal_test", name, "concordance.harrell").estimate.value
        for name in ("ensemble", "clinical", "frontal", "lateral", "axial")
    }
    gap = found["clinical", "concordance.harrell"].result.difference.value
    assert gap == pytest.approx(values["ensemble"] - values["clinical"])
    gap = found["mean_single_view", "concordance.harrell"].result.difference.value
    mean = np.mean([values[name] for name in ("frontal", "lateral", "axial")])
    assert gap == pytest.approx(values["ensemble"] - mean)
    family = [test for test in tests if test.comparison != "ceiling"]
    assert len(family) == 6 * 4
    adjusted = holm([test.result.p_value for test in family])
    assert [test.p_holm for test in family] == pytest.approx(adjusted)
    wrong = found["clinical", "concordance.harrell"].invalid
    assert wrong.method.startswith("INVALID")
    assert math.isnan(found["ceiling", "concordance.harrell"].p_holm)
    assert "non-inferior with margin 0.05" in found["ceiling", "concordance.harrell"].result.method


def test_only_the_order_of_scores_matters(models):
    plan = SurvivalAnalysisPlan(replicates=10)
    one = replace(models["ensemble"], curves=None)
    found = model_measures(one, plan, 1)
    moved = model_measures(replace(one, risk_score=one.risk_score + 17.5), plan, 1)
    assert moved == found
    turned = model_measures(replace(one, risk_score=-one.risk_score), plan, 1)
    for before, after in zip(found, turned, strict=True):
        assert after.estimate.value == pytest.approx(1 - before.estimate.value), before.id


def test_permuted_outcomes_are_chance():
    study = simulate(seed=3, sizes={"internal_test": 1500}, models=("ensemble",))
    follow_up, _, scores, curves = study.tables()
    rng = np.random.default_rng(4)
    mixed = follow_up.copy()
    columns = ["time_days", "cause", "end_reason", "end_date"]
    order = rng.permutation(len(mixed))
    mixed[columns] = mixed[columns].iloc[order].set_axis(mixed.index)
    for table, low, high in ((follow_up, 0.65, 0.9), (mixed, 0.45, 0.55)):
        (one,) = SurvivalTables(table, scores, curves).predicted("internal_test")
        c = concordance_index_harrell(one.time_days, one.event, one.risk_score).value
        assert low < c < high


def test_a_patient_with_two_scans_is_one_cluster(models):
    """Scanning everybody twice must not narrow an interval."""
    plan = SurvivalAnalysisPlan(replicates=10)
    one = replace(models["ensemble"], curves=None)
    twice = one.where(np.repeat(True, len(one)))
    double = replace(
        one,
        case_ids=np.concatenate([one.case_ids, np.char.add(one.case_ids, "x")]),
        patient_ids=np.tile(one.patient_ids, 2),
        time_days=np.tile(one.time_days, 2),
        cause=np.tile(one.cause, 2),
        entry_days=np.tile(one.entry_days, 2),
        fold=np.tile(one.fold, 2),
        risk_score=np.tile(one.risk_score, 2),
    )
    for first, second in zip(
        model_measures(twice, plan, 1), model_measures(double, plan, 1), strict=True
    ):
        a, b = first.estimate, second.estimate
        assert b.high - b.low == pytest.approx(a.high - a.low, rel=0.05), first.id


def test_beyond_follow_up_there_is_a_reason_and_the_last_honest_time(survival_study):
    plan = SurvivalAnalysisPlan(
        horizons_days=(730.0, 3300.0), replicates=10, brier_steps=2, calibrated_models=("ensemble",)
    )
    found = evaluate_survival(*survival_study.tables(), is_synthetic=True, seed=2, plan=plan)
    last = found.count("internal_test").last_day
    for name in ("auroc", "brier_ipcw", "risk.observed", "calibration.oe", "calibration.ici"):
        measure = found.find("internal_test", "ensemble", f"{name}.3300")
        assert not measure.estimate.is_defined, name
        assert f"{last:g}" in measure.estimate.reason
    assert not found.find("internal_test", "ensemble", "ipa.integrated").estimate.is_defined
    assert any("3300" in (test.result.reason or "") for test in found.tests)
    json.dumps(found.to_json(), allow_nan=False)
    curves = RiskCurves(np.array([0.0, 500.0]), np.ones((4, 2)))
    short = replace(BY_HAND, curves=curves)
    ends = [m for m in model_measures(short, plan, 1) if m.id == "brier_ipcw.730"]
    assert "curves end at 500 days" in ends[0].estimate.reason


def test_json_goes_there_and_back(survival):
    text = json.dumps(survival.to_json(), allow_nan=False)
    again = SurvivalEvaluation.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert again.subsets == ("internal_test", "external_test")
    assert again.counts == survival.counts
    table = again.measures_table()
    assert {"value", "low", "high", "events", "reason"} <= set(table.columns)


def test_counts_add_up(survival, survival_study):
    rows = survival_study.follow_up
    assert sum(c.patients for c in survival.counts) == len(rows)
    assert sum(c.events for c in survival.counts) == (rows["cause"] == 1).sum()
    years = sum(c.person_years for c in survival.counts)
    assert years == pytest.approx(rows["time_days"].sum() / 365.25)
    for item in survival.counts:
        assert item.events + item.deaths + item.censored == item.patients
        assert item.rate.value == pytest.approx(100 * item.events / item.person_years)


def test_cut_points_come_from_patients_who_are_not_tested(models, survival, plan):
    with pytest.raises(UsageError, match="not tested"):
        cut_points(models["ensemble"], plan)
    item = survival.groups[0]
    assert item.cut_points_from == "tuning"
    assert sum(group.patients for group in item.groups) == len(models["ensemble"])
    same = risk_groups(models["ensemble"], CutPoints({0: item.cut_points}), plan)
    assert [g.events for g in same.groups] == [g.events for g in item.groups]
    low, high = item.groups[0], item.groups[-1]
    assert low.incidence["1825"].value < high.incidence["1825"].value
    assert low.at_risk.counts[0] == low.patients
    assert item.test.method.startswith("log-rank")
    one = models["ensemble"]
    place = np.searchsorted(np.array(item.cut_points), one.risk_score, side="right")
    assert item.gray == gray_test(one.time_days, one.cause, place)


def test_comparisons_need_their_models(models, plan):
    alone = model_tests([models["ensemble"]], plan, 1)
    assert alone == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"horizons_days": [1095, 730]}, "rising times"),
        ({"recalibration_share": 1.0}, "share in"),
        ({"risk_group_shares": [0.5, 0.5]}, "rising shares"),
        ({"cut_points_from": "internal_test"}, "cut_points_from"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change, words):
    with pytest.raises(SettingsError, match=words):
        SurvivalAnalysisPlan().changed(change)


def test_tables_that_do_not_fit_are_refused(survival_study, plan):
    follow_up, splits, scores, curves = survival_study.tables()

    def evaluated(**changed):
        given = {"follow_up": follow_up, "splits": splits, "risk_scores": scores,
                 "survival_curves": curves} | changed  # fmt: skip
        return evaluate_survival(**given, is_synthetic=True, seed=1, plan=plan)

    with pytest.raises(TableError, match="has no follow-up"):
        evaluated(follow_up=follow_up.iloc[1:])
    with pytest.raises(TableError, match="no case is in a test subset"):
        evaluated(risk_scores=scores[scores["subset"] == "training"])
    other = splits.assign(subset="training")
    with pytest.raises(TableError, match="the splits say training"):
        evaluated(splits=other)
    is_first = (scores["model"] == "frontal") & (scores["subset"] == "internal_test")
    first = scores.index[is_first][0]
    with pytest.raises(TableError, match="the cases of model frontal are not those"):
        evaluated(risk_scores=scores.drop(index=first))
    doubled = pd.concat([scores, scores[is_first].assign(fold=1)])
    both = pd.concat([splits, splits.assign(fold=1)])
    with pytest.raises(TableError, match="several folds"):
        evaluated(risk_scores=doubled, splits=both)
    rising = curves.assign(event_free=1 - curves["event_free"])
    with pytest.raises(TableError, match="rises where it has to fall"):
        evaluated(survival_curves=rising)
    with pytest.raises(TableError, match="has not a value at each"):
        evaluated(survival_curves=curves.drop(index=curves.index[5]))
    with pytest.raises(TableError, match="no true log hazard"):
        SurvivalTables(follow_up, scores, curves, {}).predicted("internal_test")
