"""Curves of a model's risks: calibration at each horizon, decision curves, risks over time."""

import math

import numpy as np

from osteon.core.records import Curve
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.predicted import Predicted
from osteon.reports.survival.records import ModelCurve
from osteon.statistics.calibration_censored import (
    calibration_curve_censored,
    smooth_calibration_curve_censored,
)
from osteon.statistics.competing import aalen_johansen, cumulative_incidence
from osteon.statistics.decision_curve import decision_curve_censored, treat_all

__all__ = ["OBSERVED", "model_curves", "observed_curves"]

OBSERVED = "observed"


def model_curves(one: Predicted, plan: SurvivalAnalysisPlan) -> list[ModelCurve]:
    """Make the curves of a model that the plan asks for; none for one that only ranks.

    Under late entry that of the mean risk alone: the others need weights or pseudo-values.
    """
    if one.curves is None or one.model not in plan.calibrated_models:
        return []
    times, mean = one.curves.time_days, one.curves.mean_risks()
    nothing = np.full(times.size, np.nan)
    told = "mean predicted risk"
    predicted = Curve(times, mean, nothing, nothing, "days", "risk", told, len(one))
    found = [ModelCurve(one.subset, one.model, "risk.mean", predicted)]
    for horizon in plan.horizons_days:
        risk = one.risk(horizon)
        if risk is not None and not one.no_weights:
            found += _at_horizon(one, risk, horizon, plan)
    return found


def _at_horizon(
    one: Predicted, risk: np.ndarray, horizon: float, plan: SurvivalAnalysisPlan
) -> list[ModelCurve]:
    follow_up = (one.time_days, one.cause, risk)
    cluster, level = one.patient_ids, plan.level

    curves = {
        "calibration.groups": calibration_curve_censored(
            *follow_up, horizon, n_bins=plan.calibration_groups, level=level
        ),
        "calibration.smooth": smooth_calibration_curve_censored(
            *follow_up, horizon, cluster=cluster, level=level
        ),
        "decision": decision_curve_censored(
            *follow_up, horizon=horizon, cluster=cluster, level=level,
            thresholds=plan.decision_thresholds,
        ),
    }  # fmt: skip
    return [
        ModelCurve(one.subset, one.model, f"{name}.{horizon:g}", curve)
        for name, curve in curves.items()
    ]


def observed_curves(one: Predicted, plan: SurvivalAnalysisPlan) -> list[ModelCurve]:
    """Make the curves that need no model: Aalen-Johansen, and acting on everybody."""
    t, cause = one.time_days, one.cause
    incidence = aalen_johansen(t, cause, entry=one.entry, level=plan.level)
    found = [ModelCurve(one.subset, OBSERVED, "risk.observed", incidence)]
    thresholds = np.array(plan.decision_thresholds)
    for horizon in plan.horizons_days:
        risk = cumulative_incidence(t, cause, horizon, entry=one.entry, level=plan.level).value
        if math.isnan(risk) or one.no_weights:
            continue
        everybody = treat_all(risk, thresholds)
        nothing = np.full(thresholds.size, np.nan)
        words = ("threshold probability", "net benefit", "acting on everybody")
        curve = Curve(thresholds, everybody, nothing, nothing, *words, len(one))
        found.append(ModelCurve(one.subset, OBSERVED, f"decision.all.{horizon:g}", curve))
    return found
