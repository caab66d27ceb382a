"""The model of known risk factors: cause-specific Cox models on multiply imputed values.

Everything is fitted on the rows it is given (training): the imputation that fits the coefficients
knows the outcomes (event and cumulative hazard, White and Royston 2009), the one that new patients
are completed with never saw one. Coefficients are pooled by Rubin's rules. Patients who came under
observation late are at risk from their entry on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.rng import generator
from osteon.core.schemas import DEATH, SUBSEQUENT_FRACTURE
from osteon.errors import DataError
from osteon.models.clinical_spec import RISK_FACTORS, ClinicalSpec
from osteon.statistics.cause_specific import (
    StepHazard,
    breslow_baseline,
    incidence_with_competing,
)
from osteon.statistics.cox import cox_regression
from osteon.statistics.imputation import ChainedModel, impute_chained
from osteon.statistics.pooling import Pooled, pool_imputations
from osteon.statistics.survival_curves import nelson_aalen

__all__ = ["CauseModel", "ClinicalModel", "ClinicalPrediction", "fit_clinical",
           "risk_factor_table"]  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CauseModel:
    """Cox model of one cause.

    Parameters
    ----------
    coefficients
        Pooled log hazard ratios of one unit of each risk factor.
    baseline
        Cumulative hazard of a patient with all risk factors at the model's centres: Breslow's at
        the pooled coefficients, averaged over the imputations.
    n_events
        Events it was fitted on.
    """

    coefficients: tuple[Pooled, ...]
    baseline: StepHazard
    n_events: int

    def log_hazard(self, centred: Floats) -> Floats:
        """Linear predictor of centred risk factors (..., p)."""
        beta = np.array([pooled.estimate.value for pooled in self.coefficients])
        return np.asarray(centred @ beta)


@dataclass(frozen=True, slots=True, eq=False)
class ClinicalPrediction:
    """For n patients: log hazards (n,), event-free and incidence at the k times (n, k)."""

    log_hazard: Floats
    event_free: Floats
    cumulative_incidence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ClinicalModel:
    """A fitted model.

    Parameters
    ----------
    risk_factors
        Those used, in the order of the coefficients.
    left_out
        Those asked for that could not be used, each with the reason.
    centre
        Means in training, shape (p,).
    imputers
        One draw of the conditional models for each imputation; they know no outcome.
    fracture, death
        Models of the two causes; ``death`` is ``None`` where nobody died.
    rounds
        Of imputation.
    known_until_days
        End of the training's follow-up; nothing is predicted beyond.
    n
        Patients it was fitted on.
    seed
        Draws the imputations of new patients, together with their ids.
    """

    risk_factors: tuple[str, ...]
    left_out: dict[str, str]
    centre: Floats
    imputers: tuple[ChainedModel, ...]
    fracture: CauseModel
    death: CauseModel | None
    rounds: int
    known_until_days: float
    n: int
    seed: int

    def predict(self, clinical: pd.DataFrame, times_days: Sequence[float]) -> ClinicalPrediction:
        """Predict patients from their risk factors, missing ones imputed; no outcome is used.

        Each patient is completed alone, by a generator of seed and patient id: the same alone and
        among others. Log hazards and probabilities are means over the imputations.
        """
        table = risk_factor_table(clinical, self.risk_factors)
        completed = np.empty((len(self.imputers), *table.shape))
        for i, patient in enumerate(clinical["patient_id"]):
            rng = generator(self.seed, "clinical", str(patient))
            for k, imputer in enumerate(self.imputers):
                completed[k, i] = imputer.complete(table[i], self.rounds, rng)
        centred = completed - self.centre
        own = self.fracture.log_hazard(centred)
        other = np.zeros_like(own) if self.death is None else self.death.log_hazard(centred)
        times = np.asarray(times_days, dtype=np.float64)
        hazard = self.fracture.baseline.at(times)
        free = [np.exp(-np.outer(np.exp(score), hazard)) for score in own]
        competing = None if self.death is None else self.death.baseline
        incidence = [
            incidence_with_competing(self.fracture.baseline, competing, a, b, times)
            for a, b in zip(own, other, strict=True)
        ]
        return ClinicalPrediction(
            own.mean(axis=0), np.mean(free, axis=0), np.mean(incidence, axis=0)
        )


def risk_factor_table(clinical: pd.DataFrame, risk_factors: Sequence[str]) -> Floats:
    """Give risk factors as numbers, float64 (n, p), NaN where missing.

    Raises
    ------
    DataError
        If a column is missing.
    """
    columns = []
    for name in risk_factors:
        source = "patient_sex" if name == "is_male" else name
        if source not in clinical.columns:
            raise DataError(
                f"the clinical table has no column {source}",
                remedy="leave it out of risk_factors, or add the column",
            )
        values = clinical[source]
        if name == "is_male":
            values = values.map({"M": 1.0, "F": 0.0})
        columns.append(
            pd.to_numeric(values).astype("Float64").to_numpy(np.float64, na_value=np.nan)
        )
    return np.stack(columns, axis=1)


def fit_clinical(
    follow_up: pd.DataFrame, clinical: pd.DataFrame, spec: ClinicalSpec, seed: int
) -> ClinicalModel:
    """Fit the model on training patients.

    Parameters
    ----------
    follow_up, clinical
        Tables :data:`osteon.core.schemas.FOLLOW_UP` and :data:`CLINICAL` of the same patients, in
        the same order; ``entry_days`` above 0 is late entry.
    spec
        Risk factors and imputation.
    seed
        Draws the imputations.

    Raises
    ------
    DataError
        If the patients differ, nobody had a fracture, or no risk factor is left.
    """
    if follow_up["patient_id"].tolist() != clinical["patient_id"].tolist():
        raise DataError("follow-up and clinical table hold other patients, or another order")
    used, left_out = _usable(clinical, spec.risk_factors)
    if not used:
        raise DataError(f"no risk factor can be used: {left_out}")
    table = risk_factor_table(clinical, used)
    kinds = [RISK_FACTORS[name] for name in used]
    time, entry = (follow_up[name].to_numpy(np.float64) for name in ("time_days", "entry_days"))
    cause = follow_up["cause"].to_numpy(np.int64)
    fitted = impute_chained(
        table, kinds, helpers=_outcome_helpers(time, cause, entry), imputations=spec.imputations,
        rounds=spec.rounds, rng=generator(seed, "clinical", "fit"),
    ).completed  # fmt: skip
    apart = impute_chained(
        table, kinds, imputations=spec.imputations, rounds=spec.rounds,
        rng=generator(seed, "clinical", "apply"),
    )  # fmt: skip
    centre = np.nanmean(table, axis=0)
    has_deaths = bool((cause == DEATH).any())
    return ClinicalModel(
        risk_factors=tuple(used),
        left_out=left_out,
        centre=centre,
        imputers=apart.models,
        fracture=_cause_model(time, cause == SUBSEQUENT_FRACTURE, entry, fitted - centre),
        death=_cause_model(time, cause == DEATH, entry, fitted - centre) if has_deaths else None,
        rounds=spec.rounds,
        known_until_days=float(time.max()),
        n=len(table),
        seed=seed,
    )


def _usable(
    clinical: pd.DataFrame, risk_factors: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    used, left_out = [], {}
    for name in risk_factors:
        values = risk_factor_table(clinical, [name])[:, 0]
        seen = values[~np.isnan(values)]
        if seen.size == 0:
            left_out[name] = "never recorded in training"
        elif np.ptp(seen) == 0:
            left_out[name] = "the same in all training patients"
        else:
            used.append(name)
    return used, left_out


def _outcome_helpers(time: Floats, cause: NDArray[np.int64], entry: Floats) -> Floats:
    """Event, and Nelson-Aalen cumulative hazard gone through under observation, of each cause."""
    columns = []
    for code in (SUBSEQUENT_FRACTURE, DEATH):
        event = (cause == code).astype(np.int64)
        if event.any():
            curve = nelson_aalen(time, event, entry=entry)
            steps = StepHazard(curve.x, curve.y)
            columns += [event, steps.at(time) - np.where(entry > 0, steps.at(entry), 0.0)]
    if not columns:
        raise DataError("nobody had a fracture or died: there is nothing to fit")
    return np.stack(columns, axis=1).astype(np.float64)


def _cause_model(
    time: Floats, event: NDArray[np.bool_], entry: Floats, centred: Floats
) -> CauseModel:
    """Fit one cause on each imputation (m, n, p), and pool."""
    status = event.astype(np.int64)
    fits = [cox_regression(time, status, rows, entry=entry) for rows in centred]
    pooled = pool_imputations(
        [fit.coefficients for fit in fits],
        [np.diag(fit.covariance) for fit in fits],
        n=len(time),
    )
    beta = np.array([item.estimate.value for item in pooled])
    steps = [breslow_baseline(time, status, rows @ beta, entry=entry) for rows in centred]
    baseline = StepHazard(steps[0].time, np.mean([s.cumulative for s in steps], axis=0))
    return CauseModel(pooled, baseline, int(status.sum()))
