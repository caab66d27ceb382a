"""What simulated studies are drawn from: patients, correlated values, classes, risks, times."""

import math
from functools import cache

import numpy as np
from scipy import optimize, special

from osteon.core.records import Curve, Estimate
from osteon.statistics.checks import Bools, Codes, Floats
from osteon.workflow.coverage.simulate import Design

__all__ = [
    "AREA",
    "DISTANCES",
    "HORIZON",
    "MASSES",
    "NODES",
    "RIGHT",
    "SHIFT",
    "SHIFT_OTHER",
    "at_point",
    "both_classes",
    "clustered_normal",
    "distances",
    "event_rate",
    "followed",
    "patients",
    "risk_intercept",
    "risks",
    "spread_out",
    "true_risk",
    "worst_point",
]

CORRELATION = 0.5  # of the two rows of a patient
AREA = 0.85
SHIFT = math.sqrt(2) * float(special.ndtri(AREA))
SHIFT_OTHER = math.sqrt(2) * float(special.ndtri(0.80))
HORIZON = 1.0
DISTANCES = {"ici": "ICI", "e50": "E50", "e90": "E90", "emax": "Emax"}
RIGHT = 0.9  # both readers of kappa, in nine of ten cases
NODES, MASSES = np.polynomial.hermite_e.hermegauss(80)
MASSES = MASSES / MASSES.sum()


def patients(design: Design) -> Codes | None:
    """Two rows for each patient in a clustered design, else nobody."""
    return np.arange(design.n) // 2 if design.clustered else None


def clustered_normal(design: Design, rng: np.random.Generator) -> Floats:
    """Draw standard normal values, correlated within patients in a clustered design; shape (n,)."""
    values = rng.normal(size=design.n)
    if not design.clustered:
        return values
    shared = rng.normal(size=(design.n + 1) // 2)[np.arange(design.n) // 2]
    return np.asarray(
        math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * values, np.float64
    )


def both_classes(design: Design) -> Bools:
    """Spread the design's fixed number of positives evenly over the rows; shape (n,)."""
    truth = np.zeros(design.n, dtype=bool)
    truth[np.linspace(0, design.n - 1, design.positives).round().astype(int)] = True
    return truth


@cache
def risk_intercept(prevalence: float) -> float:
    """Logit at predictor 0 that makes the mean probability the prevalence."""

    def gap(a: float) -> float:
        return float(MASSES @ special.expit(a + NODES)) - prevalence

    return float(optimize.brentq(gap, -10, 10))


def risks(design: Design, rng: np.random.Generator) -> tuple[Bools, Floats]:
    """Calibrated probabilities with this mean; outcomes correlated as the predictors are."""
    chance = special.expit(risk_intercept(design.prevalence) + clustered_normal(design, rng))
    outcome = special.ndtr(clustered_normal(design, rng)) < chance
    return outcome, chance


def spread_out(chance: Floats, prevalence: float, factor: float) -> Floats:
    """Stretch the logits of probabilities around the intercept, so that the slope is 1/factor."""
    centre = risk_intercept(prevalence)
    return np.asarray(special.expit(centre + factor * (special.logit(chance) - centre)))


def at_point(curve: Curve, place: int) -> Estimate:
    """Take one point of a curve with its band, as an estimate of the height there."""
    value, low, high = (float(part[place]) for part in (curve.y, curve.low, curve.high))
    reason = "the curve has no band here" if math.isnan(low) else None
    return Estimate(value, low, high, 0.95, curve.method, curve.n, reason)


def worst_point(curve: Curve, truth: Floats) -> tuple[Estimate, float]:
    """Take the point whose truth lies furthest out: a band that holds it holds the whole curve."""
    outside = np.maximum(curve.low - truth, truth - curve.high)
    place = int(np.argmax(outside))
    return at_point(curve, place), float(truth[place])


def distances(gap: Floats) -> dict[str, float]:
    """Sum up absolute gaps of predicted and true probabilities, as calibration errors do."""
    e50, e90 = np.quantile(gap, [0.5, 0.9]).tolist()
    return {"ici": float(gap.mean()), "e50": e50, "e90": e90, "emax": float(gap.max())}


@cache
def event_rate(prevalence: float) -> float:
    """Hazard at score 0 that makes this share of events by the horizon."""

    def gap(log_rate: float) -> float:
        risk = -np.expm1(-math.exp(log_rate) * np.exp(NODES))
        return float(MASSES @ risk) - prevalence

    return math.exp(optimize.brentq(gap, -15, 10))


def followed(design: Design, rng: np.random.Generator) -> tuple[Floats, Codes, Floats]:
    """Follow-up, event and score: exponential times given the score, uniform censoring to 3."""
    score = clustered_normal(design, rng)
    uniform = special.ndtr(clustered_normal(design, rng))
    time = -np.log1p(-uniform) / (event_rate(design.prevalence) * np.exp(score))
    censoring = rng.uniform(0.3, 3.0, design.n)
    return np.minimum(time, censoring), (time <= censoring).astype(np.intp), score


def true_risk(prevalence: float, score: Floats) -> Floats:
    """Chance of the event by the horizon of those with these scores, shape (n,)."""
    return np.asarray(-np.expm1(-event_rate(prevalence) * HORIZON * np.exp(score)))
