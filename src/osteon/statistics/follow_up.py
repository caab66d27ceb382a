"""Follow-up: times and event codes checked, counted at every time, and where they end.

Events tied with censoring come first. Beyond follow-up nothing is known. Those who come under
observation late are at risk at times after their entry. Sources: Kaplan and Meier 1958 (JASA
53:457, product limit and tie rule); Greenwood 1926 (variance); Tsai, Jewell and Wang 1987
(Biometrika 74:883, late entry).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.errors import DataError, UsageError
from osteon.statistics.checks import Codes, Floats, finite_array, same_length

__all__ = [
    "EventSteps",
    "at_risk_at",
    "beyond_follow_up",
    "entry_array",
    "event_steps",
    "follow_up_arrays",
    "product_limit",
]


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


def entry_array(entry: ArrayLike | None, t: Floats) -> Floats | None:
    """Check when patients came under observation, shape (n,); 0 is from the start, as -infinity.

    ``None`` where nobody was late.

    Raises
    ------
    DataError
        If an entry is negative, or not before the end of follow-up.
    """
    if entry is None:
        return None
    e = finite_array("entry", entry)
    same_length(time=t, entry=e)
    wrong = np.flatnonzero((e < 0) | ((e > 0) & (e >= t)))
    if wrong.size:
        row = wrong[0]
        raise DataError(
            f"entry is {e[row]:g} and time {t[row]:g} at row {row}, wanted 0 <= entry < time",
            remedy="leave out patients who were never observed at risk, and count them",
        )
    return np.where(e > 0, e, -np.inf) if (e > 0).any() else None


def at_risk_at(time: float, t: Floats, entry: Floats | None) -> int:
    """Count the rows under observation just before a time."""
    followed = t >= time
    return int(np.sum(followed if entry is None else followed & (entry < time)))


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


def event_steps(t: Floats, status: Codes, causes: int, entry: Floats | None = None) -> EventSteps:
    """Count those at risk and the events of causes 1 to ``causes`` at every distinct time.

    ``entry`` is as :func:`entry_array` gives it.
    """
    times, place = np.unique(t, return_inverse=True)
    left = np.bincount(place, minlength=times.size).astype(np.float64)
    at_risk = t.size - np.concatenate([[0.0], np.cumsum(left)[:-1]])
    if entry is not None:
        at_risk = at_risk - (t.size - np.searchsorted(np.sort(entry), times, side="left"))
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
