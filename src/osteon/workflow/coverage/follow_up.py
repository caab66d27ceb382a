"""Intervals of times under censoring; the truth from closed forms or one very large study."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy import optimize, special

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.errors import DataError
from osteon.statistics.calibration_censored import (
    calibration_slope_censored,
    observed_expected_ratio_censored,
)
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.competing import cumulative_incidence
from osteon.statistics.concordance import (
    concordance_difference,
    concordance_index_harrell,
    concordance_index_uno,
    concordance_replicates,
)
from osteon.statistics.cox import cox_regression
from osteon.statistics.restricted_mean import restricted_mean
from osteon.statistics.survival_curves import median_survival, survival_at
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_difference,
    cumulative_dynamic_auroc_replicates,
)
from osteon.statistics.time_dependent_brier import brier_score_ipcw, integrated_brier_score
from osteon.workflow.coverage.draws import MASSES, NODES, clustered_normal, patients
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["FOLLOW_UP"]

HORIZON = 1.0
LARGE = 100_000
NOISE = 0.5  # variance of what the second score does not see


@cache
def _rate(prevalence: float) -> float:
    """Hazard at score 0 that makes this share of events by the horizon."""

    def gap(log_rate: float) -> float:
        risk = -np.expm1(-math.exp(log_rate) * np.exp(NODES))
        return float(MASSES @ risk) - prevalence

    return math.exp(optimize.brentq(gap, -15, 10))


def _study(design: Design, rng: np.random.Generator) -> tuple[Floats, Codes, Floats]:
    """Follow-up, event and score: exponential times given the score, uniform censoring to 3."""
    score = clustered_normal(design, rng)
    uniform = special.ndtr(clustered_normal(design, rng))
    time = -np.log1p(-uniform) / (_rate(design.prevalence) * np.exp(score))
    censoring = rng.uniform(0.3, 3.0, design.n)
    return np.minimum(time, censoring), (time <= censoring).astype(np.intp), score


@cache
def _large(prevalence: float) -> tuple[Floats, Codes, Floats, Floats]:
    rng = generator(2, "coverage", "large", round(1000 * prevalence))
    t, status, score = _study(Design(LARGE, prevalence), rng)
    return t, status, score, score + math.sqrt(NOISE) * rng.normal(size=LARGE)


def _survival(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, _ = _study(design, rng)
    return survival_at(t, status, HORIZON), 1 - design.prevalence


def _incidence(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Two causes, each with half of the events."""
    t, status, _ = _study(design, rng)
    cause = np.where(status == 1, rng.integers(1, 3, design.n), 0)
    return cumulative_incidence(t, cause, HORIZON), design.prevalence / 2


