"""Which numbers a model's predictions get.

====================================  =======================================================
``concordance.harrell``               all follow-up; death ends follow-up as if censored
``concordance.uno``                   events up to the plan's tau, weighted for censoring
``auroc.<days>``                      cumulative/dynamic; the dead are controls (Blanche 2013)
``brier_ipcw.<days>|integrated``      of the risk, weighted for censoring
``ipa.<days>|integrated``             1 - Brier / Brier of the null model (Aalen-Johansen's risk)
``risk.observed.<days>``              Aalen-Johansen; ``risk.predicted.<days>`` the mean risk
``calibration.oe.<days>``             observed over expected
``calibration.slope.<days>``          of the outcome on the logit of the risk
``calibration.ici|e50|e90.<days>``    distance of risks from the smooth curve
====================================  =======================================================

Ties: an event tied with a censoring comes first, two events tied in time do not compare, equal
scores count half.

Folds: concordances and areas compare patients of one fold, since scores of two models have no
common scale; risks have one. Late entry: Harrell's C and Aalen-Johansen take it; whatever weighs
for censoring, or rests on pseudo-values, is undefined with the reason.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted
from osteon.reports.survival.records import ModelMeasure
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.calibration_censored import (
    calibration_errors_censored,
    calibration_slope_censored,
    observed_expected_ratio_censored,
)
from osteon.statistics.checks import safe_ratio
from osteon.statistics.competing import cumulative_incidence, cumulative_incidence_replicates
from osteon.statistics.concordance import concordance_index_harrell, concordance_index_uno
from osteon.statistics.horizon import no_answer_at
from osteon.statistics.summary import mean_interval
from osteon.statistics.time_dependent import cumulative_dynamic_auroc
from osteon.statistics.time_dependent_brier import (
    brier_score_ipcw,
    brier_score_ipcw_replicates,
    integrated_brier_score,
)

__all__ = ["accuracy_measures", "model_measures"]

Floats = NDArray[np.float64]


def model_measures(one: Predicted, plan: SurvivalAnalysisPlan, seed: int) -> list[ModelMeasure]:
    """Measure how a model ranks, how accurate its risks are and how well they are calibrated."""
    level = plan.level
    events = int(one.event.sum())
    found = {
        "concordance.harrell": concordance_index_harrell(
            one.time_days, one.event, one.risk_score, entry=one.entry, stratum=one.stratum,
            cluster=one.patient_ids, level=level,
        ),
        **_weighted_ranking(one, plan),
    }  # fmt: skip
    measures = [
        ModelMeasure(one.subset, one.model, name, estimate, _events_of(name, one, plan, events))
        for name, estimate in found.items()
    ]
    return measures + accuracy_measures(one, plan, seed)


def _weighted_ranking(one: Predicted, plan: SurvivalAnalysisPlan) -> dict[str, Estimate]:
    """Uno's C and the areas: weighted for censoring, so undefined under late entry."""
    if one.no_weights:
        names = ("concordance.uno", *(f"auroc.{horizon:g}" for horizon in plan.horizons_days))
        return dict.fromkeys(names, _refused(one, plan))
    found = {
        "concordance.uno": concordance_index_uno(
            one.time_days,
            one.event,
            one.risk_score,
            tau=plan.tau_days,
            stratum=one.stratum,
            cluster=one.patient_ids,
            level=plan.level,
        )
    }
    for horizon in plan.horizons_days:
        found[f"auroc.{horizon:g}"] = cumulative_dynamic_auroc(
            one.time_days,
            one.cause,
            one.risk_score,
            horizon,
            stratum=one.stratum,
            cluster=one.patient_ids,
            level=plan.level,
        )
    return found


def _refused(one: Predicted, plan: SurvivalAnalysisPlan) -> Estimate:
    reason = one.no_weights or ""
    return Estimate.undefined(reason, level=plan.level, method="none", n=len(one))


def _events_of(name: str, one: Predicted, plan: SurvivalAnalysisPlan, events: int) -> int:
    last = name.rpartition(".")[2]
    if last == "harrell":
        return events
    until = plan.tau_days if last == "uno" else float(last)
    return int(one.event[one.time_days <= until].sum())


def accuracy_measures(one: Predicted, plan: SurvivalAnalysisPlan, seed: int) -> list[ModelMeasure]:
    """Measure accuracy and calibration of the risks; nothing for a model that only ranks."""
    if one.curves is None:
        return []
    measures = []
    for horizon in plan.horizons_days:
        events = int(one.event[one.time_days <= horizon].sum())
        for name, estimate in _at_horizon(one, horizon, plan, seed).items():
            measures.append(
                ModelMeasure(one.subset, one.model, f"{name}.{horizon:g}", estimate, events)
            )
    last = plan.horizons_days[-1]
    events = int(one.event[one.time_days <= last].sum())
    for name, estimate in _integrated(one, plan, seed).items():
        measures.append(ModelMeasure(one.subset, one.model, name, estimate, events))
    return measures


