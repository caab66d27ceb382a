"""Intervals of times and concordances under censoring; truths in closed form or from many rows."""

import math
from functools import cache, partial

import numpy as np

from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.competing import cumulative_incidence
from osteon.statistics.concordance import (
    concordance_difference,
    concordance_index_harrell,
    concordance_index_uno,
    concordance_replicates,
)
from osteon.statistics.concordance_contrast import concordance_contrast
from osteon.statistics.restricted_mean import restricted_mean
from osteon.statistics.survival_curves import median_survival, nelson_aalen, survival_at
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_contrast,
    cumulative_dynamic_auroc_difference,
    cumulative_dynamic_auroc_replicates,
)
from osteon.workflow.coverage.draws import (
    HORIZON,
    MASSES,
    NODES,
    event_rate,
    followed,
    patients,
)
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["FOLLOW_UP"]

LARGE = 100_000
NOISE = 0.5  # variance of what the other scores do not see
MEAN_OF_TWO = (1.0, -0.5, -0.5)
FEW_REPLICATES = 200


@cache
def _large(prevalence: float) -> tuple[Floats, Codes, Floats, Floats]:
    rng = generator(2, "coverage", "large", round(1000 * prevalence))
    t, status, score = followed(Design(LARGE, prevalence), rng)
    return t, status, score, score + math.sqrt(NOISE) * rng.normal(size=LARGE)


def _survival(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, _ = followed(design, rng)
    return survival_at(t, status, HORIZON), 1 - design.prevalence


def _hazard(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, _ = followed(design, rng)
    curve = nelson_aalen(t, status)
    at = int(np.searchsorted(curve.x, HORIZON, side="right")) - 1
    y, low, high = (float(part[at]) for part in (curve.y, curve.low, curve.high))
    return Estimate(y, low, high, 0.95, curve.method, curve.n), -math.log1p(-design.prevalence)


def _incidence(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Two causes, each with half of the events."""
    t, status, _ = followed(design, rng)
    cause = np.where(status == 1, rng.integers(1, 3, design.n), 0)
    return cumulative_incidence(t, cause, HORIZON), design.prevalence / 2


def _mean(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, _ = followed(design, rng)
    hazard = event_rate(design.prevalence) * np.exp(NODES)
    return restricted_mean(t, status, HORIZON), float(MASSES @ (-np.expm1(-hazard) / hazard))


def _median(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Half have the event by the horizon; the design's prevalence is the share lost before it."""
    time = -np.log1p(-rng.random(design.n)) / (event_rate(0.5) * np.exp(rng.normal(size=design.n)))
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
    found = concordance_index_harrell(*followed(design, rng), cluster=patients(design))
    return found, _concordance_truth(design.prevalence, uno=False)


def _uno(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    found = concordance_index_uno(*followed(design, rng), tau=HORIZON, cluster=patients(design))
    return found, _concordance_truth(design.prevalence, uno=True)


def _concordances(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    noisy = score + math.sqrt(NOISE) * rng.normal(size=design.n)
    gap = concordance_difference(t, status, score, noisy, cluster=patients(design)).difference
    truth = [_concordance_truth(design.prevalence, False, other) for other in (False, True)]
    assert gap is not None
    return gap, truth[0] - truth[1]


def _scores(design: Design, score: Floats, rng: np.random.Generator) -> Floats:
    """Set beside a score two that see less of it; shape (3, n)."""
    noise = math.sqrt(NOISE) * rng.normal(size=(2, design.n))
    return np.vstack([score[None, :], score + noise])


def _concordances_of_three(
    design: Design, rng: np.random.Generator, method: str | None = None
) -> tuple[Estimate, float]:
    """Compare a score with the mean of two that see less of it."""
    t, status, score = followed(design, rng)
    scores = _scores(design, score, rng)
    if method is None:
        found = concordance_contrast(t, status, scores, MEAN_OF_TWO, cluster=patients(design))
    else:
        found = concordance_contrast(
            t, status, scores, MEAN_OF_TWO, cluster=patients(design), rng=rng,
            replicates=FEW_REPLICATES, method=method,
        )  # fmt: skip
    truth = [_concordance_truth(design.prevalence, False, other) for other in (False, True)]
    assert found.test.difference is not None
    return found.test.difference, truth[0] - truth[1]


@cache
def _area_truth(prevalence: float, other: bool = False) -> float:
    t, status, score, noisy = _large(prevalence)
    chosen = noisy if other else score
    return float(cumulative_dynamic_auroc_replicates(t, status, chosen, horizon=HORIZON)[0])


def _area(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    found = cumulative_dynamic_auroc(*followed(design, rng), HORIZON, cluster=patients(design))
    return found, _area_truth(design.prevalence)


def _areas(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    noisy = score + math.sqrt(NOISE) * rng.normal(size=design.n)
    gap = cumulative_dynamic_auroc_difference(
        t, status, score, noisy, HORIZON, cluster=patients(design)
    ).difference
    assert gap is not None
    return gap, _area_truth(design.prevalence) - _area_truth(design.prevalence, other=True)


def _areas_of_three(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    t, status, score = followed(design, rng)
    gap = cumulative_dynamic_auroc_contrast(
        t, status, _scores(design, score, rng), MEAN_OF_TWO, HORIZON, cluster=patients(design)
    ).difference
    assert gap is not None
    return gap, _area_truth(design.prevalence) - _area_truth(design.prevalence, other=True)


FOLLOW_UP = (
    Interval("survival_at", _survival, clusters=False),
    Interval("cumulative_incidence", _incidence, clusters=False),
    Interval("nelson_aalen, at the horizon", _hazard, clusters=False),
    Interval("restricted_mean", _mean, runs=0.5, clusters=False),
    Interval("median_survival, that share lost before it", _median, runs=0.5, clusters=False),
    Interval("concordance_index_harrell", _harrell, runs=0.3),
    Interval("concordance_index_uno, tau 1", _uno, runs=0.3),
    Interval("concordance_difference", _concordances, runs=0.25),
    Interval("concordance_contrast, against the mean of two", _concordances_of_three, runs=0.25),
    Interval(
        "concordance_contrast, bootstrap",
        partial(_concordances_of_three, method="bootstrap"),
        runs=0.1,
        is_default=False,
    ),
    Interval("cumulative_dynamic_auroc", _area, runs=0.25),
    Interval("cumulative_dynamic_auroc_difference", _areas, runs=0.25),
    Interval(
        "cumulative_dynamic_auroc_contrast, against the mean of two", _areas_of_three, runs=0.25
    ),
)
