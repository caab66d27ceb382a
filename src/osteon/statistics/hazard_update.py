"""Update a survival model's level and spread where the rate of events differs.

A predicted cumulative hazard is multiplied by ``exp(a)`` (the level), or by ``exp(a + (b - 1) z)``
(level and spread, z the centred log hazard of each patient). Events are Poisson given the hazard a
patient went through. Sources: Crowson, Atkinson and Therneau 2016 (Stat Methods Med Res 25:1692);
Van Houwelingen 2000 (Stat Med 19:3401, updating).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    finite_array,
    require_choice,
    require_level,
    same_length,
)
from osteon.statistics.follow_up import follow_up_arrays
from osteon.statistics.limits import warning
from osteon.statistics.sandwich import (
    ROBUST_METHODS,
    Fit,
    robust_covariance,
    robust_half_width,
    too_few,
)

__all__ = ["HazardUpdate", "hazard_factor", "hazard_update"]

FEW = 30  # patients with an event: below it the plain sandwich holds less than it says


@dataclass(frozen=True, slots=True, eq=False)
class HazardUpdate:
    """How a cumulative hazard changes: ``exp(intercept + (slope - 1) * (log_hazard - centre))``.

    Parameters
    ----------
    intercept
        Log of observed over expected events; 0 leaves the level.
    slope
        Spread of the log hazards; 1 leaves it (and ``slope.reason`` says that it was not fitted).
    centre
        Mean log hazard of the patients it was fitted on.
    n_events
        Events it rests on.
    """

    intercept: Estimate
    slope: Estimate
    centre: float
    n_events: int

    def factor(self, log_hazard: ArrayLike) -> Floats:
        """Factor of the cumulative hazard of patients with these log hazards, shape (n,)."""
        return hazard_factor(log_hazard, self.intercept.value, self.slope.value, self.centre)


def hazard_factor(log_hazard: ArrayLike, intercept: float, slope: float, centre: float) -> Floats:
    """Factor of the cumulative hazard: ``exp(intercept + (slope - 1) * (log_hazard - centre))``.

    Parameters are those of :class:`HazardUpdate`; the result has the shape of ``log_hazard``.

    Examples
    --------
    >>> hazard_factor([0.0, 1.0], 0.0, 1.0, 0.5).tolist()
    [1.0, 1.0]
    """
    z = np.asarray(log_hazard, dtype=np.float64) - centre
    return np.asarray(np.exp(intercept + (slope - 1) * z))


def hazard_update(
    event: ArrayLike,
    cumulative_hazard: ArrayLike,
    log_hazard: ArrayLike,
    *,
    with_slope: bool,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mancl-derouen",
) -> HazardUpdate:
    """Fit the level, or level and spread, of predicted hazards to follow-up.

    Parameters
    ----------
    event
        1 where the event happened, 0 where follow-up ended otherwise (a competing event too: the
        hazard is cause-specific), shape (n,).
    cumulative_hazard
        Predicted for each patient until the end of his own follow-up, at least 0, shape (n,).
    log_hazard
        Log of the predicted hazard up to a common time, shape (n,): what the slope acts on.
    with_slope
        Whether the spread is fitted too.
    cluster, level
        Patient of every row; confidence level.
    method
        ``mancl-derouen`` (the sandwich without each patient's leverage, Student's quantile with
        patients with an event - 1 degrees of freedom; none with a single one) or ``sandwich`` (the
        plain one, normal quantile: too narrow with few events, and says so).

    Returns
    -------
    HazardUpdate
        Values are NaN with the reason where there is no event, or none is expected.

    Examples
    --------
    >>> found = hazard_update([1, 0, 0, 1], [0.5, 0.2, 0.1, 0.2], [0, 0, 0, 0], with_slope=False)
    >>> round(found.intercept.value, 3)
    0.693
    """
    require_level(level)
    require_choice("method", method, ROBUST_METHODS)
    expected, z = (
        finite_array("cumulative_hazard", cumulative_hazard),
        finite_array("log_hazard", log_hazard),
    )
    _, status = follow_up_arrays(np.zeros(np.shape(event)), event)
    n = same_length(event=status, cumulative_hazard=expected, log_hazard=z)
    if (expected < 0).any():
        raise DataError(f"cumulative_hazard is {expected.min()}, wanted at least 0")
    name = f"Poisson model of the hazard gone through, {method}"
    codes = cluster_codes(cluster, n)
    centre = float(z.mean()) if n else 0.0
    reason = _no_fit(status, expected)
    design = np.column_stack([np.ones(n), z - centre])
    if with_slope and not reason and np.ptp(z) < 1e-12:
        reason = "all log hazards are equal: no slope"
    fit = None if reason else _poisson(design[:, : 1 + with_slope], status, expected)
    if fit is None:
        reason = reason or "the likelihood has no finite maximum"
        nothing = Estimate.undefined(reason, level=level, method=name, n=n)
        return HazardUpdate(nothing, nothing, centre, int(status.sum()))
    events = int(np.unique(codes[status == 1]).size)
    name += warning(events, FEW) if method == "sandwich" else ""
    intercept, slope = _estimates(fit, codes, events, (level, name, method))
    return HazardUpdate(intercept, slope, centre, int(status.sum()))


def _no_fit(status: Codes, expected: Floats) -> str | None:
    if not status.any():
        return "no event: nothing to fit"
    if expected.sum() == 0:
        return "no event is expected: no ratio"
    return None


def _poisson(design: Floats, status: Codes, expected: Floats) -> Fit | None:
    """Newton's method; the coefficients are those of the log factor."""
    beta = np.zeros(design.shape[1])
    beta[0] = math.log(status.sum() / expected.sum())
    for _ in range(50):
        mean = expected * np.exp(design @ beta)
        information = (design * mean[:, None]).T @ design
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e14:
            return None
        step = np.linalg.solve(information, design.T @ (status - mean))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-12:
            mean = expected * np.exp(design @ beta)
            rows = mean[:, None, None] * design[:, :, None] * design[:, None]
            shifted = np.asarray(beta + np.array([0.0, 1.0])[: beta.size])
            scores = design * (status - mean)[:, None]
            return Fit(shifted, np.linalg.inv(rows.sum(axis=0)), scores, rows)
    return None


def _estimates(
    fit: Fit, codes: Codes, events: int, how: tuple[float, str, str]
) -> tuple[Estimate, Estimate]:
    level, name, method = how
    n, covariance = codes.size, robust_covariance(fit, codes, method)
    found = []
    for value, variance in zip(fit.beta.tolist(), np.diag(covariance).tolist(), strict=True):
        half = robust_half_width(variance, events - 1, level, method)
        reason = too_few(events, 2, "patients with an event") if math.isnan(half) else None
        found.append(Estimate(value, value - half, value + half, level, name, n, reason))
    if len(found) == 1:
        found.append(Estimate(1.0, math.nan, math.nan, level, name, n, "held at 1, not fitted"))
    return found[0], found[1]
