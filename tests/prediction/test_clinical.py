"""The model of known risk factors: fitted on training alone, honest, and joined with an image."""

import numpy as np
import pandas as pd
import pytest

from osteon.core.schemas import CLINICAL, FOLLOW_UP, RISK_SCORES, SPLITS
from osteon.errors import DataError, SettingsError
from osteon.models.clinical import fit_clinical
from osteon.models.clinical_spec import ClinicalSpec
from osteon.phantom.refracture import plan_cohort
from osteon.phantom.refracture_settings import RefractureSettings
from osteon.phantom.refracture_tables import cohort_tables
from osteon.prediction.clinical import fuse_with_clinical, predict_clinical
from osteon.statistics import concordance_index_harrell

QUICK = ClinicalSpec(imputations=3, rounds=3)
RICH = {"fracture_risk": [0.25, 0.45, 0.65]}


@pytest.fixture(scope="module")
def study():
    """Cases, clinical, follow-up, splits and truth of 450 synthetic patients."""
    settings = RefractureSettings(n=450).changed(
        {"sites": {"development": RICH, "outside": RICH}, "faulty_share": 0.0, "quiet_days": 0}
    )
    tables = cohort_tables(plan_cohort(settings, 5))
    truth = tables["truth"]
    follow_up = FOLLOW_UP.checked(
        truth[["patient_id", "index_date", "time_days", "cause"]].assign(
            entry_days=0.0, end_reason="lost", end_date="2021-12-31"
        )
    )
    subset = np.array(["training", "training", "tuning", "internal_test"])
    splits = SPLITS.checked(
        pd.DataFrame(
            {"patient_id": truth["patient_id"], "fold": 0, "subset": subset[np.arange(450) % 4]}
        )
    )
    cases = pd.DataFrame({"case_id": "c" + truth["patient_id"], "patient_id": truth["patient_id"]})
    return cases, CLINICAL.checked(tables["clinical"]), follow_up, splits, truth


@pytest.fixture(scope="module")
def found(study):
    return predict_clinical(*study[:4], QUICK, 1)


def c_of(scores, follow_up):
    rows = scores.merge(follow_up, on="patient_id")
    event = (rows["cause"] == 1).astype(int).to_numpy()
    score = rows["risk_score"].to_numpy(float)
    return concordance_index_harrell(rows["time_days"].to_numpy(float), event, score).value


def test_it_knows_something_and_less_than_the_truth(study, found):
    *_, follow_up, _, truth = study
    test = found.risk_scores[found.risk_scores["subset"] == "internal_test"]
    best = truth.rename(columns={"log_hazard_fracture": "risk_score"})
    best = best[best["patient_id"].isin(test["patient_id"])][["patient_id", "risk_score"]]
    assert 0.55 < c_of(test, follow_up) < c_of(best, follow_up) - 0.05


def test_curves_are_probabilities_that_fit_together(found):
    wide = found.curves.set_index(["case_id", "time_days"])
    free = wide["event_free"].unstack().to_numpy(float)
    incidence = wide["cumulative_incidence"].unstack().to_numpy(float)
    assert (free[:, 0] == 1).all()
    assert (np.diff(free, axis=1) <= 1e-12).all()
    assert (np.diff(incidence, axis=1) >= -1e-12).all()
    assert (incidence <= 1 - free + 1e-9).all()
    assert (incidence[:, -1] < 1 - free[:, -1]).any()


def test_a_patient_alone_is_predicted_as_among_others(study, found):
    clinical = study[1]
    model = found.models[0]
    many = model.predict(clinical.head(20), [730.0])
    for i in (0, 7, 13):
        one = model.predict(clinical.iloc[[i]], [730.0])
        assert one.log_hazard[0] == pytest.approx(many.log_hazard[i], rel=1e-12)


