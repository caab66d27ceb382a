"""What all statistics at a horizon share: inverse probability weights, variance, reasons.

Who had the event by the horizon is a case, who is event-free at it a control; who was censored
before is represented by the others through weights that are estimated from the same data. Sources:
Robins and Rotnitzky 1992 (weights); Blanche, Dartigues and Jacqmin-Gadda 2013 (Stat Med 32:5381,
competing events); Efron 1982 (infinitesimal jackknife).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from osteon.core.records import Estimate
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.limits import class_sizes, logit_limits, plain_limits, warning
from osteon.statistics.resampling import Resampling, Vectorised, cluster_influence

__all__ = [
    "HORIZON_METHODS",
    "HorizonStatistic",
    "HorizonWeights",
    "horizon_weights",
    "no_answer_at",
    "side_sizes",
    "smaller_side",
]

HORIZON_METHODS = ("logit", "jackknife", "bootstrap")
FEW = 20  # patients on the smaller side: below it other intervals hold less than they say


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


def side_sizes(t: Floats, status: Codes, horizon: float, codes: Codes) -> tuple[int, int]:
    """Patients with the event by the horizon, and patients followed beyond it."""
    cases = (t <= horizon) & (status == 1)
    return class_sizes(cases[cases | (t > horizon)], codes[cases | (t > horizon)])


def smaller_side(t: Floats, status: Codes, horizon: float, codes: Codes) -> int:
    """Patients with the event by the horizon, or without, whichever are fewer."""
    return min(side_sizes(t, status, horizon, codes))


@dataclass(frozen=True, slots=True, eq=False)
class HorizonStatistic:
    """A vectorised statistic in [0, 1] of n rows, with what its interval needs.

    Parameters
    ----------
    statistic
        From weights (replicates, n) to values (replicates,).
    codes
        Patient number of every row, shape (n,).
    level, name
        Confidence level, and what ``method`` is to say.
    smaller
        Patients with the event or without, whichever are fewer.
    """

    statistic: Vectorised
    codes: Codes
    level: float
    name: str
    smaller: int

    def estimate(self, method: str, rng: np.random.Generator | None) -> Estimate:
        """Give the value with its interval: ``logit``, ``jackknife`` or ``bootstrap``."""
        if method == "bootstrap":
            return self._drawn(rng)
        n = self.codes.size
        value = float(self.statistic(np.ones((1, n)))[0])
        influence = cluster_influence(self.statistic, Resampling(self.codes))
        se = math.sqrt(float(np.sum(influence**2)))
        name = f"{self.name}, {method}"
        if not se > 0 or not 0 < value < 1 or self.smaller < 2:
            reason = "one patient with the event, or none that differs: no variance"
            return Estimate(value, math.nan, math.nan, self.level, name, n, reason)
        if method == "logit":
            low, high = logit_limits(value, se, self.level, self.smaller - 1)
        else:
            low, high = plain_limits(value, se, self.level)
            name += warning(self.smaller, FEW)
        return Estimate(value, low, high, self.level, name, n)

    def _drawn(self, rng: np.random.Generator | None) -> Estimate:
        def statistic(_: Floats, *, weights: Floats) -> Floats:
            return self.statistic(weights)

        rows = np.arange(self.codes.size)
        found = bootstrap(statistic, rows, cluster=self.codes, level=self.level, rng=rng)
        name = f"{self.name}, {found.method}" + warning(self.smaller, FEW)
        return replace(found, method=name)
