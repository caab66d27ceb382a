"""Net benefit: acting on a prediction against acting on all or on none.

Sources: Vickers and Elkin 2006 (Med Decis Making 26:565); Vickers et al. 2008 (BMC Med Inform
Decis Mak 8:53, censored outcomes and competing risks).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Curve
from osteon.errors import DataError, UsageError
from osteon.statistics.bounded_mean import MEAN_METHODS, bounded_mean_limits
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    binary_array,
    finite_array,
    probability_array,
    require_choice,
    require_generator,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.competing import cumulative_incidence_replicates
from osteon.statistics.follow_up import follow_up_arrays
from osteon.statistics.pseudo_values import followed_weight, pseudo_mean_limits, pseudo_values
from osteon.statistics.resampling import Resampling, replicate_values

__all__ = [
    "decision_curve",
    "decision_curve_censored",
    "net_benefit_censored_replicates",
    "net_benefit_replicates",
    "treat_all",
]


REPLICATES = 2000  # of the censored curve


def _thresholds(values: ArrayLike | None) -> Floats:
    thresholds = finite_array("thresholds", np.arange(1, 100) / 100 if values is None else values)
    if thresholds.size == 0 or thresholds.min() <= 0 or thresholds.max() >= 1:
        raise UsageError("thresholds must lie in (0, 1)", remedy="state those that are of use")
    return thresholds


def net_benefit_replicates(
    reference_standard: Bools,
    probability: Floats,
    *,
    thresholds: Floats,
    weights: Floats | None = None,
) -> Floats:
    """Net benefit at every threshold for every row of weights; (replicates, thresholds).

    ``true positives / n - false positives / n * t / (1 - t)``; positive from the threshold on.
    """
    w = weight_matrix(weights, reference_standard.size)
    order = np.argsort(-probability, kind="stable")
    calls = np.searchsorted(-probability[order], -thresholds, side="right")
    zeros = np.zeros((len(w), 1))
    sorted_w = w[:, order]
    true = np.hstack([zeros, np.cumsum(sorted_w * reference_standard[order], axis=1)])[:, calls]
    called = np.hstack([zeros, np.cumsum(sorted_w, axis=1)])[:, calls]
    odds = thresholds / (1 - thresholds)
    return np.asarray((true - (called - true) * odds) / w.sum(axis=1, keepdims=True))


def treat_all(prevalence: float, thresholds: ArrayLike) -> Floats:
    """Net benefit of acting on everybody at every threshold; acting on nobody has 0."""
    t = _thresholds(thresholds)
    return np.asarray(prevalence - (1 - prevalence) * t / (1 - t))


def decision_curve(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    thresholds: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "gaffke",
) -> Curve:
    """Net benefit over threshold probabilities, with a pointwise band.

    Parameters
    ----------
    reference_standard
        0 or 1, shape (n,).
    probability
        In [0, 1], shape (n,); acted on when at least the threshold.
    rng, cluster, replicates, level
        As in :func:`osteon.statistics.bootstrap`.
    thresholds
        Threshold probabilities in (0, 1), shape (k,); 0.01 to 0.99 by default.
    method
        ``gaffke``: limits of the mean over rows of what each brings, which is 1 for a true
        positive, ``-t / (1 - t)`` for a false one and else 0
        (:mod:`osteon.statistics.bounded_mean`; needs no ``rng``). Wide at high thresholds, where
        one false positive costs much. ``bootstrap``: percentiles, too narrow with few events.

    Returns
    -------
    Curve
        ``y`` is the net benefit in true positives for each row, compare :func:`treat_all` and 0.

    Examples
    --------
    >>> curve = decision_curve([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9], thresholds=[0.5])
    >>> curve.y.tolist()
    [0.25]
    """
    require_level(level)
    require_choice("method", method, MEAN_METHODS)
    truth = binary_array("reference_standard", reference_standard)
    chance = probability_array("probability", probability)
    n = same_length(reference_standard=truth, probability=chance)
    if n == 0:
        raise DataError("decision_curve got no rows")
    at = _thresholds(thresholds)
    plan = Resampling.of(n, cluster)
    y = net_benefit_replicates(truth, chance, thresholds=at)[0]
    if method == "gaffke":
        limits = [_gaffke(truth, chance, t, plan.codes, level) for t in at.tolist()]
        (low, high), name = np.transpose(limits), "Gaffke"
    else:

        def statistic(t: Bools, p: Floats, *, weights: Floats) -> Floats:
            return net_benefit_replicates(t, p, thresholds=at, weights=weights)

        drawn = replicate_values(
            statistic, (truth, chance), plan, replicates, require_generator(rng)
        )
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
        name = f"bootstrap {replicates} replicates"
    told = f"net benefit, {name}, pointwise {level:.0%} band"
    return Curve(at, y, low, high, "threshold probability", "net benefit", told, n, at)


def _gaffke(
    truth: Bools, chance: Floats, threshold: float, codes: Codes, level: float
) -> tuple[float, float]:
    odds = threshold / (1 - threshold)
    gains = np.where(chance >= threshold, np.where(truth, 1.0, -odds), 0.0)
    return bounded_mean_limits(gains, codes, (-odds, 1.0), level)


def net_benefit_censored_replicates(
    time: Floats,
    event: Codes,
    probability: Floats,
    *,
    horizon: float,
    thresholds: Floats,
    weights: Floats | None = None,
) -> Floats:
    """Net benefit at a horizon under censoring for every row of weights; (replicates, thresholds).

    NaN at thresholds whose group has no follow-up to the horizon; as
    :func:`decision_curve_censored`.
    """
    w = weight_matrix(weights, time.size)
    total = w.sum(axis=1)
    benefit = np.zeros((len(w), thresholds.size))
    for i, threshold in enumerate(thresholds):
        acted = probability >= threshold
        called = w[:, acted].sum(axis=1) / total
        share = cumulative_incidence_replicates(
            time[acted], event[acted], horizon=horizon, weights=w[:, acted]
        )
        true = np.where(called > 0, share * called, 0.0)
        benefit[:, i] = true - (called - true) * threshold / (1 - threshold)
    return benefit


def decision_curve_censored(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    *,
    horizon: float,
    rng: np.random.Generator | None = None,
    thresholds: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "gaffke",
) -> Curve:
    """Net benefit at a horizon when follow-up is censored, with a pointwise band.

    Among those with at least the threshold, the share of events by the horizon is 1 - Kaplan-Meier,
    or Aalen-Johansen's cumulative incidence of cause 1 when there are competing events.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`; event 0 censored, 1 the event, 2 a competing event.
    probability
        Predicted probability of the event by the horizon, shape (n,).
    horizon
        In the unit of ``time``.
    thresholds, cluster, level
        As in :func:`decision_curve`.
    method
        ``gaffke``: the limits of :func:`decision_curve`, with pseudo-values of those acted on for
        their outcomes (:mod:`osteon.statistics.pseudo_values`). ``bootstrap``: percentiles of 2,000
        replicates, too narrow with few events.
    rng
        For the bootstrap.

    Returns
    -------
    Curve
        NaN at thresholds whose group has no follow-up to the horizon. There is a band where at
        least two of the group are followed to it, or half the replicates are defined.
    """
    require_level(level)
    require_choice("method", method, MEAN_METHODS)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    chance = probability_array("probability", probability)
    n = same_length(time=t, event=status, probability=chance)
    if n == 0:
        raise DataError("decision_curve_censored got no rows")
    at = _thresholds(thresholds)

    def statistic(a: Floats, b: Codes, p: Floats, *, weights: Floats) -> Floats:
        return net_benefit_censored_replicates(
            a, b, p, horizon=horizon, thresholds=at, weights=weights
        )

    plan = Resampling.of(n, cluster)
    y = statistic(t, status, chance, weights=np.ones((1, n)))[0]
    if method == "gaffke":
        low, high = _pseudo_band((t, status, chance), horizon, at, plan.codes, level)
        low, high, name = np.minimum(low, y), np.maximum(high, y), "Gaffke, pseudo-values"
    else:
        drawn = replicate_values(
            statistic, (t, status, chance), plan, REPLICATES, require_generator(rng)
        )
        low, high = _band(drawn, y, level)
        name = f"bootstrap {REPLICATES} replicates"
    told = f"net benefit at {horizon:g}, censoring by Kaplan-Meier or Aalen-Johansen, "
    told += f"{name}, pointwise {level:.0%} band"
    return Curve(at, y, low, high, "threshold probability", "net benefit", told, n, at)


def _pseudo_band(
    study: tuple[Floats, Codes, Floats], horizon: float, at: Floats, codes: Codes, level: float
) -> tuple[Floats, Floats]:
    t, status, chance = study
    weight = followed_weight(t, status, horizon)
    limits = []
    for odds, acted in ((x / (1 - x), chance >= x) for x in at.tolist()):
        gains = np.zeros(t.size)
        if acted.any():
            pseudo = pseudo_values(t[acted], status[acted], horizon)
            gains[acted] = pseudo - (1 - pseudo) * odds
        limits.append(pseudo_mean_limits(gains, codes, (-odds, 1.0), weight, level))
    low, high = np.transpose(limits)
    return low, high


def _band(drawn: Floats, y: Floats, level: float) -> tuple[Floats, Floats]:
    low, high = np.full(y.size, math.nan), np.full(y.size, math.nan)
    known = ~np.isnan(drawn)
    kept = (known.mean(axis=0) >= 0.5) & ~np.isnan(y)
    for i in np.flatnonzero(kept):
        low[i], high[i] = np.quantile(drawn[known[:, i], i], [(1 - level) / 2, (1 + level) / 2])
    return low, high
