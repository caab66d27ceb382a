"""Calibration of risks at a horizon when follow-up is censored, with or without competing events.

Observed risks are Kaplan-Meier's (Aalen-Johansen's with competing events); smooth curves use
pseudo-values of them, slopes weigh by the inverse chance of still being followed. Sources:
Andersen, Klein and Rosthoej 2003 (Biometrika 90:15, pseudo-values); Gerds, Andersen and Kattan
2014 (Stat Med 33:3191, calibration plots); Austin, Harrell and van Klaveren 2020 (Stat Med
39:2714, ICI at a horizon); van Geloven et al. 2022 (BMJ 377:e069249, what to report).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError
from osteon.statistics.calibration import bin_numbers
from osteon.statistics.calibration_smooth import (
    CalibrationErrors,
    calibration_errors_of,
    smooth_calibration_of,
)
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    probability_array,
    require_choice,
    require_level,
    same_length,
)
from osteon.statistics.competing import cumulative_incidence, cumulative_incidence_replicates
from osteon.statistics.follow_up import beyond_follow_up, follow_up_arrays
from osteon.statistics.horizon import horizon_weights, no_answer_at, smaller_side
from osteon.statistics.limits import warning
from osteon.statistics.pseudo_values import followed_weight, pseudo_mean_limits, pseudo_values
from osteon.statistics.recalibration import logistic_fit
from osteon.statistics.resampling import Resampling, cluster_influence
from osteon.statistics.sandwich import (
    ROBUST_METHODS,
    robust_covariance,
    robust_half_width,
    too_few,
)

__all__ = [
    "calibration_curve_censored",
    "calibration_errors_censored",
    "calibration_slope_censored",
    "observed_expected_ratio_censored",
    "smooth_calibration_curve_censored",
]

FEW = 20  # patients on the smaller side: below it the plain sandwich holds less than it says


def _checked(
    time: ArrayLike, event: ArrayLike, probability: ArrayLike
) -> tuple[Floats, Codes, Floats]:
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    chance = probability_array("probability", probability)
    same_length(time=t, event=status, probability=chance)
    if t.size == 0:
        raise DataError("calibration got no rows")
    return t, status, chance


def observed_expected_ratio_censored(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    horizon: float,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Observed risk by the horizon over the mean predicted one, interval on the log scale.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`; event 0 censored, 1 the event, 2 a competing event.
    probability
        Predicted probability of the event by the horizon, in [0, 1], shape (n,).
    horizon
        In the unit of ``time``.
    cluster, level
        Patient of every row, and the confidence level.

    Returns
    -------
    Estimate
        1 is calibrated in the large, below 1 risks are too high. The variance is the infinitesimal
        jackknife's. Undefined beyond follow-up or without an event by the horizon.

    Examples
    --------
    >>> round(observed_expected_ratio_censored([1, 2, 3, 4], [1, 0, 1, 0], [0.4] * 4, 2.5).value, 3)
    0.625
    """
    require_level(level)
    t, status, chance = _checked(time, event, probability)
    name, n = f"observed over expected at {horizon:g}, log scale", t.size
    reason = beyond_follow_up(horizon, t, status)
    if not reason and not ((t <= horizon) & (status == 1)).any():
        reason = f"no event happened by {horizon:g}"
    if not reason and chance.sum() == 0:
        reason = "every probability is 0: no ratio"
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=n)

    def log_ratio(w: Floats) -> Floats:
        observed = cumulative_incidence_replicates(t, status, horizon=horizon, weights=w)
        return np.asarray(np.log(observed) - np.log(w @ chance / w.sum(axis=1)))

    value = float(log_ratio(np.ones((1, n)))[0])
    codes = cluster_codes(cluster, n)
    if codes.max() < 1:
        reason = "one row (cluster): no variance"
        return Estimate(math.exp(value), math.nan, math.nan, level, name, n, reason)
    se = math.sqrt(float(np.sum(cluster_influence(log_ratio, Resampling(codes)) ** 2)))
    half = float(special.ndtri((1 + level) / 2)) * se
    low, middle, high = (math.exp(value + shift) for shift in (-half, 0.0, half))
    return Estimate(middle, low, high, level, name, n)