def _mean(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, _ = _study(design, rng)
    hazard = _rate(design.prevalence) * np.exp(NODES)
    return restricted_mean(t, status, HORIZON), float(MASSES @ (-np.expm1(-hazard) / hazard))


def _median(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Half have the event by the horizon; the design's prevalence is the share lost before it."""
    time = -np.log1p(-rng.random(design.n)) / (_rate(0.5) * np.exp(rng.normal(size=design.n)))
    lost = rng.random(design.n) < design.prevalence
    censoring = np.where(lost, rng.uniform(0, HORIZON, design.n), 3 * HORIZON)
    found = median_survival(np.minimum(time, censoring), time <= censoring)
    return found, HORIZON


@cache
def _concordance_truth(prevalence: float, uno: bool, other: bool = False) -> float:
    t, status, score, noisy = _large(prevalence)
    chosen = noisy if other else score
    tau = HORIZON if uno else math.inf
    return float(concordance_replicates(t, status, chosen, tau=tau, uno=uno)[0])


def _harrell(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    found = concordance_index_harrell(*_study(design, rng), cluster=patients(design))
    return found, _concordance_truth(design.prevalence, uno=False)


def _uno(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    found = concordance_index_uno(*_study(design, rng), tau=HORIZON, cluster=patients(design))
    return found, _concordance_truth(design.prevalence, uno=True)


def _concordances(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = _study(design, rng)
    noisy = score + math.sqrt(NOISE) * rng.normal(size=design.n)
    gap = concordance_difference(t, status, score, noisy, cluster=patients(design)).difference
    truth = [_concordance_truth(design.prevalence, False, other) for other in (False, True)]
    assert gap is not None
    return gap, truth[0] - truth[1]


@cache
def _area_truth(prevalence: float, other: bool = False) -> float:
    t, status, score, noisy = _large(prevalence)
    chosen = noisy if other else score
    return float(cumulative_dynamic_auroc_replicates(t, status, chosen, horizon=HORIZON)[0])


def _area(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    found = cumulative_dynamic_auroc(*_study(design, rng), HORIZON, cluster=patients(design))
    return found, _area_truth(design.prevalence)


def _areas(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = _study(design, rng)
    noisy = score + math.sqrt(NOISE) * rng.normal(size=design.n)
    gap = cumulative_dynamic_auroc_difference(
        t, status, score, noisy, HORIZON, cluster=patients(design)
    ).difference
    assert gap is not None
    return gap, _area_truth(design.prevalence) - _area_truth(design.prevalence, other=True)


def _brier(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = _study(design, rng)
    rate = _rate(design.prevalence)
    found = brier_score_ipcw(
        t, status, -np.expm1(-rate * np.exp(score)), HORIZON, cluster=patients(design)
    )
    risk = -np.expm1(-rate * np.exp(NODES))
    return found, float(MASSES @ (risk * (1 - risk)))


def _integrated(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Brier score averaged over the second half of the time to the horizon."""
    t, status, score = _study(design, rng)
    rate, times = _rate(design.prevalence), np.linspace(HORIZON / 2, HORIZON, 5)
    risks = -np.expm1(-rate * np.exp(score)[:, None] * times)
    found = integrated_brier_score(t, status, risks, times, cluster=patients(design))
    risk = -np.expm1(-rate * np.exp(NODES)[:, None] * times)
    mean = MASSES @ (risk * (1 - risk))
    return found, float(np.trapezoid(mean, times) / (times[-1] - times[0]))


def _calibration(
    design: Design, rng: np.random.Generator, function: Callable[..., Estimate]
) -> tuple[Estimate, float]:
    """Calibrated risks: the ratio of observed and expected is 1, and the slope too."""
    t, status, score = _study(design, rng)
    risk = -np.expm1(-_rate(design.prevalence) * np.exp(score))
    return function(t, status, risk, HORIZON, cluster=patients(design)), 1.0


def _cox(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = _study(design, rng)
    try:
        model = cox_regression(t, status, score, cluster=patients(design))
    except DataError as error:  # no event, or one that the score separates
        return Estimate.undefined(str(error), level=0.95, method="Cox", n=t.size), 1.0
    return model.log_hazard_ratios[0], 1.0


FOLLOW_UP = (
    Interval("survival_at", _survival, clusters=False),
    Interval("cumulative_incidence", _incidence, clusters=False),
    Interval("restricted_mean", _mean, runs=0.5, clusters=False),
    Interval("median_survival, that share lost before it", _median, runs=0.5, clusters=False),
    Interval("concordance_index_harrell", _harrell, runs=0.3),
    Interval("concordance_index_uno, tau 1", _uno, runs=0.3),
    Interval("concordance_difference", _concordances, runs=0.25),
    Interval("cumulative_dynamic_auroc", _area, runs=0.25),
    Interval("cumulative_dynamic_auroc_difference", _areas, runs=0.25),
    Interval("brier_score_ipcw", _brier, runs=0.25),
    Interval("integrated_brier_score", _integrated, runs=0.05),
    *(
        Interval(function.__name__, partial(_calibration, function=function), runs=0.25)
        for function in (observed_expected_ratio_censored, calibration_slope_censored)
    ),
    Interval("cox_regression, log hazard ratio", _cox, runs=0.5),
)
