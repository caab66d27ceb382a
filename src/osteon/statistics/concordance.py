"""Does the higher risk come first: Harrell's and Uno's concordance.

A pair is comparable when the earlier time is an event; an event tied with a censoring comes first,
two events tied in time do not compare. Equal risk scores count half. Sources: Harrell et al. 1996
(Stat Med 15:361); Uno et al. 2011 (Stat Med 30:1105, weights 1 / G(t-)**2); Therneau and Atkinson
2020 (survival's vignette on concordance: tie rules, infinitesimal jackknife).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    finite_array,
    require_choice,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.dominance import sums_below
from osteon.statistics.follow_up import follow_up_arrays
from osteon.statistics.limits import logit_limits, plain_limits, warning

__all__ = [
    "CONCORDANCE_METHODS",
    "concordance_difference",
    "concordance_index_harrell",
    "concordance_index_uno",
    "concordance_replicates",
]

CONCORDANCE_METHODS = ("logit", "jackknife", "bootstrap")
FEW = 20  # patients with an event: below it symmetric intervals hold less than they say


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """Rows latest first (events after the censorings of their time), and what events ask.

    ``rows`` sorts the data, ``rank`` the risk ranks in that order; ``events`` are places in that
    order, ``before`` how many rows come later in time than each event (and compare with it).
    """

    rows: Codes
    rank: Codes
    events: Codes
    before: Codes
    time: Floats


def _order(t: Floats, status: Codes, score: Floats, tau: float) -> _Order:
    rows = np.lexsort((status, -t))
    time, event = t[rows], status[rows] == 1
    rank = np.unique(score, return_inverse=True)[1].reshape(-1)[rows]
    events = np.flatnonzero(event & (time <= tau))
    censored_until = np.cumsum(~event)
    later = np.searchsorted(-time, -time[events], side="left")
    tied = np.searchsorted(-time, -time[events], side="right") - later
    last = later + tied - 1
    censored_before = np.where(later > 0, censored_until[np.maximum(later - 1, 0)], 0)
    censored_tied = censored_until[last] - censored_before
    return _Order(rows, rank, events, later + censored_tied, time)


def _censoring_weights(order: _Order, status: Codes, w: Floats) -> Floats:
    """``1 / G(t-)**2`` of every event, G Kaplan-Meier of censoring; (replicates, events)."""
    g = censoring_survival(order.time, status[order.rows] == 0, w[:, order.rows]).before(
        order.time[order.events]
    )
    with np.errstate(divide="ignore"):
        return np.where(g > 0, 1 / g**2, 0.0)


def concordance_replicates(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    *,
    tau: float = math.inf,
    uno: bool = False,
    weights: Floats | None = None,
) -> Floats:
    """Concordance for every row of weights: the statistic to hand to :func:`bootstrap`.

    Arrays of shape (n,), ``weights`` (replicates, n) or ``None``; returns (replicates,), NaN where
    no pair compares. With ``uno`` the censoring distribution is estimated anew in every replicate.
    """
    t, status = np.asarray(time, dtype=np.float64), np.asarray(event).astype(np.intp)
    score = np.asarray(risk_score, dtype=np.float64)
    w = weight_matrix(weights, t.size)
    order = _order(t, status, score, tau)
    ordered = w[:, order.rows]
    own = ordered[:, order.events]
    if uno:
        own = own * _censoring_weights(order, status, w)
    lower, equal = sums_below(order.rank, ordered, order.before, order.rank[order.events])
    later = np.hstack([np.zeros((len(w), 1)), np.cumsum(ordered, axis=1)])[:, order.before]
    pairs = np.einsum("re,re->r", own, later)
    won = np.einsum("re,re->r", own, lower + equal / 2)
    return np.asarray(np.divide(won, pairs, out=np.full(len(w), np.nan), where=pairs > 0))


def _influence(
    t: Floats, status: Codes, score: Floats, tau: float, uno: bool
) -> tuple[float, Floats]:
    """Concordance and every row's influence on it (weights of time held), shape (n,)."""
    order = _order(t, status, score, tau)
    n = t.size
    ones = np.ones((1, n))
    own = _censoring_weights(order, status, ones)[0] if uno else np.ones(order.events.size)
    lower, equal = sums_below(order.rank, ones, order.before, order.rank[order.events])
    won, pairs = np.zeros(n), np.zeros(n)
    won[order.events] += own * (lower + equal / 2)[0]
    pairs[order.events] += own * order.before
    total_won, total_pairs = won.sum(), pairs.sum()
    # the same pairs seen from the later row: events sorted so that each row's form a prefix
    turn = np.argsort(-order.before, kind="stable")
    prefix = np.searchsorted(-order.before[turn], -(np.arange(n) + 1), side="right")
    rank = order.rank[order.events][turn]
    event_weights = own[turn][None, :]
    below, alike = sums_below(rank, event_weights, prefix, order.rank)
    every = np.concatenate([[0.0], np.cumsum(event_weights[0])])[prefix]
    won += every - below[0] - alike[0] / 2
    pairs += every
    value = float(total_won / total_pairs) if total_pairs > 0 else math.nan
    influence = np.zeros(n)
    if total_pairs > 0:
        influence[order.rows] = (won - value * pairs) / total_pairs
    return value, influence


