"""Several causes of one event: cumulative incidence when they compete (Aalen-Johansen).

Source: Aalen and Johansen 1978 (Scand J Stat 5:141) with the variance of Aalen (Andersen et al.
1993, Statistical Models Based on Counting Processes, IV.4).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import Codes, Floats, require_level, weight_matrix
from osteon.statistics.follow_up import (
    EventSteps,
    at_risk_at,
    beyond_follow_up,
    entry_array,
    event_steps,
    follow_up_arrays,
    product_limit,
)
from osteon.statistics.survival_curves import no_event_limit

__all__ = ["aalen_johansen", "cumulative_incidence", "cumulative_incidence_replicates"]

ROUNDING = 1e-12  # what is left of 1 minus a sum of shares is not a chance


def aalen_johansen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    cause: int = 1,
    n_causes: int = 2,
    level: float = 0.95,
) -> Curve:
    """Cumulative incidence of a cause when other causes compete.

    Parameters
    ----------
    time, event, entry
        As in :func:`kaplan_meier`; event 0 censored, 1 to ``n_causes`` the causes.
    cause
        The cause of interest.
    n_causes
        How many causes are declared; other codes are refused.
    level
        Confidence level of the interval, on the log-log scale of 1 - incidence; its limits are
        NaN where the incidence has reached 1. Before the first event of the cause the upper limit
        is Clopper and Pearson's for none among those at risk.

    Examples
    --------
    >>> aalen_johansen([1, 2, 3, 4], [1, 2, 1, 0]).y.tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    require_level(level)
    t, status = _checked(time, event, cause, n_causes)
    if t.size == 0:
        raise DataError("aalen_johansen got no rows")
    steps = event_steps(t, status, n_causes, entry_array(entry, t))
    incidence, variance = _incidence(steps, cause)
    z = float(special.ndtri((1 + level) / 2))
    rest = np.where(1 - incidence < ROUNDING, 0.0, 1 - incidence)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # too wide is [0, 1]
        half = z * np.sqrt(variance) / (rest * np.abs(np.log(rest)))
        low, high = 1 - rest ** np.exp(-half), 1 - rest ** np.exp(half)
    flat = incidence == 0
    low = np.where(flat, 0.0, low)
    high = np.where(flat, 1 - no_event_limit(steps.at_risk, level), high)
    told = f"Aalen-Johansen, cause {cause}, log-log {level:.0%} interval"
    return Curve(steps.time, incidence, low, high, "time", "cumulative incidence", told, t.size)


def _incidence(steps: EventSteps, cause: int) -> tuple[Floats, Floats]:
    """Cumulative incidence and Aalen's variance at every time."""
    survival, _ = product_limit(steps)
    before = np.concatenate([[1.0], survival[:-1]])
    own, every, n = steps.events[cause - 1], steps.all_events, steps.at_risk
    incidence = np.cumsum(before * own / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where(n > every, every / (n * (n - every)), 0.0)
    b = before * own / n**2
    c = before**2 * own * (n - own) / n**3
    sums = [np.cumsum(x) for x in (a, incidence * a, incidence**2 * a, b, incidence * b, c)]
    f = incidence
    variance = f**2 * sums[0] - 2 * f * sums[1] + sums[2] + sums[5]
    variance = variance - 2 * (f * sums[3] - sums[4])
    return incidence, np.maximum(variance, 0.0)


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    *,
    entry: ArrayLike | None = None,
    cause: int = 1,
    n_causes: int = 2,
    level: float = 0.95,
) -> Estimate:
    """Chance of an event of one cause by a horizon (Aalen-Johansen); as :func:`aalen_johansen`.

    Undefined beyond the end of follow-up, with the last honest time. Without competing events it
    is 1 - Kaplan-Meier. Before the first event of the cause the upper limit is Clopper and
    Pearson's for none among those still at risk.

    Examples
    --------
    >>> cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0], 2.5).value
    0.25
    """
    require_level(level)
    name = f"Aalen-Johansen, cause {cause}, log-log"
    t, status = _checked(time, event, cause, n_causes)
    if t.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    reason = beyond_follow_up(horizon, t, status)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=t.size)
    if not (status[t <= horizon] == cause).any():
        at_risk = at_risk_at(horizon, t, entry_array(entry, t))
        high = 1 - float(no_event_limit(at_risk, level))
        return Estimate(0.0, 0.0, high, level, f"{name}; no event yet, Clopper-Pearson", t.size)
    curve = aalen_johansen(t, status, entry=entry, cause=cause, n_causes=n_causes, level=level)
    place = int(np.searchsorted(curve.x, horizon, side="right")) - 1
    value, low, high = (float(a[place]) for a in (curve.y, curve.low, curve.high))
    reason = None
    if math.isnan(low):
        reason = "every patient had the event: no interval on the log-log scale"
    return Estimate(value, low, high, level, name, t.size, reason)


def _checked(time: ArrayLike, event: ArrayLike, cause: int, n_causes: int) -> tuple[Floats, Codes]:
    t, status = follow_up_arrays(time, event, tuple(range(n_causes + 1)))
    if not 1 <= cause <= n_causes:
        raise UsageError(f"cause is {cause}, wanted 1 to {n_causes}")
    return t, status


def cumulative_incidence_replicates(
    time: Floats,
    event: Codes,
    *,
    horizon: float,
    cause: int = 1,
    weights: Floats | None = None,
) -> Floats:
    """Cumulative incidence at a horizon for every row of weights: to hand to :func:`bootstrap`.

    Arrays of shape (n,), ``weights`` (replicates, n); returns (replicates,), NaN where follow-up
    ends before the horizon.
    """
    w = weight_matrix(weights, time.size)
    order = np.argsort(time, kind="stable")
    ordered, status = time[order], event[order]
    w = w[:, order]
    until = int(np.searchsorted(ordered, horizon, side="right"))
    total = w.sum(axis=1)
    if until == 0:
        return np.where(total > 0, 0.0, np.nan)
    starts = np.flatnonzero(np.r_[True, np.diff(ordered[:until]) > 0])
    left = np.add.reduceat(w[:, :until], starts, axis=1)
    every = np.add.reduceat(w[:, :until] * (status[:until] > 0), starts, axis=1)
    own = np.add.reduceat(w[:, :until] * (status[:until] == cause), starts, axis=1)
    at_risk = total[:, None] - np.cumsum(left, axis=1) + left
    there = at_risk > 1e-9  # what is left of differences of sums is not a patient
    share = np.divide(every, at_risk, out=np.zeros_like(every), where=there)
    survival = np.cumprod(1 - share, axis=1)
    before = np.hstack([np.ones((len(w), 1)), survival[:, :-1]])
    steps = np.divide(before * own, at_risk, out=np.zeros_like(own), where=there)
    followed = w[:, np.searchsorted(ordered, horizon) :].sum(axis=1) > 0
    known = followed | (survival[:, -1] < ROUNDING)
    return np.where(known, steps.sum(axis=1), np.nan)
