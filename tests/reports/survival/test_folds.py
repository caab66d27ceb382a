"""Several folds: patients once, ranks within folds, outside patients by the mean of the folds."""

import numpy as np
import pandas as pd
import pytest
from tests.reports.survival.simulated import simulate

from osteon.reports.survival.evaluation import evaluate_survival
from osteon.reports.survival.facts import survival_limitations
from osteon.reports.survival.folds import at_common_times, external_means
from osteon.reports.survival.tables import cohort_table, ranking_table
from osteon.statistics.concordance import concordance_index_harrell, concordance_replicates

FOLDS = 3
SHIFT = 100.0  # added to a fold's scores: another scale, the same ranks


@pytest.fixture(scope="module")
def folded():
    """Three folds over the hospital, each fold's scores on a scale of its own."""
    study = simulate(
        seed=11, sizes={"internal_test": 240, "external_test": 150},
        models=("ensemble", "clinical", "mean_brightness"),
    )  # fmt: skip
    inside = study.splits.loc[study.splits["subset"] == "internal_test", "patient_id"].tolist()
    part = {patient: number % FOLDS for number, patient in enumerate(inside)}

    def subset(patient, fold):
        if patient not in part:
            return "external_test"
        tested = {part[patient]: "internal_test", (part[patient] - 1) % FOLDS: "tuning"}
        return tested.get(fold, "training")

    def spread(table):
        copies = [
            table.assign(
                fold=fold, subset=[subset(patient, fold) for patient in table["patient_id"]]
            )
            for fold in range(FOLDS)
        ]
        return pd.concat(copies, ignore_index=True)

    splits, scores, curves = map(spread, (study.splits, study.risk_scores, study.survival_curves))
    scores["risk_score"] += SHIFT * scores["fold"]
    ended = (curves["model"] == "clinical") & (curves["fold"] == 1) & (curves["time_days"] > 3000)
    return study, (study.follow_up, splits, scores, curves[~ended])


@pytest.fixture(scope="module")
def found(folded, plan):
    study, tables = folded
    return evaluate_survival(
        *tables, is_synthetic=True, seed=3, plan=plan, ceiling_log_hazard=study.log_hazard
    )


def within_folds(rows, follow_up):
    known = follow_up.set_index("patient_id").loc[rows["patient_id"]]
    return known["time_days"], known["cause"] == 1, rows["risk_score"]


def test_the_internal_test_is_every_patient_once(found, folded):
    count = found.count("internal_test")
    assert count.patients == count.cases == 240
    assert {item.subset for item in found.counts} == {"internal_test", "external_test"}
    assert found.folds == FOLDS
    assert "Pooled over 3 folds" in cohort_table(found).note
    assert "one fold only" in ranking_table(found).note
    assert any("folds share training patients" in text for text in survival_limitations(found))


def test_concordance_counts_pairs_of_one_fold_only(found, folded):
    _, (follow_up, _, scores, _) = folded
    rows = scores.query("subset == 'internal_test' and model == 'ensemble'")
    c = found.find("internal_test", "ensemble", "concordance.harrell").estimate
    won = pairs = 0
    for _, own in rows.groupby("fold"):  # pair by pair, fold by fold
        time, event, score = (np.asarray(x) for x in within_folds(own, follow_up))
        for i in np.flatnonzero(event):
            later = (time > time[i]) | ((time == time[i]) & ~event)
            won += np.sum((score[i] > score[later]) + 0.5 * (score[i] == score[later]))
            pairs += later.sum()
    assert c.value == pytest.approx(won / pairs)
    assert "within strata" in c.method
    mixed = concordance_index_harrell(*within_folds(rows, follow_up)).value
    assert mixed < c.value - 0.1  # the folds' scales would have spoiled it


def test_scales_of_the_folds_do_not_matter(folded, plan, found):
    _, (follow_up, splits, scores, curves) = folded
    plain = scores.assign(risk_score=scores["risk_score"] - SHIFT * scores["fold"])
    same = evaluate_survival(follow_up, splits, plain, curves, is_synthetic=True, seed=3, plan=plan)
    for name in ("concordance.harrell", "concordance.uno", "auroc.1095", "brier_ipcw.730"):
        one, other = (x.find("internal_test", "ensemble", name).estimate for x in (same, found))
        assert one.value == pytest.approx(other.value)
    first, second = same.groups[0], found.groups[0]
    assert [g.events for g in first.groups] == [g.events for g in second.groups]


def test_outside_patients_get_the_mean_of_the_folds(folded):
    _, (_, _, scores, curves) = folded
    pooled = external_means(scores)
    outside = pooled[pooled["subset"] == "external_test"]
    assert not outside.duplicated(["case_id", "model"]).any()
    first = outside.iloc[0]
    own = scores[(scores["case_id"] == first["case_id"]) & (scores["model"] == first["model"])]
    assert first["risk_score"] == pytest.approx(own["risk_score"].mean())
    assert len(pooled) - len(outside) == (scores["subset"] != "external_test").sum()
    times = external_means(curves).query("subset == 'external_test' and model == 'clinical'")
    assert times["time_days"].max() < 3000  # fold 1 tells nothing beyond


def test_curves_are_told_at_the_times_of_every_fold(folded):
    kept = at_common_times(folded[1][3])
    inside = kept.query("subset == 'internal_test' and model == 'clinical'")
    assert inside["time_days"].max() < 3000
    assert kept.query("model == 'ensemble'")["time_days"].max() == 3650


def test_strata_of_the_replicates_are_those_of_the_value(folded):
    _, (follow_up, _, scores, _) = folded
    rows = scores.query("subset == 'internal_test' and model == 'clinical'")
    arrays = within_folds(rows, follow_up)
    value = concordance_index_harrell(*arrays, stratum=rows["fold"].to_numpy()).value
    (again,) = concordance_replicates(*arrays, stratum=rows["fold"].to_numpy())
    assert again == pytest.approx(value)
