"""Recalibration where the outside cohort's rate differs, on patients who are then not tested.

Source of the update: Crowson, Atkinson and Therneau 2016, as :mod:`osteon.statistics.hazard_update`
has it. The level moves every risk, the spread pulls them together or apart; neither changes ranks
when the spread is not reversed.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from osteon.core.rng import generator
from osteon.errors import UsageError
from osteon.prediction.hazard_recalibration import fit_hazard_update
from osteon.prediction.risk_curves import RiskCurves
from osteon.reports.survival.measures import accuracy_measures
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted
from osteon.reports.survival.records import Recalibration
from osteon.statistics.hazard_update import HazardUpdate

__all__ = ["AS_IT_IS", "LEVEL", "LEVEL_AND_SPREAD", "recalibrated", "split_patients"]

AS_IT_IS, LEVEL, LEVEL_AND_SPREAD = "as_it_is", "level", "level_and_spread"


def split_patients(
    patient_ids: NDArray[np.str_], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw a share of the patients, whole: True for the rows of those that fit; shape (n,)."""
    patients = np.unique(patient_ids)
    drawn = rng.permutation(patients)[: max(1, round(share * patients.size))]
    return np.isin(patient_ids, drawn)


def recalibrated(
    tested: Predicted, tuning: Predicted | None, plan: SurvivalAnalysisPlan, seed: int
) -> Recalibration | None:
    """Update a model's hazard and measure it before and after, on patients who fitted nothing.

    Parameters
    ----------
    tested
        The outside cohort, whose remainder is tested.
    tuning
        Patients that fit the update when the plan says so.

    Returns
    -------
    ``None`` for a model without curves, without the patients to fit on, or under late entry, where
    nothing could be told of accuracy before and after.
    """
    if tested.curves is None or tested.no_weights:
        return None
    if plan.recalibrated_on == "tuning":
        if tuning is None or tuning.curves is None or tuning.no_weights:
            return None
        fitting, remainder, words = tuning, tested, "tuning patients"
    else:
        rng = generator(seed, "survival", tested.subset, "recalibration")
        chosen = split_patients(tested.patient_ids, plan.recalibration_share, rng)
        fitting = tested.where(chosen)
        remainder = tested.where(~chosen, subset=f"{tested.subset}, remainder")
        words = f"a random part of the {tested.subset.replace('_', ' ')} patients"
    if set(fitting.patient_ids) & set(remainder.patient_ids):
        raise UsageError(
            "patients that fit the update would be tested", remedy="split by patient first"
        )
    level, spread = (_fit(fitting, plan, with_slope=slope) for slope in (False, True))
    versions = {AS_IT_IS: remainder} | {
        name: _updated(remainder, update, plan)
        for name, update in ((LEVEL, level), (LEVEL_AND_SPREAD, spread))
        if update.intercept.is_defined
    }
    measures = [
        replace(measure, model=name)
        for name, one in versions.items()
        for measure in accuracy_measures(one, plan, seed)
    ]
    return Recalibration(
        model=tested.model,
        fitted_on=words,
        patients=int(np.unique(fitting.patient_ids).size),
        events=int(fitting.event.sum()),
        tested_on=remainder.subset,
        tested_patients=int(np.unique(remainder.patient_ids).size),
        intercept=level.intercept,
        intercept_with_slope=spread.intercept,
        slope=spread.slope,
        measures=tuple(measures),
    )


def _fit(one: Predicted, plan: SurvivalAnalysisPlan, *, with_slope: bool) -> HazardUpdate:
    return fit_hazard_update(
        _curves(one), one.time_days, one.event, plan.horizons_days[-1], with_slope=with_slope,
        cluster=one.patient_ids, level=plan.level,
    )  # fmt: skip


def _updated(one: Predicted, update: HazardUpdate, plan: SurvivalAnalysisPlan) -> Predicted:
    curves = _curves(one)
    factor = update.factor(curves.log_hazard(plan.horizons_days[-1]))
    return replace(one, curves=curves.scaled(factor))


def _curves(one: Predicted) -> RiskCurves:
    if one.curves is None:
        raise ValueError(f"model {one.model} only ranks: it has no hazard to update")
    return one.curves
