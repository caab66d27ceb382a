"""Time to an event under censoring: Kaplan-Meier, Nelson-Aalen, Aalen-Johansen, restricted mean.

Events tied with censoring come first. Beyond follow-up nothing is known: NaN with the last honest
time. Sources: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 2002 (log and
log-log intervals); Nelson 1972, Aalen 1978; Aalen and Johansen 1978 with the variance of Aalen
(Andersen et al. 1993, IV.4); Irwin 1949 and Royston and Parmar 2013 (restricted mean).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import (
    Codes,
    Floats,
    finite_array,
    require_choice,
    require_level,
    same_length,
)

__all__ = [
    "aalen_johansen",
    "cumulative_incidence_at",
    "follow_up_arrays",
    "kaplan_meier",
    "median_survival",
    "nelson_aalen",
    "restricted_mean",
    "survival_at",
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


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Times at which something happens; events (causes, k), numbers at risk (k,)."""

    time: Floats
    at_risk: Floats
    events: Floats

    @property
    def all_events(self) -> Floats:
        return np.asarray(self.events.sum(axis=0))


def _steps(t: Floats, status: Codes, causes: int) -> _Steps:
    times, place = np.unique(t, return_inverse=True)
    left = np.bincount(place, minlength=times.size).astype(np.float64)
    at_risk = t.size - np.concatenate([[0.0], np.cumsum(left)[:-1]])
    events = np.stack(
        [np.bincount(place[status == c], minlength=times.size) for c in range(1, causes + 1)]
    )
    return _Steps(times, at_risk, events.astype(np.float64))


def _survival(steps: _Steps) -> tuple[Floats, Floats]:
    """Kaplan-Meier and Greenwood's sum at every time."""
    d, n = steps.all_events, steps.at_risk
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(np.where(n > d, d / (n * (n - d)), np.where(d > 0, np.inf, 0.0)))
    return np.asarray(np.cumprod(1 - d / n)), np.asarray(greenwood)


def _limits(s: Floats, greenwood: Floats, level: float, scale: str) -> tuple[Floats, Floats]:
    z = float(special.ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(greenwood)
        if scale == "plain":
            return np.clip(s - z * s * se, 0, 1), np.clip(s + z * s * se, 0, 1)
        if scale == "log":
            return s * np.exp(-z * se), np.minimum(1.0, s * np.exp(z * se))
        half = z * se / np.abs(np.log(s))
        centre = np.log(-np.log(s))
        low, high = np.exp(-np.exp(centre + half)), np.exp(-np.exp(centre - half))
    certain = greenwood == 0
    return np.where(certain, 1.0, low), np.where(certain, 1.0, high)


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, *, scale: str = "log-log", level: float = 0.95
) -> Curve:
    """Kaplan-Meier curve of the survival probability with its pointwise interval.

    Parameters
    ----------
    time
        Time to the event or to censoring, at least 0, any unit; shape (n,).
    event
        1 where the event happened, 0 where follow-up was censored; shape (n,).
    scale
        Scale of the interval: ``log-log``, ``log`` or ``plain``.
    level
        Confidence level.

    Returns
    -------
    Curve
        One point at every time that occurs; the value holds until the next. Limits are NaN where
        the curve has reached 0.

    Examples
    --------
    >>> kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1]).y.tolist()
    [0.75, 0.75, 0.375, 0.0]
    """
    require_level(level)
    require_choice("scale", scale, ("log-log", "log", "plain"))
    t, status = follow_up_arrays(time, event)
    if t.size == 0:
        raise DataError("kaplan_meier got no rows")
    steps = _steps(t, status, 1)
    s, greenwood = _survival(steps)
    low, high = _limits(s, greenwood, level, scale)
    gone = s == 0
    low, high = np.where(gone, np.nan, low), np.where(gone, np.nan, high)
    told = f"Kaplan-Meier, {scale} {level:.0%} interval"
    return Curve(steps.time, s, low, high, "time", "survival probability", told, t.size)


def _beyond(horizon: float, t: Floats, status: Codes) -> str | None:
    if horizon < 0 or math.isnan(horizon):
        raise UsageError(f"horizon is {horizon}, wanted at least 0")
    last = float(t.max())
    if horizon <= last or status[t == last].all():
        return None
    return f"follow-up ends at {last:g}: nothing is known at {horizon:g}"


def survival_at(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    *,
    scale: str = "log-log",
    level: float = 0.95,
) -> Estimate:
    """Survival probability at a horizon (Kaplan-Meier); arguments as in :func:`kaplan_meier`.

    Undefined beyond the end of follow-up, unless the last patient had the event.
    """
    t, status = follow_up_arrays(time, event)
    name = f"Kaplan-Meier, {scale}"
    if t.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    reason = _beyond(horizon, t, status)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=t.size)
    curve = kaplan_meier(t, status, scale=scale, level=level)
    place = int(np.searchsorted(curve.x, horizon, side="right")) - 1
    if place < 0:
        return Estimate(1.0, 1.0, 1.0, level, name, t.size)
    value, low, high = (float(a[place]) for a in (curve.y, curve.low, curve.high))
    reason = "the curve has reached 0: no interval" if math.isnan(low) else None
    return Estimate(value, low, high, level, name, t.size, reason)


