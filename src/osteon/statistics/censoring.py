"""The chance of still being followed: Kaplan-Meier of censoring, for many weights at once.

At tied times events leave before the censored do. Source: Robins and Rotnitzky 1992 (inverse
probability of censoring weights); the tie rule as in R's prodlim and survival.
"""

from dataclasses import dataclass

import numpy as np

from osteon.statistics.checks import Bools, Floats

__all__ = ["CensoringSurvival", "censoring_survival"]


@dataclass(frozen=True, slots=True, eq=False)
class CensoringSurvival:
    """G at every distinct time, for every row of weights.

    Parameters
    ----------
    times
        Distinct times, rising, shape (k,).
    after
        G just after each time, shape (replicates, k).
    """

    times: Floats
    after: Floats

    def at(self, time: Floats) -> Floats:
        """G(t): censorings at t itself have happened; shape (replicates, m)."""
        return self._padded()[:, np.searchsorted(self.times, time, side="right")]

    def before(self, time: Floats) -> Floats:
        """G(t-): censorings at t itself have not happened yet; shape (replicates, m)."""
        return self._padded()[:, np.searchsorted(self.times, time, side="left")]

    def _padded(self) -> Floats:
        return np.hstack([np.ones((len(self.after), 1)), self.after])


def censoring_survival(time: Floats, censored: Bools, weights: Floats) -> CensoringSurvival:
    """Estimate G from times (n,), who was censored (n,) and weights (replicates, n)."""
    order = np.argsort(time, kind="stable")
    ordered = time[order]
    starts = np.flatnonzero(np.r_[True, np.diff(ordered) > 0])
    w = weights[:, order]
    left: Floats = np.add.reduceat(w, starts, axis=1)
    lost = np.add.reduceat(w * censored[order], starts, axis=1)
    at_risk = left[:, ::-1].cumsum(axis=1)[:, ::-1] - (left - lost)
    steps = np.ones_like(lost)
    np.divide(lost, at_risk, out=steps, where=lost > 0)
    steps = np.where(lost > 0, 1 - steps, 1.0)
    return CensoringSurvival(ordered[starts], np.asarray(np.cumprod(steps, axis=1), np.float64))
