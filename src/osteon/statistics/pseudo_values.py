"""Pseudo-values of a risk under censoring, and limits of means that are made of them.

A row's pseudo-value is what it adds to the cumulative incidence; their mean is it, nearly, and
without censoring before the horizon they are the outcomes, 0 or 1. Gaffke's limits of their mean
(:mod:`osteon.statistics.bounded_mean`) take for the imagined patient one who is followed to the
horizon and so stands for the censored too. Sources: Andersen, Klein and Rosthoej 2003 (Biometrika
90:15, pseudo-values); Gaffke 2005 (Math Methods Stat 14:451, limits); Robins and Rotnitzky 1992
(inverse probability of censoring weights).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from osteon.statistics.bounded_mean import bounded_mean_limits
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.checks import Codes, Floats
from osteon.statistics.competing import cumulative_incidence_replicates
from osteon.statistics.follow_up import event_steps, follow_up_arrays

__all__ = ["followed_weight", "pseudo_mean_limits", "pseudo_values"]

ROUNDING = 1e-12  # what is left of 1 minus a sum of shares is not a chance


def pseudo_values(time: ArrayLike, event: ArrayLike, horizon: float) -> Floats:
    """Pseudo-values of the risk of the event by a horizon, shape (n,).

    ``n F - (n - 1) F_i``, F the cumulative incidence of cause 1 and F_i that without row i: what
    each row adds. Without censoring before the horizon they are the outcomes, 0 or 1. NaN beyond
    follow-up, and for the last row followed to the horizon.

    Examples
    --------
    >>> pseudo_values([1, 2, 3, 4], [1, 0, 1, 0], 2.5).round(3).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    whole = cumulative_incidence_replicates(t, status, horizon=horizon)
    return np.asarray(t.size * whole - (t.size - 1) * _without_each(t, status, horizon))


def _without_each(t: Floats, status: Codes, horizon: float) -> Floats:
    """Cumulative incidence by the horizon with each row left out once, shape (n,).

    Up to its own time a row is missing among those at risk; later times are as they were.
    """
    steps = event_steps(t, status, 2)
    own, every, at_risk = steps.events[0], steps.all_events, steps.at_risk
    until = int(np.searchsorted(steps.time, horizon, side="right"))
    survival, incidence = _curve(own, every, at_risk)
    less_survival, less_incidence = _curve(own, every, at_risk - 1)
    late = np.searchsorted(steps.time, t) >= until  # followed beyond: missing at every time
    place = np.where(late, 0, np.searchsorted(steps.time, t))
    left = at_risk[place] - 1
    just_after = less_survival[place] * (1 - _ratio(every[place] - (status > 0), left))
    gained = less_survival[place] * _ratio(own[place] - (status == 1), left)
    later = _ratio(incidence[until] - incidence[place + 1], survival[place + 1])
    found = less_incidence[place] + gained + just_after * later
    nobody_after = survival[place + 1] < ROUNDING
    remain = just_after * np.where(
        nobody_after, 1.0, _ratio(np.full(t.size, survival[until]), survival[place + 1])
    )
    found = np.where(late, less_incidence[until], found)
    remain = np.where(late, less_survival[until], remain)
    others = np.count_nonzero(t >= horizon) - (t >= horizon)
    return np.where((others > 0) | (remain < ROUNDING), found, np.nan)


def _curve(own: Floats, every: Floats, at_risk: Floats) -> tuple[Floats, Floats]:
    """Survival and incidence before every time, and after the last; shapes (times + 1,)."""
    survival = np.cumprod(np.append(1.0, 1 - _ratio(every, at_risk)))
    return survival, np.append(0.0, np.cumsum(survival[:-1] * _ratio(own, at_risk)))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(
        above, below, out=np.zeros_like(above, dtype=np.float64), where=below > ROUNDING
    )


def followed_weight(t: Floats, status: Codes, horizon: float) -> float:
    """How many rows one row followed to the horizon stands for: 1 / G; infinite with none."""
    g = censoring_survival(t, status == 0, np.ones((1, t.size)))
    chance = float(g.before(np.array([horizon]))[0, 0])
    return 1 / chance if chance > 0 else math.inf


def pseudo_mean_limits(
    gains: Floats, codes: Codes, bounds: tuple[float, float], weight: float, level: float
) -> tuple[float, float]:
    """Limits of the mean of what rows bring, made of pseudo-values.

    Parameters
    ----------
    gains
        Shape (n,); no interval (NaN) where one is NaN.
    codes
        Patient number of every row, shape (n,).
    bounds
        What a row with a known outcome brings at least and at most.
    weight
        As :func:`followed_weight` gives it: the imagined patient brings that much more.
    level
        Confidence level.
    """
    if np.isnan(gains).any() or math.isinf(weight):
        return math.nan, math.nan
    least, most = float(gains.min()), float(gains.max())
    widened = min(bounds[0] * weight, least), max(bounds[1] * weight, most)
    return bounded_mean_limits(gains, codes, widened, level)