def median_survival(
    time: ArrayLike, event: ArrayLike, *, scale: str = "log-log", level: float = 0.95
) -> Estimate:
    """Median time to the event, with Brookmeyer and Crowley's interval, in the unit of ``time``.

    Where the curve is exactly 0.5 over a stretch its middle is taken. A limit that the band does
    not reach is infinite; undefined when the curve stays above 0.5.
    """
    curve = kaplan_meier(time, event, scale=scale, level=level)
    name = f"Kaplan-Meier median, {scale}"
    value = _crossing(curve.x, curve.y)
    if math.isinf(value):
        reason = f"the curve stays above 0.5 until follow-up ends at {curve.x[-1]:g}"
        return Estimate.undefined(reason, level=level, method=name, n=curve.n)
    low = _crossing(curve.x, np.nan_to_num(curve.low))
    high = _crossing(curve.x, np.nan_to_num(curve.high, nan=1.0))
    return Estimate(value, low, high, level, name, curve.n)


def _crossing(time: Floats, survival: Floats) -> float:
    tolerance = 1e-12
    below = np.flatnonzero(survival < 0.5 - tolerance)
    equal = np.flatnonzero(np.abs(survival - 0.5) <= tolerance)
    if equal.size:
        end = time[below[0]] if below.size else time[equal[-1]]
        return float((time[equal[0]] + end) / 2)
    return float(time[below[0]]) if below.size else math.inf


def nelson_aalen(time: ArrayLike, event: ArrayLike, *, level: float = 0.95) -> Curve:
    """Nelson-Aalen cumulative hazard with its interval on the log scale.

    Variance ``sum d / n**2``; arguments as in :func:`kaplan_meier`.
    """
    require_level(level)
    t, status = follow_up_arrays(time, event)
    steps = _steps(t, status, 1)
    hazard = np.cumsum(steps.all_events / steps.at_risk)
    se = np.sqrt(np.cumsum(steps.all_events / steps.at_risk**2))
    z = float(special.ndtri((1 + level) / 2))
    half = np.divide(z * se, hazard, out=np.zeros_like(hazard), where=hazard > 0)
    low, high = hazard * np.exp(-half), hazard * np.exp(half)
    told = f"Nelson-Aalen, log {level:.0%} interval"
    return Curve(steps.time, hazard, low, high, "time", "cumulative hazard", told, t.size)


def aalen_johansen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    cause: int = 1,
    n_causes: int = 2,
    level: float = 0.95,
) -> Curve:
    """Cumulative incidence of a cause when other causes compete.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`; event 0 censored, 1 to ``n_causes`` the causes.
    cause
        The cause of interest.
    n_causes
        How many causes are declared; other codes are refused.
    level
        Confidence level of the interval, on the log-log scale of 1 - incidence.

    Examples
    --------
    >>> aalen_johansen([1, 2, 3, 4], [1, 2, 1, 0]).y.tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    require_level(level)
    t, status = follow_up_arrays(time, event, tuple(range(n_causes + 1)))
    if not 1 <= cause <= n_causes:
        raise UsageError(f"cause is {cause}, wanted 1 to {n_causes}")
    steps = _steps(t, status, n_causes)
    incidence, variance = _incidence(steps, cause)
    z = float(special.ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = 1 - incidence
        half = z * np.sqrt(variance) / (rest * np.abs(np.log(rest)))
        low, high = 1 - rest ** np.exp(-half), 1 - rest ** np.exp(half)
    flat = incidence == 0
    low, high = np.where(flat, 0.0, low), np.where(flat, 0.0, high)
    told = f"Aalen-Johansen, cause {cause}, log-log {level:.0%} interval"
    return Curve(steps.time, incidence, low, high, "time", "cumulative incidence", told, t.size)


def _incidence(steps: _Steps, cause: int) -> tuple[Floats, Floats]:
    """Cumulative incidence and Aalen's variance at every time."""
    survival, _ = _survival(steps)
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


def cumulative_incidence_at(
    time: Floats, event: Floats, horizon: float, *, n_causes: int = 2
) -> tuple[float, float]:
    """Cumulative incidence of cause 1 at a horizon and its standard error; NaN beyond follow-up.

    Without competing events this is 1 - Kaplan-Meier.
    """
    t, status = follow_up_arrays(time, event, tuple(range(n_causes + 1)))
    if t.size == 0 or _beyond(horizon, t, status):
        return math.nan, math.nan
    steps = _steps(t, status, n_causes)
    incidence, variance = _incidence(steps, 1)
    place = int(np.searchsorted(steps.time, horizon, side="right")) - 1
    if place < 0:
        return 0.0, 0.0
    return float(incidence[place]), math.sqrt(float(variance[place]))


def restricted_mean(
    time: ArrayLike, event: ArrayLike, horizon: float, *, level: float = 0.95
) -> Estimate:
    """Mean time lived event-free up to a horizon, in the unit of ``time``.

    The area under Kaplan-Meier; undefined when follow-up ends before the horizon.
    """
    require_level(level)
    t, status = follow_up_arrays(time, event)
    name = f"restricted mean to {horizon:g}"
    if t.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    reason = _beyond(horizon, t, status)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=t.size)
    steps = _steps(t, status, 1)
    s, _ = _survival(steps)
    inside = steps.time < horizon
    times = np.concatenate([[0.0], steps.time[inside], [horizon]])
    areas = np.diff(times) * np.concatenate([[1.0], s[inside]])
    value = float(areas.sum())
    left = value - np.cumsum(areas)[:-1]
    d, n = steps.all_events[inside], steps.at_risk[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(n > d, left**2 * d / (n * (n - d)), 0.0)
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(float(terms.sum()))
    return Estimate(value, value - half, value + half, level, name, t.size)