def test_outcomes_of_test_patients_change_nothing(study, found):
    cases, clinical, follow_up, splits, _ = study
    test = splits.loc[splits["subset"] != "training", "patient_id"]
    other = follow_up.copy()
    away = other["patient_id"].isin(test)
    other.loc[away, "cause"] = 0
    other.loc[away, "time_days"] = 1.0
    again = predict_clinical(cases, clinical, other, splits, QUICK, 1)
    pd.testing.assert_frame_equal(again.risk_scores, found.risk_scores)
    pd.testing.assert_frame_equal(again.curves, found.curves)


def test_permuted_outcomes_give_nothing(study):
    cases, clinical, follow_up, splits, _ = study
    mixed = follow_up.copy()
    order = np.random.default_rng(2).permutation(len(mixed))
    mixed[["time_days", "cause"]] = follow_up[["time_days", "cause"]].iloc[order].to_numpy()
    scores = predict_clinical(cases, clinical, mixed, splits, QUICK, 1).risk_scores
    test = scores[scores["subset"] == "internal_test"]
    assert c_of(test, mixed) == pytest.approx(0.5, abs=0.13)


def test_a_factor_without_spread_is_left_out_with_the_reason(study):
    _, clinical, follow_up, *_ = study
    same = clinical.assign(glucocorticoids=False, t_score=pd.NA)
    model = fit_clinical(follow_up, same, QUICK, 1)
    assert model.left_out == {
        "glucocorticoids": "the same in all training patients",
        "t_score": "never recorded in training",
    }
    with pytest.raises(DataError, match="other patients"):
        fit_clinical(follow_up.iloc[::-1], clinical, QUICK, 1)
    with pytest.raises(SettingsError, match="risk_factors"):
        QUICK.changed({"risk_factors": ["shoe_size"]})


def test_late_entries_are_at_risk_from_their_entry_on(study):
    """Who is gone before entering is never seen: the others' first days are no time at risk."""
    _, clinical, follow_up, *_ = study
    whole = fit_clinical(follow_up, clinical, QUICK, 1)

    def gained(model):  # incidence from a year on: before it the entered are few
        found = model.predict(clinical.iloc[:150], (365.0, 1460.0)).cumulative_incidence
        return np.diff(found.mean(axis=0))[0]

    told, ignored = [], []
    for seed in (1, 2, 3):
        entry = np.round(np.random.default_rng(seed).uniform(0, 700, len(follow_up)))
        seen = (follow_up["time_days"] > entry).to_numpy()
        late = follow_up.assign(entry_days=entry)[seen]
        told.append(gained(fit_clinical(late, clinical[seen], QUICK, 1)))
        ignored.append(gained(fit_clinical(late.assign(entry_days=0.0), clinical[seen], QUICK, 1)))
    truth = gained(whole)
    assert abs(np.mean(told) - truth) < 0.4 * abs(np.mean(ignored) - truth)


def test_image_and_clinic_are_joined_on_tuning_patients(study, found):
    cases, _, follow_up, splits, truth = study
    noise = np.random.default_rng(0).normal(0, 0.5, len(truth))
    image = cases.merge(splits, on="patient_id").assign(
        model="ensemble", risk_score=truth["log_hazard_fracture"].to_numpy() + noise
    )
    scores = RISK_SCORES.checked(pd.concat([image, found.risk_scores])[list(RISK_SCORES.names)])
    fused = fuse_with_clinical(scores, follow_up)
    assert set(fused.risk_scores["model"]) == {"ensemble+clinical"}
    test = {
        name: c_of(rows[rows["subset"] == "internal_test"], follow_up)
        for name, rows in (("both", fused.risk_scores), ("clinical", found.risk_scores))
    }
    assert test["both"] > test["clinical"] + 0.05
    assert fused.models[0].names == ("ensemble", "clinical")
    with pytest.raises(DataError, match="tests decide nothing"):
        fuse_with_clinical(scores, follow_up, fit_on="internal_test")
    with pytest.raises(DataError, match="no risk scores of the model 'frontal'"):
        fuse_with_clinical(scores, follow_up, image="frontal")
