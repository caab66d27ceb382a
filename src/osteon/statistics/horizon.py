"""What all statistics at a horizon share: inverse probability weights, variance, reasons.

Who had the event by the horizon is a case, who is event-free at it a control; who was censored
before is represented by the others through weights that are estimated from the same data. Sources:
Robins and Rotnitzky 1992 (weights); Blanche, Dartigues and Jacqmin-Gadda 2013 (Stat Med 32:5381,
competing events); Efron 1982 (infinitesimal jackknife).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.resampling import Resampling

__all__ = [
    "HorizonStatistic",
    "HorizonWeights",
    "Vectorised",
    "cluster_influence",
    "horizon_weights",
    "no_answer_at",
]

STEP = 1e-4  # of the weights, for the numerical derivative
Vectorised = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class HorizonWeights:
    """Weights of cases, of the event-free and of those with a competing event; (replicates, n)."""

    cases: Floats
    event_free: Floats
    competing: Floats


def horizon_weights(t: Floats, status: Codes, horizon: float, w: Floats) -> HorizonWeights:
    """Weigh every row by the inverse chance of still being followed, for every row of weights."""
    g = censoring_survival(t, status == 0, w)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = w / g.before(t)
        late = w / g.at(np.array([horizon]))
    by_then = t <= horizon
    nothing = np.zeros_like(w)
    return HorizonWeights(
        cases=np.where(by_then & (status == 1), own, nothing),
        event_free=np.where(~by_then, late, nothing),
        competing=np.where(by_then & (status > 1), own, nothing),
    )


def cluster_influence(statistic: Vectorised, plan: Resampling) -> Floats:
    """Differentiate a statistic by each cluster's weight, shape (clusters,)."""
    more = np.concatenate([statistic(w) for w in plan.reweighted(1 + STEP)])
    less = np.concatenate([statistic(w) for w in plan.reweighted(1 - STEP)])
    derivative = (more - less) / (2 * STEP)
    return np.asarray(derivative * math.sqrt(plan.n_clusters / max(plan.n_clusters - 1, 1)))


def no_answer_at(t: Floats, status: Codes, horizon: float) -> str | None:
    """Say why nothing can be estimated at a horizon; ``None`` when it can."""
    if horizon <= 0 or math.isnan(horizon):
        raise UsageError(f"horizon is {horizon}, wanted above 0")
    if t.size == 0:
        return "no rows"
    if not (t > horizon).any():
        last = np.sort(t)[-2] if t.size > 1 else t[0]
        return (
            f"nobody is followed beyond {horizon:g}: the last horizon with a control is below "
            f"{t.max():g} (one patient) or {last:g} (two)"
        )
    if not ((t <= horizon) & (status == 1)).any():
        return f"no event happened by {horizon:g}"
    return None


@dataclass(frozen=True, slots=True, eq=False)
class HorizonStatistic:
    """A vectorised statistic of these data with how to get its interval."""

    statistic: Vectorised
    n: int
    cluster: ArrayLike | None
    level: float
    name: str

    def jackknife(self) -> Estimate:
        """Interval from the infinitesimal jackknife, cut to [0, 1]."""
        value = float(self.statistic(np.ones((1, self.n)))[0])
        influence = cluster_influence(self.statistic, Resampling.of(self.n, self.cluster))
        half = float(special.ndtri((1 + self.level) / 2)) * math.sqrt(float(np.sum(influence**2)))
        low, high = max(0.0, value - half), min(1.0, value + half)
        if not half > 0:
            reason = "the jackknife variance is zero"
            return Estimate(value, math.nan, math.nan, self.level, self.name, self.n, reason)
        return Estimate(value, low, high, self.level, self.name, self.n)

    def drawn(self, rng: np.random.Generator | None) -> Estimate:
        """Percentile interval of 2,000 bootstrap replicates."""

        def statistic(_: Floats, *, weights: Floats) -> Floats:
            return self.statistic(weights)

        rows = np.arange(self.n)
        return bootstrap(statistic, rows, cluster=self.cluster, level=self.level, rng=rng)
