"""Intervals of predicted risks under censoring: accuracy, calibration, hazards and updates."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.errors import DataError
from osteon.statistics.calibration_censored import (
    calibration_errors_censored,
    calibration_slope_censored,
    observed_expected_ratio_censored,
)
from osteon.statistics.checks import Floats
from osteon.statistics.cox import cox_regression
from osteon.statistics.hazard_update import hazard_update
from osteon.statistics.time_dependent_brier import brier_score_ipcw, integrated_brier_score
from osteon.workflow.coverage.draws import (
    DISTANCES,
    HORIZON,
    MASSES,
    NODES,
    distances,
    event_rate,
    followed,
    patients,
    true_risk,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["FOLLOW_UP_RISKS"]

LARGE = 100_000
FEW_REPLICATES = 100
LEVEL_OFF, SLOPE_OFF = 0.3, 1.3  # of the hazards that are updated


def _brier(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    given = true_risk(design.prevalence, score)
    found = brier_score_ipcw(t, status, given, HORIZON, cluster=patients(design))
    risk = true_risk(design.prevalence, NODES)
    return found, float(MASSES @ (risk * (1 - risk)))


def _integrated(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Brier score averaged over the second half of the time to the horizon."""
    t, status, score = followed(design, rng)
    rate, times = event_rate(design.prevalence), np.linspace(HORIZON / 2, HORIZON, 5)
    given = -np.expm1(-rate * np.exp(score)[:, None] * times)
    found = integrated_brier_score(t, status, given, times, cluster=patients(design))
    risk = -np.expm1(-rate * np.exp(NODES)[:, None] * times)
    mean = MASSES @ (risk * (1 - risk))
    return found, float(np.trapezoid(mean, times) / (times[-1] - times[0]))


def _calibration(
    design: Design, rng: np.random.Generator, function: Callable[..., Estimate]
) -> tuple[Estimate, float]:
    """Calibrated risks: the ratio of observed and expected is 1, and the slope too."""
    t, status, score = followed(design, rng)
    given = true_risk(design.prevalence, score)
    return function(t, status, given, HORIZON, cluster=patients(design)), 1.0


def _stretched(prevalence: float, score: Floats) -> tuple[Floats, Floats]:
    """Make true risks, and predictions with logits twice as far from the prevalence's."""
    risk, centre = true_risk(prevalence, score), float(special.logit(prevalence))
    return risk, np.asarray(special.expit(centre + 2 * (special.logit(risk) - centre)))


@cache
def _distance_truth(prevalence: float) -> dict[str, float]:
    score = generator(2, "coverage", "risks").normal(size=LARGE)
    risk, given = _stretched(prevalence, score)
    return distances(np.abs(given - risk))


def _distance(design: Design, rng: np.random.Generator, which: str) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    _, given = _stretched(design.prevalence, score)
    found = calibration_errors_censored(
        t, status, given, HORIZON, rng=rng, cluster=patients(design), replicates=FEW_REPLICATES
    )
    return getattr(found, which), _distance_truth(design.prevalence)[which]


def _cox(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    try:
        model = cox_regression(t, status, score, cluster=patients(design))
    except DataError as error:  # no event, or one that the score separates
        return Estimate.undefined(str(error), level=0.95, method="Cox", n=t.size), 1.0
    return model.log_hazard_ratios[0], 1.0


def _update(design: Design, rng: np.random.Generator, slope: bool) -> tuple[Estimate, float]:
    """Predict hazards that are too low, and where the slope is asked for too close together."""
    t, status, score = followed(design, rng)
    log_hazard = score / SLOPE_OFF if slope else score
    predicted = event_rate(design.prevalence) * math.exp(-LEVEL_OFF) * t * np.exp(log_hazard)
    found = hazard_update(status, predicted, log_hazard, with_slope=slope, cluster=patients(design))
    return (found.slope, SLOPE_OFF) if slope else (found.intercept, LEVEL_OFF)


FOLLOW_UP_RISKS = (
    Interval("brier_score_ipcw", _brier, runs=0.25),
    Interval("integrated_brier_score", _integrated, runs=0.1),
    *(
        Interval(function.__name__, partial(_calibration, function=function), runs=0.25)
        for function in (observed_expected_ratio_censored, calibration_slope_censored)
    ),
    *(
        Interval(
            f"calibration_errors_censored, {told}, slope 0.5",
            partial(_distance, which=which),
            runs=0.1,
        )
        for which, told in DISTANCES.items()
    ),
    Interval("cox_regression, log hazard ratio", _cox, runs=0.5),
    Interval("hazard_update, intercept", partial(_update, slope=False), runs=0.5),
    Interval("hazard_update, slope", partial(_update, slope=True), runs=0.5),
)
