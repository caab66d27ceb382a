"""Intervals of rates, of points that are found, of means, of estimates over imputations."""

import numpy as np
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.overlap import identification_rate
from osteon.statistics.pooling import pool_imputations
from osteon.statistics.rate import incidence_rate
from osteon.statistics.summary import mean_interval
from osteon.workflow.coverage.draws import clustered_normal, patients
from osteon.workflow.coverage.simulate import Design, Interval

__all__ = ["RATES_AND_MEANS"]

MEAN = 0.3
IMPUTATIONS = 10
APART_MM, AWAY_MM = 50.0, 25.0  # between neighbours; how far off a point is that is not found


def _rate(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Count events in one unit of time for each row."""
    events = int(rng.poisson(design.n * design.prevalence))
    return incidence_rate(events, float(design.n)), design.prevalence


def _points(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Miss points as counts within a fifth of the design's prevalence, half of them altogether."""
    miss = design.prevalence * rng.uniform(0.8, 1.2)
    missed = clustered_normal(design, rng) < special.ndtri(miss)
    reference = np.column_stack([APART_MM * np.arange(design.n), np.zeros(design.n)])
    predicted = reference + np.where(missed, AWAY_MM, rng.uniform(0, 10, design.n))[:, None]
    predicted[missed & (rng.random(design.n) < 0.5)] = np.nan
    return identification_rate(reference, predicted, cluster=patients(design)), 1 - miss


def _mean(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    return mean_interval(MEAN + rng.normal(size=design.n)), MEAN


def _imputed(design: Design, rng: np.random.Generator) -> tuple[Estimate, float]:
    """Lose half the design's prevalence of normal values at random, impute, average."""
    n = design.n
    seen = MEAN + rng.normal(size=n)[rng.random(n) >= design.prevalence / 2]
    df = seen.size - 1
    spread = np.sqrt(df * seen.var(ddof=1) / rng.chisquare(df, (IMPUTATIONS, 1)))
    centre = seen.mean() + spread * rng.normal(size=(IMPUTATIONS, 1)) / np.sqrt(seen.size)
    drawn = centre + spread * rng.normal(size=(IMPUTATIONS, n - seen.size))
    whole = np.hstack([np.tile(seen, (IMPUTATIONS, 1)), drawn])
    means, variances = whole.mean(axis=1), whole.var(axis=1, ddof=1) / n
    (pooled,) = pool_imputations(means[:, None], variances[:, None], n=n, complete_df=n - 1)
    return pooled.estimate, MEAN


RATES_AND_MEANS = (
    Interval("incidence_rate", _rate, clusters=False),
    Interval("identification_rate, mean over nearby truths", _points, runs=0.5),
    Interval("mean_interval", _mean, clusters=False),
    Interval("pool_imputations, half that share missing", _imputed, clusters=False),
)
