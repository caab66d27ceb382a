"""Discrimination and accuracy at a horizon under censoring: time-dependent area, IPCW Brier score.

Who had the event by the horizon is a case, who is event-free at it a control; who was censored
before is represented by the others through inverse probability weights, estimated from the same
data. Sources: Blanche, Dartigues and Jacqmin-Gadda 2013 (Stat Med 32:5381, areas with competing
events and their variance); Graf et al. 1999 (Stat Med 18:2529) and Gerds and Schumacher 2006
(Biom J 48:1029, Brier score); Efron 1982 (infinitesimal jackknife).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.errors import UsageError
from osteon.statistics.bootstrap import Resampling, bootstrap
from osteon.statistics.censoring import censoring_survival
from osteon.statistics.checks import (
    Codes,
    Floats,
    finite_array,
    probability_array,
    require_choice,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.survival_curves import follow_up_arrays

__all__ = [
    "brier_score_ipcw",
    "brier_score_ipcw_replicates",
    "cumulative_dynamic_auroc",
    "cumulative_dynamic_auroc_difference",
    "cumulative_dynamic_auroc_replicates",
    "integrated_brier_score",
]

STEP = 1e-4  # of the weights, for the numerical derivative
Vectorised = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class _AtHorizon:
    """Weights of cases, of the event-free and of those with a competing event; (replicates, n)."""

    cases: Floats
    event_free: Floats
    competing: Floats


def _at_horizon(t: Floats, status: Codes, horizon: float, w: Floats) -> _AtHorizon:
    g = censoring_survival(t, status == 0, w)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = w / g.before(t)
        late = w / g.at(np.array([horizon]))
    by_then = t <= horizon
    nothing = np.zeros_like(w)
    return _AtHorizon(
        cases=np.where(by_then & (status == 1), own, nothing),
        event_free=np.where(~by_then, late, nothing),
        competing=np.where(by_then & (status > 1), own, nothing),
    )


def cumulative_dynamic_auroc_replicates(
    time: Floats,
    event: Codes,
    risk_score: Floats,
    *,
    horizon: float,
    competing: str = "controls",
    weights: Floats | None = None,
) -> Floats:
    """Area at a horizon for every row of weights, the censoring weights estimated anew in each.

    Arrays of shape (n,), ``weights`` (replicates, n); returns (replicates,), NaN without cases or
    controls. Options as in :func:`cumulative_dynamic_auroc`.
    """
    w = weight_matrix(weights, time.size)
    parts = _at_horizon(time, event, horizon, w)
    controls = parts.event_free
    if competing == "controls":
        controls = controls + parts.competing
    order = np.argsort(risk_score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(risk_score[order]) > 0])
    high = np.add.reduceat(parts.cases[:, order], starts, axis=1)
    low = np.add.reduceat(controls[:, order], starts, axis=1)
    won = np.einsum("ij,ij->i", high, np.cumsum(low, axis=1) - low / 2)
    pairs = high.sum(axis=1) * low.sum(axis=1)
    defined = (pairs > 0) & np.isfinite(pairs)
    return np.asarray(np.divide(won, pairs, out=np.full(len(w), np.nan), where=defined))


def _influence(statistic: Vectorised, plan: Resampling) -> Floats:
    """Differentiate a statistic by each cluster's weight, shape (clusters,)."""
    more = np.concatenate([statistic(w) for w in plan.reweighted(1 + STEP)])
    less = np.concatenate([statistic(w) for w in plan.reweighted(1 - STEP)])
    derivative = (more - less) / (2 * STEP)
    return np.asarray(derivative * math.sqrt(plan.n_clusters / max(plan.n_clusters - 1, 1)))


def _reason(t: Floats, status: Codes, horizon: float) -> str | None:
    if horizon <= 0 or math.isnan(horizon):
        raise UsageError(f"horizon is {horizon}, wanted above 0")
    if t.size == 0:
        return "no rows"
    if not (t > horizon).any():
        last = np.sort(t)[-2] if t.size > 1 else t[0]
        return (
            f"nobody is followed beyond {horizon:g}: the last horizon with a control is below "
            f"{t.max():g} (one patient) or {last:g} (two)"
        )
    if not ((t <= horizon) & (status == 1)).any():
        return f"no event happened by {horizon:g}"
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A vectorised statistic of these data with how to get its interval."""

    statistic: Vectorised
    n: int
    cluster: ArrayLike | None
    level: float
    name: str

    def jackknife(self) -> Estimate:
        value = float(self.statistic(np.ones((1, self.n)))[0])
        influence = _influence(self.statistic, Resampling.of(self.n, self.cluster))
        half = float(special.ndtri((1 + self.level) / 2)) * math.sqrt(float(np.sum(influence**2)))
        low, high = max(0.0, value - half), min(1.0, value + half)
        if not half > 0:
            reason = "the jackknife variance is zero"
            return Estimate(value, math.nan, math.nan, self.level, self.name, self.n, reason)
        return Estimate(value, low, high, self.level, self.name, self.n)

    def drawn(self, rng: np.random.Generator | None) -> Estimate:
        def statistic(_: Floats, *, weights: Floats) -> Floats:
            return self.statistic(weights)

        rows = np.arange(self.n)
        return bootstrap(statistic, rows, cluster=self.cluster, level=self.level, rng=rng)


def cumulative_dynamic_auroc(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    horizon: float,
    *,
    competing: str = "controls",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Area under the ROC curve of the event by a horizon, under censoring.

    Estimand: the chance that a patient with the event by the horizon has a higher score than one
    who is event-free at it (or, with competing events, than one without the event by then).

    Parameters
    ----------
    time, event
        As in :func:`kaplan_meier`; event 0 censored, 1 the event, 2 a competing event.
    risk_score
        Higher is worse, shape (n,).
    horizon
        In the unit of ``time``.
    competing
        Whether patients with a competing event by the horizon are ``controls`` (Blanche's second
        definition) or ``excluded`` (his first).
    cluster, level
        Patient of every row, and the confidence level.
    rng
        When given, a percentile bootstrap (2,000); otherwise the infinitesimal jackknife, the
        estimation of the weights included.

    Returns
    -------
    Estimate
        Undefined when nobody is followed beyond the horizon, or no event happened by it.

    Examples
    --------
    >>> cumulative_dynamic_auroc(
    ...     [1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 1], [6, 1, 5, 2, 3, 1], 3.5
    ... ).value
    1.0
    """
    require_level(level)
    require_choice("competing", competing, ("controls", "excluded"))
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    score = finite_array("risk_score", risk_score)
    n = same_length(time=t, event=status, risk_score=score)
    name = f"IPCW area at {horizon:g}" + ("" if cluster is None else ", clustered")
    reason = _reason(t, status, horizon)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=n)

    def statistic(w: Floats) -> Floats:
        return cumulative_dynamic_auroc_replicates(
            t, status, score, horizon=horizon, competing=competing, weights=w
        )

    task = _Task(statistic, n, cluster, level, name)
    return task.jackknife() if rng is None else task.drawn(rng)


