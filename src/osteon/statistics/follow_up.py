"""Follow-up: times and event codes checked, counted at every time, and where they end.

Events tied with censoring come first. Beyond follow-up nothing is known. Sources: Kaplan and Meier
1958 (JASA 53:457, product limit and tie rule); Greenwood 1926 (variance).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.errors import DataError, UsageError
from osteon.statistics.checks import Codes, Floats, finite_array, same_length

__all__ = ["EventSteps", "beyond_follow_up", "event_steps", "follow_up_arrays", "product_limit"]


def follow_up_arrays(
    time: ArrayLike, event: ArrayLike, causes: tuple[int, ...] = (0, 1)
) -> tuple[Floats, Codes]:
    """Check follow-up: times of at least 0 and declared event codes.

    Raises
    ------
    DataError
        If a time is negative or an event code is not among ``causes``.
    """
    t, status = finite_array("time", time), finite_array("event", event)
    same_length(time=t, event=status)
    negative = np.flatnonzero(t < 0)
    if negative.size:
        raise DataError(f"time is {t[negative[0]]} at row {negative[0]}, wanted at least 0")
    strange = sorted(set(status.tolist()) - set(causes))
    if strange:
        raise DataError(
            f"event holds {strange}, wanted one of {list(causes)}",
            remedy="0 is censored; recode or leave out the rest, and say so",
        )
    return t, status.astype(np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class EventSteps:
    """Times at which something happens; events (causes, k), numbers at risk (k,)."""

    time: Floats
    at_risk: Floats
    events: Floats

    @property
    def all_events(self) -> Floats:
        """Events of any cause at every time, shape (k,)."""
        return np.asarray(self.events.sum(axis=0))


def event_steps(t: Floats, status: Codes, causes: int) -> EventSteps:
    """Count those at risk and the events of causes 1 to ``causes`` at every distinct time."""
    times, place = np.unique(t, return_inverse=True)
    left = np.bincount(place, minlength=times.size).astype(np.float64)
    at_risk = t.size - np.concatenate([[0.0], np.cumsum(left)[:-1]])
    events = np.stack(
        [np.bincount(place[status == c], minlength=times.size) for c in range(1, causes + 1)]
    )
    return EventSteps(times, at_risk, events.astype(np.float64))


def product_limit(steps: EventSteps) -> tuple[Floats, Floats]:
    """Kaplan-Meier and Greenwood's sum at every time."""
    d, n = steps.all_events, steps.at_risk
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(np.where(n > d, d / (n * (n - d)), np.where(d > 0, np.inf, 0.0)))
    return np.asarray(np.cumprod(1 - d / n)), np.asarray(greenwood)


def beyond_follow_up(horizon: float, t: Floats, status: Codes) -> str | None:
    """Say why nothing is known at a horizon; ``None`` when something is."""
    if horizon < 0 or math.isnan(horizon):
        raise UsageError(f"horizon is {horizon}, wanted at least 0")
    last = float(t.max())
    if horizon <= last or status[t == last].all():
        return None
    return f"follow-up ends at {last:g}: nothing is known at {horizon:g}"