def _estimate(
    arrays: tuple[ArrayLike, ArrayLike, ArrayLike],
    tau: float,
    uno: bool,
    how: tuple[ArrayLike | None, float, str, int, np.random.Generator | None],
) -> Estimate:
    cluster, level, method, replicates, rng = how
    require_level(level)
    require_choice("method", method, CONCORDANCE_METHODS)
    t, status = follow_up_arrays(arrays[0], arrays[1])
    score = finite_array("risk_score", arrays[2])
    n = same_length(time=t, event=status, risk_score=score)
    _require_tau(tau)
    name = ("Uno" if uno else "Harrell") + ("" if math.isinf(tau) else f", tau {tau:g}")
    name += ", " + method + ("" if cluster is None else ", clustered")
    reason = _beyond(tau, t)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=n)
    value, influence = _influence(t, status, score, tau, uno) if n else (math.nan, np.zeros(0))
    if math.isnan(value):
        reason = "no pair compares: no event is followed by a later time"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    if method == "bootstrap":

        def statistic(a: Floats, b: Codes, c: Floats, *, weights: Floats) -> Floats:
            return concordance_replicates(a, b, c, tau=tau, uno=uno, weights=weights)

        return bootstrap(
            statistic, t, status, score, cluster=cluster, replicates=replicates, level=level,
            rng=rng,
        )  # fmt: skip
    codes = cluster_codes(cluster, n)
    se = math.sqrt(float(np.sum(np.bincount(codes, influence) ** 2)))
    events = _events(codes, status, t, tau)
    if se == 0 or value in (0.0, 1.0) or events < 2:
        reason = "one patient with an event, or all pairs alike: no variance"
        return Estimate(value, math.nan, math.nan, level, name, n, reason)
    if method == "logit":
        low, high = logit_limits(value, se, level, events - 1)
    else:
        low, high = plain_limits(value, se, level)
        name += warning(events, FEW)
    return Estimate(value, low, high, level, name, n)


def _require_tau(tau: float) -> None:
    if not tau > 0:
        raise UsageError(f"tau is {tau}, wanted above 0")


def _beyond(tau: float, t: Floats) -> str | None:
    if t.size and math.isfinite(tau) and tau > t.max():
        return f"follow-up ends at {t.max():g}: nothing is known until tau {tau:g}"
    return None


def _events(codes: Codes, status: Codes, t: Floats, tau: float) -> int:
    """Patients with an event that counts."""
    return int(np.unique(codes[(status == 1) & (t <= tau)]).size)


def concordance_index_harrell(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    *,
    tau: float = math.inf,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    replicates: int = 2000,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Harrell's concordance: the share of comparable pairs whose earlier event had the higher risk.

    Estimand: depends on the censoring of this study; see :func:`concordance_index_uno`.

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`.
    risk_score
        Higher is worse, shape (n,).
    tau
        Last event time that counts; undefined beyond follow-up.
    cluster
        Patient of every row, shape (n,).
    level
        Confidence level.
    method
        ``logit`` (infinitesimal jackknife, influences summed within patients, on the logit scale
        with Student's quantile, patients with an event - 1 degrees of freedom), ``jackknife`` (the
        same variance, symmetric, cut to [0, 1]) or ``bootstrap`` (percentile).
    replicates, rng
        For the bootstrap.

    Examples
    --------
    >>> concordance_index_harrell([1, 2, 3, 4], [1, 1, 0, 1], [4, 2, 3, 1]).value
    0.8
    """
    how = (cluster, level, method, replicates, rng)
    return _estimate((time, event, risk_score), tau, False, how)


def concordance_index_uno(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    *,
    tau: float = math.inf,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Uno's concordance: Harrell's pairs weighted by ``1 / G(t-)**2``, events up to ``tau``.

    Estimand: the chance that of two patients the one with the earlier event before ``tau`` had the
    higher risk, whatever the censoring. G is Kaplan-Meier of censoring in these data. The
    jackknife holds G as known; the bootstrap (2,000 replicates) estimates it anew each time.

    Parameters
    ----------
    time, event, risk_score, cluster, level, method, rng
        As in :func:`concordance_index_harrell`.
    tau
        Last event time that counts; undefined beyond follow-up.

    Examples
    --------
    >>> concordance_index_uno([1, 2, 3, 4], [1, 1, 1, 1], [4, 2, 3, 1], tau=3).value
    0.8333333333333334
    """
    how = (cluster, level, method, 2000, rng)
    return _estimate((time, event, risk_score), tau, True, how)


def concordance_difference(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    tau: float = math.inf,
    uno: bool = False,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> TestResult:
    """Compare two risk scores on the same rows: concordance of ``first`` minus ``second``.

    The standard error comes from the differences of the rows' influences, summed within patients.
    Arguments as in :func:`concordance_index_uno`; z test, two-sided.
    """
    require_level(level)
    t, status = follow_up_arrays(time, event)
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(time=t, event=status, first=a, second=b)
    _require_tau(tau)
    name = "Uno, difference" if uno else "Harrell, difference"
    reason = _beyond(tau, t)
    if reason:
        gap = Estimate.undefined(reason, level=level, method=name, n=n)
        return TestResult(math.nan, math.nan, name, gap, reason)
    one, own = _influence(t, status, a, tau, uno)
    two, other = _influence(t, status, b, tau, uno)
    if math.isnan(one):
        gap = Estimate.undefined("no pair compares", level=level, method=name, n=n)
        return TestResult(math.nan, math.nan, name, gap, gap.reason)
    codes = cluster_codes(cluster, n)
    se = math.sqrt(float(np.sum(np.bincount(codes, own - other) ** 2)))
    name += warning(_events(codes, status, t, tau), FEW)
    if se < 1e-12:
        gap = Estimate(one - two, one - two, one - two, level, name, n)
        return TestResult(0.0, 1.0, name, gap, "the two order every pair alike")
    half = float(special.ndtri((1 + level) / 2)) * se
    gap = Estimate(one - two, one - two - half, one - two + half, level, name, n)
    z = (one - two) / se
    return TestResult(z, float(2 * special.ndtr(-abs(z))), name, gap)
