"""Intervals of net benefit under censoring."""

import math

import numpy as np

from osteon.core.records import Estimate
from osteon.statistics.decision_curve import decision_curve_censored
from osteon.workflow.coverage.draws import HORIZON, at_point, event_rate, followed, patients
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["UTILITY", "benefit_truth"]

GRID = np.linspace(-8, 8, 160_001)


def benefit_truth(prevalence: float) -> float:
    """Net benefit of acting on risks of at least the prevalence, in all such studies."""
    risk = -np.expm1(-event_rate(prevalence) * np.exp(GRID))
    gain = np.where(risk >= prevalence, risk - (1 - risk) * prevalence / (1 - prevalence), 0.0)
    density = np.exp(-(GRID**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.trapezoid(gain * density, GRID))


def _benefit(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    risk = -np.expm1(-event_rate(design.prevalence) * np.exp(score))
    curve = decision_curve_censored(
        t, status, risk, horizon=HORIZON, thresholds=[design.prevalence], cluster=patients(design)
    )
    return at_point(curve, 0), benefit_truth(design.prevalence)


UTILITY = (Interval("decision_curve_censored, net benefit at the prevalence", _benefit, runs=0.15),)