def cumulative_dynamic_auroc_difference(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    horizon: float,
    *,
    competing: str = "controls",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> TestResult:
    """Compare two scores on the same patients: area of ``first`` minus ``second`` at a horizon.

    The standard error is the infinitesimal jackknife's of the difference (Blanche's two-marker
    test); z, two-sided. Arguments as in :func:`cumulative_dynamic_auroc`.
    """
    require_level(level)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(time=t, event=status, first=a, second=b)
    name = f"IPCW areas at {horizon:g}, difference"
    reason = _reason(t, status, horizon)
    if reason:
        gap = Estimate.undefined(reason, level=level, method=name, n=n)
        return TestResult(math.nan, math.nan, name, gap, reason)

    def statistic(w: Floats) -> Floats:
        one, two = (
            cumulative_dynamic_auroc_replicates(
                t, status, score, horizon=horizon, competing=competing, weights=w
            )
            for score in (a, b)
        )
        return one - two

    value = float(statistic(np.ones((1, n)))[0])
    influence = _influence(statistic, Resampling.of(n, cluster))
    se = math.sqrt(float(np.sum(influence**2)))
    if se < 1e-10:
        gap = Estimate(value, value, value, level, name, n)
        return TestResult(0.0, 1.0, name, gap, "the two order the patients alike")
    half = float(special.ndtri((1 + level) / 2)) * se
    gap = Estimate(value, value - half, value + half, level, name, n)
    z = value / se
    return TestResult(z, float(2 * special.ndtr(-abs(z))), name, gap)


def brier_score_ipcw_replicates(
    time: Floats,
    event: Codes,
    probability: Floats,
    *,
    horizon: float,
    weights: Floats | None = None,
) -> Floats:
    """Brier score at a horizon for every row of weights; shapes as in the area's replicates."""
    w = weight_matrix(weights, time.size)
    parts = _at_horizon(time, event, horizon, w)
    lost = parts.cases @ (1 - probability) ** 2
    lost = lost + (parts.event_free + parts.competing) @ probability**2
    total = w.sum(axis=1)
    defined = (total > 0) & np.isfinite(lost)
    return np.asarray(np.divide(lost, total, out=np.full(len(w), np.nan), where=defined))


def brier_score_ipcw(
    time: ArrayLike,
    event: ArrayLike,
    probability: ArrayLike,
    horizon: float,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Mean squared error of predicted risks of the event by a horizon, under censoring.

    Parameters
    ----------
    time, event, horizon, cluster, level, rng
        As in :func:`cumulative_dynamic_auroc`; a competing event counts as no event.
    probability
        Predicted probability of the event by the horizon, in [0, 1], shape (n,).

    Examples
    --------
    >>> round(brier_score_ipcw([1, 2, 3, 4], [1, 1, 0, 1], [0.9, 0.6, 0.2, 0.1], 2.5).value, 3)
    0.055
    """
    require_level(level)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    chance = probability_array("probability", probability)
    n = same_length(time=t, event=status, probability=chance)
    name = f"IPCW Brier score at {horizon:g}" + ("" if cluster is None else ", clustered")
    reason = _reason(t, status, horizon)
    if reason and not reason.startswith("no event"):
        return Estimate.undefined(reason, level=level, method=name, n=n)

    def statistic(w: Floats) -> Floats:
        return brier_score_ipcw_replicates(t, status, chance, horizon=horizon, weights=w)

    task = _Task(statistic, n, cluster, level, name)
    return task.jackknife() if rng is None else task.drawn(rng)


def integrated_brier_score(horizons: ArrayLike, scores: ArrayLike) -> float:
    """Mean of Brier scores over time: trapezoids divided by the time they span.

    ``horizons`` rising and ``scores`` (from :func:`brier_score_ipcw`), both of shape (k,), two or
    more.
    """
    at, value = finite_array("horizons", horizons), finite_array("scores", scores)
    same_length(horizons=at, scores=value)
    if at.size < 2 or (np.diff(at) <= 0).any():
        raise UsageError("horizons must rise and be two or more")
    return float(np.trapezoid(value, at) / (at[-1] - at[0]))
