"""Mean time lived event-free up to a horizon, the area under Kaplan-Meier.

Sources: Irwin 1949 (J Hyg 47:188); Royston and Parmar 2013 (BMC Med Res Methodol 13:152);
Andersen, Hansen and Klein 2004 (Lifetime Data Anal 10:335, pseudo-values); Gaffke 2005, see
:mod:`osteon.statistics.bounded_mean` (the interval).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.bounded_mean import bounded_mean_limits
from osteon.statistics.checks import Codes, Floats, require_choice, require_level
from osteon.statistics.follow_up import (
    at_risk_at,
    beyond_follow_up,
    entry_array,
    event_steps,
    follow_up_arrays,
    product_limit,
)
from osteon.statistics.limits import warning

__all__ = ["RESTRICTED_MEAN_METHODS", "restricted_mean"]

RESTRICTED_MEAN_METHODS = ("gaffke", "log")
FEW = 10  # events: below it the interval on the log scale holds less than it says


def restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    *,
    entry: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "gaffke",
) -> Estimate:
    """Mean time lived event-free up to a horizon, in the unit of ``time``.

    The area under Kaplan-Meier. Undefined when follow-up ends before the horizon.

    Parameters
    ----------
    time, event, entry, level
        As in :func:`kaplan_meier`.
    horizon
        In the unit of ``time``.
    method
        ``gaffke`` (Gaffke's limits of the patients' pseudo-values of the time lost; holds with few
        events, or none) or ``log`` (Greenwood's variance on the log scale of the time lost; needs
        an event, is too narrow with few, and says so).

    Examples
    --------
    >>> restricted_mean([1, 2, 3, 4], [1, 0, 1, 0], 3).formatted(2)
    '2.50 (0.90, 2.99)'
    """
    require_level(level)
    require_choice("method", method, RESTRICTED_MEAN_METHODS)
    t, status = follow_up_arrays(time, event)
    name = f"restricted mean to {horizon:g}"
    if t.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    reason = beyond_follow_up(horizon, t, status)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=t.size)
    late = entry_array(entry, t)
    lost = _Lost.of(t, status, late, horizon)
    if method == "gaffke" and horizon > 0:
        shares = lost.pseudo_values(t, status, late) / horizon
        if not shares.any():
            shares = np.zeros(max(1, at_risk_at(horizon, t, late)))
        bounds = min(0.0, float(shares.min())), max(1.0, float(shares.max()))
        least, most = bounded_mean_limits(shares, np.arange(shares.size), bounds, level)
        low, high = max(0.0, horizon * (1 - most)), horizon * (1 - max(0.0, least))
        name += ", Gaffke's limits of pseudo-values"
        return Estimate(lost.value, min(low, lost.value), high, level, name, t.size)
    return _log_scale(lost, level, name, t, status)


@dataclass(frozen=True, slots=True, eq=False)
class _Lost:
    """The mean, and what each event before the horizon takes from it, shapes (steps,)."""

    value: float
    horizon: float
    time: Floats
    left: Floats
    events: Floats
    at_risk: Floats

    @classmethod
    def of(cls, t: Floats, status: Codes, late: Floats | None, horizon: float) -> "_Lost":
        steps = event_steps(t, status, 1, late)
        s, _ = product_limit(steps)
        inside = steps.time < horizon
        times = np.concatenate([[0.0], steps.time[inside], [horizon]])
        areas = np.diff(times) * np.concatenate([[1.0], s[inside]])
        value = float(areas.sum())
        return cls(
            value, horizon, steps.time[inside], value - np.cumsum(areas)[:-1],
            steps.all_events[inside], steps.at_risk[inside],
        )  # fmt: skip

    def pseudo_values(self, t: Floats, status: Codes, late: Floats | None) -> Floats:
        """Time lost by each row: its mean and n times the row's influence, shape (n,)."""
        others = self.at_risk - self.events
        whole = self.at_risk * others
        rate = np.divide(self.left * self.events, whole, out=np.zeros_like(whole), where=others > 0)
        passed = np.concatenate([[0.0], np.cumsum(rate)])
        influence = -passed[np.searchsorted(self.time, t, side="right")]
        if late is not None:
            influence = influence + passed[np.searchsorted(self.time, late, side="right")]
        own = np.flatnonzero((status == 1) & (t < self.horizon))
        place = np.searchsorted(self.time, t[own])
        influence[own] += rate[place] + self.left[place] / self.at_risk[place]
        return np.asarray(self.horizon - self.value + t.size * influence)


def _log_scale(lost: _Lost, level: float, name: str, t: Floats, status: Codes) -> Estimate:
    others = lost.at_risk - lost.events
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(others > 0, lost.left**2 * lost.events / (lost.at_risk * others), 0.0)
    se, gone = math.sqrt(float(terms.sum())), lost.horizon - lost.value
    name += ", log scale of the time lost"
    if se == 0:
        reason = f"no event by {lost.horizon:g} that others outlive: no variance"
        return Estimate(lost.value, math.nan, math.nan, level, name, t.size, reason)
    factor = math.exp(float(special.ndtri((1 + level) / 2)) * se / gone)
    low, high = max(0.0, lost.horizon - gone * factor), lost.horizon - gone / factor
    name += warning(int(status[t < lost.horizon].sum()), FEW, "events")
    return Estimate(lost.value, low, high, level, name, t.size)
