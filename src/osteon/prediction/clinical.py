"""Risk scores and curves of the model of known risk factors, and of an image model joined with it.

Fitting sees training patients; the two coefficients that join image and clinic see tuning patients,
because an image network knows its training patients too well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.schemas import (
    DEATH,
    RISK_SCORES,
    SUBSEQUENT_FRACTURE,
    SURVIVAL_CURVES,
)
from osteon.errors import DataError
from osteon.models.clinical import ClinicalModel, ClinicalPrediction, fit_clinical
from osteon.models.clinical_spec import ClinicalSpec
from osteon.statistics.cause_specific import breslow_baseline, incidence_with_competing
from osteon.statistics.cox import CoxModel, cox_regression

__all__ = ["CLINICAL", "FUSED", "ClinicalTables", "FusedTables", "fuse_with_clinical",
           "predict_clinical"]  # fmt: skip

CLINICAL, FUSED = "clinical", "ensemble+clinical"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClinicalTables:
    """Rows of :data:`RISK_SCORES` and :data:`SURVIVAL_CURVES`, and the models by fold.

    Curves end with the follow-up of the training patients.
    """

    risk_scores: pd.DataFrame
    curves: pd.DataFrame
    models: dict[int, ClinicalModel]


@dataclass(frozen=True, slots=True, eq=False)
class FusedTables:
    """Rows of the joined model, and the Cox models of the two log hazards by fold."""

    risk_scores: pd.DataFrame
    curves: pd.DataFrame
    models: dict[int, CoxModel]


def predict_clinical(
    cases: pd.DataFrame,
    clinical: pd.DataFrame,
    follow_up: pd.DataFrame,
    splits: pd.DataFrame,
    spec: ClinicalSpec,
    seed: int,
) -> ClinicalTables:
    """Fit on the training patients of each fold and predict everybody in it.

    Parameters
    ----------
    cases
        Columns ``case_id`` and ``patient_id``, a row for each case: as in the table of
        projections.
    clinical
        Table :data:`osteon.core.schemas.CLINICAL`, as known at the index date.
    follow_up, splits
        Tables :data:`osteon.core.schemas.FOLLOW_UP` and :data:`SPLITS`. The outcomes of other
        patients than those in training are not looked at.
    spec, seed
        The model, and what draws its imputations.

    Raises
    ------
    DataError
        If a case has no row in the clinical table or in the splits, or nothing can be fitted.
    """
    scores, curves, models = [], [], {}
    factors = clinical.set_index("patient_id", drop=False)
    for fold, split in splits.groupby("fold"):
        chosen = _placed(cases, split)
        own = split.loc[split["subset"] == "training", ["patient_id"]]
        training = own.merge(follow_up, on="patient_id").sort_values("patient_id")
        known = training["patient_id"].isin(factors.index)
        training = training[known].reset_index(drop=True)
        rows = factors.loc[training["patient_id"].tolist()].reset_index(drop=True)
        model = fit_clinical(training, rows, spec, seed)
        if absent := sorted(set(chosen["patient_id"]) - set(factors.index)):
            raise DataError(f"{len(absent)} patients have no clinical row, first {absent[0]}")
        times = [day for day in spec.cut_days if day <= model.known_until_days]
        own_rows = factors.loc[chosen["patient_id"].tolist()].reset_index(drop=True)
        found = model.predict(own_rows, times)
        scores.append(_score_rows(chosen, found.log_hazard, int(str(fold)), CLINICAL))
        curves.append(_curve_rows(chosen, found, times, int(str(fold)), CLINICAL))
        models[int(str(fold))] = model
    return ClinicalTables(
        RISK_SCORES.checked(pd.concat(scores)), SURVIVAL_CURVES.checked(pd.concat(curves)), models
    )


def fuse_with_clinical(
    risk_scores: pd.DataFrame,
    follow_up: pd.DataFrame,
    *,
    image: str = "ensemble",
    fit_on: str = "tuning",
    cut_days: Sequence[float] = ClinicalSpec().cut_days,
) -> FusedTables:
    """Join the log hazards of an image model and the clinical model by a Cox model of the two.

    Parameters
    ----------
    risk_scores
        Table :data:`RISK_SCORES` with rows of both models; their risk scores are log hazards.
    follow_up
        Table :data:`osteon.core.schemas.FOLLOW_UP`.
    image
        Name of the image model.
    fit_on
        Subset whose outcomes decide the two weights.
    cut_days
        Times of the curves; those beyond the subset's follow-up are left out.

    Returns
    -------
    FusedTables
        Rows of the model ``<image>+clinical``.

    Raises
    ------
    DataError
        If a model has no rows, ``fit_on`` names a test subset, or the subset has no fracture.
    """
    if fit_on not in ("training", "tuning"):
        raise DataError(f"got fit_on {fit_on!r}, wanted training or tuning: tests decide nothing")
    wide = risk_scores.pivot_table(
        index=["case_id", "patient_id", "subset", "fold"], columns="model", values="risk_score",
        observed=True,
    ).reset_index()  # fmt: skip
    for name in (image, CLINICAL):
        if name not in wide.columns:
            raise DataError(f"no risk scores of the model {name!r}")
    wide = wide.dropna(subset=[image, CLINICAL])
    scores, curves, models = [], [], {}
    for fold, rows in wide.groupby("fold"):
        number, name = int(str(fold)), f"{image}+{CLINICAL}"
        both = rows[[image, CLINICAL]].to_numpy(np.float64)
        fitting = rows.merge(follow_up, on="patient_id")
        fitting = fitting[fitting["subset"] == fit_on]
        found, model, times = _fused(fitting, both, (image, CLINICAL), cut_days)
        scores.append(_score_rows(rows, found.log_hazard, number, name))
        curves.append(_curve_rows(rows, found, times, number, name))
        models[number] = model
    return FusedTables(
        RISK_SCORES.checked(pd.concat(scores)), SURVIVAL_CURVES.checked(pd.concat(curves)), models
    )


def _fused(
    fitting: pd.DataFrame, both: Floats, names: tuple[str, str], cut_days: Sequence[float]
) -> tuple[ClinicalPrediction, CoxModel, list[float]]:
    time, entry = (fitting[name].to_numpy(np.float64) for name in ("time_days", "entry_days"))
    cause = fitting["cause"].to_numpy(np.int64)
    known = fitting[list(names)].to_numpy(np.float64)
    fracture = (cause == SUBSEQUENT_FRACTURE).astype(np.int64)
    model = cox_regression(time, fracture, known, entry=entry, names=names)
    centre = known.mean(axis=0)
    own = model.log_hazard(both - centre)
    baseline = breslow_baseline(time, fracture, model.log_hazard(known - centre), entry=entry)
    dead = (cause == DEATH).astype(np.int64)
    competing, other = None, np.zeros(len(both))
    if dead.any():
        mortality = cox_regression(time, dead, known, entry=entry, names=names)
        competing = breslow_baseline(time, dead, mortality.log_hazard(known - centre), entry=entry)
        other = mortality.log_hazard(both - centre)
    times = [day for day in cut_days if day <= time.max()]
    free = np.exp(-np.outer(np.exp(own), baseline.at(times)))
    incidence = incidence_with_competing(baseline, competing, own, other, times)
    return ClinicalPrediction(own, free, incidence), model, times


def _placed(cases: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    found = cases[["case_id", "patient_id"]].merge(
        split[["patient_id", "subset"]], on="patient_id", how="left"
    )
    if found["subset"].isna().any():
        patient = found.loc[found["subset"].isna(), "patient_id"].iloc[0]
        raise DataError(f"patient {patient} has no subset", remedy="run the split again")
    return found


def _score_rows(cases: pd.DataFrame, score: Floats, fold: int, model: str) -> pd.DataFrame:
    own = cases[["case_id", "patient_id", "subset"]]
    return own.assign(fold=fold, model=model, risk_score=score)


def _curve_rows(
    cases: pd.DataFrame,
    found: ClinicalPrediction,
    times: Sequence[float],
    fold: int,
    model: str,
) -> pd.DataFrame:
    own = cases[["case_id", "patient_id", "subset"]]
    long = own.loc[own.index.repeat(len(times))].reset_index(drop=True)
    return long.assign(
        fold=fold,
        model=model,
        time_days=np.tile(times, len(own)),
        event_free=found.event_free.reshape(-1),
        event_free_low=None,
        event_free_high=None,
        cumulative_incidence=found.cumulative_incidence.reshape(-1),
    )
