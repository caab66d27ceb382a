"""Intervals of predicted probabilities: several classes, net benefit, distances from a curve."""

from functools import cache, partial

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.statistics.calibration_smooth import calibration_errors
from osteon.statistics.decision_curve import decision_curve
from osteon.statistics.roc_curve import hand_till
from osteon.workflow.coverage.draws import (
    AREA,
    DISTANCES,
    SHIFT,
    both_classes,
    clustered_normal,
    distances,
    patients,
    risk_intercept,
    risks,
    spread_out,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["PROBABILITIES"]

CLASSES = 3
SPREAD = 2.0
LARGE = 400_000
FEW_REPLICATES = 100
GRID = np.linspace(-8, 8, 160_001)


def _several(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Draw three classes, the first with the design's prevalence; every pair has one area."""
    first = both_classes(design)
    truth = np.where(first, 0, 1)
    truth[~first] += np.arange(int((~first).sum())) % 2
    columns = [clustered_normal(design, rng) + SHIFT * (truth == k) for k in range(CLASSES)]
    table = np.stack(columns, axis=1)
    return hand_till(truth, table, cluster=patients(design)), AREA


def _benefit_truth(prevalence: float) -> float:
    """Net benefit of calibrated probabilities at a threshold of the prevalence."""
    chance = special.expit(risk_intercept(prevalence) + GRID)
    gain = chance - (1 - chance) * prevalence / (1 - prevalence)
    density = np.exp(-(GRID**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.trapezoid(np.where(chance >= prevalence, gain, 0.0) * density, GRID))


def _benefit(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    curve = decision_curve(
        *risks(design, rng), thresholds=[design.prevalence], cluster=patients(design)
    )
    y, low, high = (float(part[0]) for part in (curve.y, curve.low, curve.high))
    reason = "no band at this threshold" if np.isnan(low) else None
    return Estimate(y, low, high, 0.95, "band", design.n, reason), _benefit_truth(design.prevalence)


@cache
def _distance_truth(prevalence: float) -> dict[str, float]:
    chance = risks(Design(LARGE, prevalence), generator(2, "coverage", "distances"))[1]
    return distances(np.abs(spread_out(chance, prevalence, SPREAD) - chance))


def _distance(design: Design, rng: np.random.Generator, which: str) -> tuple[Estimate, float]:
    """Predict with logits that lie twice as far from the middle as they should."""
    truth, chance = risks(design, rng)
    given = spread_out(chance, design.prevalence, SPREAD)
    found = calibration_errors(
        truth, given, cluster=patients(design), rng=rng, replicates=FEW_REPLICATES
    )
    return getattr(found, which), _distance_truth(design.prevalence)[which]


PROBABILITIES = (
    Interval("hand_till, three classes", _several, runs=0.3),
    Interval("decision_curve, net benefit at the prevalence", _benefit, runs=0.3),
    *(
        Interval(
            f"calibration_errors, {told}, slope 0.5", partial(_distance, which=which), runs=0.1
        )
        for which, told in DISTANCES.items()
    ),
)