def _at_horizon(
    one: Predicted, horizon: float, plan: SurvivalAnalysisPlan, seed: int
) -> dict[str, Estimate]:
    t, cause, patients, level = one.time_days, one.cause, one.patient_ids, plan.level
    risk = one.risk(horizon)
    observed = cumulative_incidence(t, cause, horizon, entry=one.entry, level=level)
    if risk is None:
        nothing = _curves_end(one, plan)
        names = ("brier_ipcw", "ipa", "risk.predicted", "calibration.oe", "calibration.slope")
        return {"risk.observed": observed} | dict.fromkeys(names, nothing)
    predicted = mean_interval(risk, level=level)
    if one.no_weights:
        return {
            "brier_ipcw": _refused(one, plan), "ipa": _refused(one, plan),
            "risk.observed": observed, "risk.predicted": predicted,
            "calibration.oe": _refused(one, plan), "calibration.slope": _refused(one, plan),
        }  # fmt: skip
    follow_up = (t, cause, risk, horizon)
    rng = generator(seed, "survival", one.subset, one.model, "ipa", f"{horizon:g}")
    found = {
        "brier_ipcw": brier_score_ipcw(*follow_up, cluster=patients, level=level),
        "ipa": _ipa(one, risk[:, None], np.array([horizon]), plan, rng),
        "risk.observed": observed,
        "risk.predicted": predicted,
        "calibration.oe": observed_expected_ratio_censored(
            *follow_up, cluster=patients, level=level
        ),
        "calibration.slope": calibration_slope_censored(*follow_up, cluster=patients, level=level),
    }
    if one.model in plan.calibrated_models:
        rng = generator(seed, "survival", one.subset, one.model, "ici", f"{horizon:g}")
        errors = calibration_errors_censored(*follow_up, rng=rng, cluster=patients, level=level)
        found |= {
            "calibration.ici": errors.ici,
            "calibration.e50": errors.e50,
            "calibration.e90": errors.e90,
        }
    return found


def _integrated(one: Predicted, plan: SurvivalAnalysisPlan, seed: int) -> dict[str, Estimate]:
    last = plan.horizons_days[-1]
    at = np.linspace(0.0, last, plan.brier_steps + 1)
    risks = [one.risk(float(h)) for h in at]
    if one.no_weights or any(risk is None for risk in risks):
        nothing = _refused(one, plan) if one.no_weights else _curves_end(one, plan)
        return {"brier_ipcw.integrated": nothing, "ipa.integrated": nothing}
    table = np.column_stack([risk for risk in risks if risk is not None])
    score = integrated_brier_score(
        one.time_days, one.cause, table, at, cluster=one.patient_ids, level=plan.level
    )
    rng = generator(seed, "survival", one.subset, one.model, "ipa", "integrated")
    return {"brier_ipcw.integrated": score, "ipa.integrated": _ipa(one, table, at, plan, rng)}


def _curves_end(one: Predicted, plan: SurvivalAnalysisPlan) -> Estimate:
    end = 0.0 if one.curves is None else float(one.curves.time_days[-1])
    reason = f"the model's curves end at {end:g} days: no risk beyond"
    return Estimate.undefined(reason, level=plan.level, method="none", n=len(one))


def _ipa(
    one: Predicted, risks: Floats, at: Floats, plan: SurvivalAnalysisPlan, rng: np.random.Generator
) -> Estimate:
    """Index of prediction accuracy (Kattan and Gerds 2018), bootstrap over patients.

    The null model gives everybody Aalen-Johansen's risk, estimated anew in every replicate;
    replicates in which it is never wrong (no event was drawn) are undefined.
    """
    t, cause = one.time_days, one.cause
    if reason := no_answer_at(t, cause, float(at[-1])):
        name = "bootstrap of whole patients"
        return Estimate.undefined(reason, level=plan.level, method=name, n=len(one))
    span = float(at[-1] - at[0]) or 1.0

    def over_time(score: Callable[[int, float], Floats]) -> Floats:
        values = np.stack([score(i, float(h)) for i, h in enumerate(at)])
        return values[0] if len(at) == 1 else np.asarray(np.trapezoid(values, at, axis=0) / span)

    def statistic(rows: NDArray[np.intp], *, weights: Floats) -> Floats:
        def own(i: int, h: float) -> Floats:
            return brier_score_ipcw_replicates(t, cause, risks[:, i], horizon=h, weights=weights)

        def null(_: int, h: float) -> Floats:
            return _null_brier(t, cause, h, weights)

        return np.asarray(1 - safe_ratio(over_time(own), over_time(null)))

    return bootstrap(
        statistic, np.arange(len(one)), rng=rng, cluster=one.patient_ids,
        replicates=plan.replicates, level=plan.level,
    )  # fmt: skip


def _null_brier(t: Floats, cause: NDArray[np.intp], horizon: float, weights: Floats) -> Floats:
    """Brier score when everybody has the same risk, which depends on the replicate."""
    risk = cumulative_incidence_replicates(t, cause, horizon=horizon, weights=weights)
    nobody, everybody = (
        brier_score_ipcw_replicates(
            t, cause, np.full(t.size, chance), horizon=horizon, weights=weights
        )
        for chance in (0.0, 1.0)
    )
    return np.asarray(nobody * (1 - risk) ** 2 + everybody * risk**2)