def calibration_curve_censored(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    horizon: float,
    *,
    n_bins: int = 10,
    level: float = 0.95,
) -> Curve:
    """Observed risk by the horizon against the mean predicted one, in groups of equal numbers.

    Each group's risk is Aalen-Johansen's (Kaplan-Meier's without competing events), its interval
    Gaffke's of the pseudo-values (:mod:`osteon.statistics.pseudo_values`): Clopper and Pearson's
    when nobody is censored. Arguments as in :func:`observed_expected_ratio_censored`.

    Returns
    -------
    Curve
        ``x`` mean predicted risk, ``y`` observed; NaN for a group whose follow-up ends earlier, and
        no interval where a single patient of it is followed to the horizon.
    """
    require_level(level)
    t, status, chance = _checked(time, event, probability)
    codes = bin_numbers(chance, n_bins, "quantile")
    groups = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    y, low, high = np.full((3, len(groups)), np.nan)
    if beyond_follow_up(horizon, t, status) is None:
        weight = followed_weight(t, status, horizon)
        for k, rows in enumerate(groups):
            y[k] = cumulative_incidence(t[rows], status[rows], horizon, level=level).value
            pseudo = pseudo_values(t[rows], status[rows], horizon)
            low[k], high[k] = pseudo_mean_limits(
                pseudo, np.arange(rows.size), (0.0, 1.0), weight, level
            )
    low, high = np.clip(np.minimum(low, y), 0, 1), np.clip(np.maximum(high, y), 0, 1)
    x = np.array([float(chance[rows].mean()) for rows in groups])
    told = f"{len(groups)} groups of equal numbers, Aalen-Johansen at {horizon:g}, Gaffke"
    return Curve(x, y, low, high, "predicted risk", "observed risk", told, t.size)


def calibration_slope_censored(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    horizon: float,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mancl-derouen",
) -> Estimate:
    """Slope of the outcome at a horizon on the logit of the predicted risk; 1 is calibrated.

    A logistic model of having had the event by the horizon, among those whose state at it is known,
    weighted by the inverse chance of being known; a competing event counts as no event. Weights
    are held as known. ``method`` is ``mancl-derouen`` (the sandwich without each patient's
    leverage, Student's quantile with the fewer of the patients with and without the event - 1
    degrees of freedom) or ``sandwich`` (the plain one, normal quantile: too narrow with few, and
    says so). Other arguments as in :func:`observed_expected_ratio_censored`.
    """
    require_level(level)
    require_choice("method", method, ROBUST_METHODS)
    t, status, chance = _checked(time, event, probability)
    name, n = f"weighted logistic model at {horizon:g}, {method}", t.size
    reason = no_answer_at(t, status, horizon)
    if not reason and ((chance == 0) | (chance == 1)).any():
        reason = "a probability is exactly 0 or 1: its logit is infinite"
    if not reason and np.ptp(chance) == 0:
        reason = "all probabilities are equal: no slope"
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=n)
    parts = horizon_weights(t, status, horizon, np.ones((1, n)))
    weights = (parts.cases + parts.event_free + parts.competing)[0]
    design = np.column_stack([np.ones(n), special.logit(chance)])
    fit = logistic_fit(design, parts.cases[0] > 0, np.zeros(n), weights)
    if fit is None:
        reason = "the probabilities separate the classes: the slope is infinite"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    codes = cluster_codes(cluster, n)
    few = smaller_side(t, status, horizon, codes)
    name += warning(few, FEW) if method == "sandwich" else ""
    variance = float(robust_covariance(fit, codes, method)[1, 1])
    half = robust_half_width(variance, few - 1, level, method)
    reason = too_few(few, 2, "patients with the event (or without)") if math.isnan(half) else None
    value = float(fit.beta[1])
    return Estimate(value, value - half, value + half, level, name, n, reason)


def smooth_calibration_curve_censored(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    horizon: float,
    *,
    rng: np.random.Generator | None = None,
    span: float = 0.75,
    cluster: ArrayLike | None = None,
    replicates: int = 500,
    level: float = 0.95,
    method: str = "effective",
) -> Curve:
    """Loess curve of pseudo-values at a horizon against predicted risks, with a pointwise band.

    As :func:`smooth_calibration_curve` (pseudo-values held) with the arguments of
    :func:`observed_expected_ratio_censored`; NaN throughout beyond follow-up.
    """
    t, status, chance = _checked(time, event, probability)
    outcome = pseudo_values(t, status, horizon)
    plan = Resampling.of(t.size, cluster)
    few = smaller_side(t, status, horizon, plan.codes)
    return smooth_calibration_of(
        outcome, chance, plan, few, rng=rng, span=span, replicates=replicates, level=level,
        method=method,
    )  # fmt: skip


def calibration_errors_censored(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    horizon: float,
    *,
    rng: np.random.Generator | None,
    span: float = 0.75,
    cluster: ArrayLike | None = None,
    replicates: int = 500,
    level: float = 0.95,
    method: str = "upper",
) -> CalibrationErrors:
    """ICI, E50, E90 and Emax at a horizon: distances from the smooth curve of pseudo-values.

    As :func:`calibration_errors` (pseudo-values held) with the arguments of
    :func:`observed_expected_ratio_censored`; undefined beyond follow-up.
    """
    t, status, chance = _checked(time, event, probability)
    reason = beyond_follow_up(horizon, t, status)
    if reason:
        nothing = Estimate.undefined(reason, level=level, method="loess", n=t.size)
        return CalibrationErrors(nothing, nothing, nothing, nothing)
    plan = Resampling.of(t.size, cluster)
    few = smaller_side(t, status, horizon, plan.codes)
    return calibration_errors_of(
        pseudo_values(t, status, horizon), chance, plan, few, rng=rng, span=span,
        replicates=replicates, level=level, method=method,
    )  # fmt: skip
