"""Time to an event under censoring: Kaplan-Meier, Nelson-Aalen, median.

Events tied with censoring come first. Beyond follow-up nothing is known: NaN with the last honest
time. Sources: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 2002 (log and
log-log intervals); Brookmeyer and Crowley 1982 (median); Nelson 1972, Aalen 1978; Tsai, Jewell
and Wang 1987 (late entry).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError
from osteon.statistics.checks import Floats, require_choice, require_level
from osteon.statistics.follow_up import (
    at_risk_at,
    beyond_follow_up,
    entry_array,
    event_steps,
    follow_up_arrays,
    product_limit,
)

__all__ = [
    "kaplan_meier",
    "median_survival",
    "nelson_aalen",
    "no_event_limit",
    "survival_at",
]


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
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    scale: str = "log-log",
    level: float = 0.95,
) -> Curve:
    """Kaplan-Meier curve of the survival probability with its pointwise interval.

    Parameters
    ----------
    time
        Time to the event or to censoring, at least 0, any unit; shape (n,).
    event
        1 where the event happened, 0 where follow-up was censored; shape (n,).
    entry
        When each patient came under observation, in the unit of ``time`` and before it; 0 is from
        the start, as is ``None``. At risk at t are those with entry < t <= time. Where a single
        early patient is at risk and has the event the curve falls to 0 and stays there.
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
    steps = event_steps(t, status, 1, entry_array(entry, t))
    s, greenwood = product_limit(steps)
    low, high = _limits(s, greenwood, level, scale)
    gone = s == 0
    low, high = np.where(gone, np.nan, low), np.where(gone, np.nan, high)
    told = f"Kaplan-Meier, {scale} {level:.0%} interval"
    return Curve(steps.time, s, low, high, "time", "survival probability", told, t.size)


def survival_at(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    *,
    entry: ArrayLike | None = None,
    scale: str = "log-log",
    level: float = 0.95,
) -> Estimate:
    """Survival probability at a horizon (Kaplan-Meier); arguments as in :func:`kaplan_meier`.

    Undefined beyond the end of follow-up, unless the last patient had the event. Before the first
    event Greenwood's variance is zero: the lower limit is then Clopper and Pearson's for no event
    among those still at risk.

    Examples
    --------
    >>> survival_at([1, 2, 3, 4], [1, 0, 1, 0], 3).formatted(2)
    '0.38 (0.01, 0.81)'
    """
    t, status = follow_up_arrays(time, event)
    name = f"Kaplan-Meier, {scale}"
    if t.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    reason = beyond_follow_up(horizon, t, status)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=t.size)
    curve = kaplan_meier(t, status, entry=entry, scale=scale, level=level)
    if not status[t <= horizon].any():
        at_risk = at_risk_at(horizon, t, entry_array(entry, t))
        low = no_event_limit(at_risk, level) if at_risk else 0.0
        return Estimate(1.0, low, 1.0, level, f"{name}; no event yet, Clopper-Pearson", t.size)
    place = int(np.searchsorted(curve.x, horizon, side="right")) - 1
    value, low, high = (float(a[place]) for a in (curve.y, curve.low, curve.high))
    reason = "the curve has reached 0: no interval" if math.isnan(low) else None
    return Estimate(value, low, high, level, name, t.size, reason)


def no_event_limit(at_risk: int, level: float) -> float:
    """Lower limit of a survival probability when none of so many had the event.

    ``((1 - level) / 2) ** (1 / at_risk)`` (Clopper and Pearson 1934).
    """
    return float(((1 - level) / 2) ** (1 / at_risk))


def median_survival(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    scale: str = "log-log",
    level: float = 0.95,
) -> Estimate:
    """Median time to the event, with Brookmeyer and Crowley's interval, in the unit of ``time``.

    Where the curve is exactly 0.5 over a stretch its middle is taken. A limit that the band does
    not reach is infinite; undefined when the curve stays above 0.5.
    """
    curve = kaplan_meier(time, event, entry=entry, scale=scale, level=level)
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


def nelson_aalen(
    time: ArrayLike, event: ArrayLike, *, entry: ArrayLike | None = None, level: float = 0.95
) -> Curve:
    """Nelson-Aalen cumulative hazard with its interval on the log scale.

    Variance ``sum d / n**2``; before the first event the upper limit is Clopper and Pearson's for
    none among those at risk, as in :func:`survival_at`. Arguments as in :func:`kaplan_meier`.
    """
    require_level(level)
    t, status = follow_up_arrays(time, event)
    steps = event_steps(t, status, 1, entry_array(entry, t))
    hazard = np.cumsum(steps.all_events / steps.at_risk)
    se = np.sqrt(np.cumsum(steps.all_events / steps.at_risk**2))
    z = float(special.ndtri((1 + level) / 2))
    half = np.divide(z * se, hazard, out=np.zeros_like(hazard), where=hazard > 0)
    low, high = hazard * np.exp(-half), hazard * np.exp(half)
    none_yet = -np.log((1 - level) / 2) / steps.at_risk
    high = np.where(hazard > 0, high, none_yet)
    told = f"Nelson-Aalen, log {level:.0%} interval"
    return Curve(steps.time, hazard, low, high, "time", "cumulative hazard", told, t.size)
