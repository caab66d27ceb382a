"""Do cumulative incidences differ when causes compete: Gray's test.

The log-rank test of a cause asks whether the hazards of those still at risk differ; this one asks
whether the shares do who ever have the event. Sources: Gray 1988 (Ann Stat 16:1141, K samples,
weight rho 0); Aalen and Johansen 1978 (Scand J Stat 5:141, the incidences and their martingales).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import TestResult
from osteon.errors import UsageError
from osteon.statistics.checks import Codes, Floats, cluster_codes, same_length
from osteon.statistics.follow_up import follow_up_arrays

__all__ = ["gray_test"]

NAME = "Gray"
_ROUNDING = 1e-12


def gray_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    cause: int = 1,
    n_causes: int = 2,
    stratum: ArrayLike | None = None,
) -> TestResult:
    """Test whether groups have the same cumulative incidence of a cause, others competing.

    Every group's subdistribution hazard ``dF / (1 - F(t-))`` is compared with the pooled one over
    all times, weighted by who would still be at risk had nothing competed,
    ``Y (1 - F(t-)) / S(t-)``. Several events at one time count as drawn without replacement.

    Parameters
    ----------
    time, event
        As in :func:`aalen_johansen`, shapes (n,).
    group
        Group of every row, shape (n,).
    cause, n_causes
        As in :func:`aalen_johansen`.
    stratum
        Stratum of every row: groups are compared within strata.

    Returns
    -------
    TestResult
        ``statistic`` is chi-square with groups - 1 degrees of freedom. Late entry is not taken: the
        paper's variance is for patients observed from the start.

    Examples
    --------
    >>> test = gray_test([1, 2, 3, 4, 5, 6], [1, 1, 2, 1, 2, 0], [0, 0, 0, 1, 1, 1])
    >>> round(test.statistic, 2), test.method
    (2.44, 'Gray, 1 df')
    """
    t, status = follow_up_arrays(time, event, tuple(range(n_causes + 1)))
    if not 1 <= cause <= n_causes:
        raise UsageError(f"cause is {cause}, wanted 1 to {n_causes}")
    n = same_length(time=t, event=status, group=np.asarray(group))
    groups = cluster_codes(group, n)
    strata = np.zeros(n, dtype=np.intp) if stratum is None else cluster_codes(stratum, n)
    kinds = np.where(status == cause, 1, np.where(status > 0, 2, 0))
    k = int(groups.max(initial=-1)) + 1
    gap, covariance = np.zeros(k), np.zeros((k, k))
    for number in np.unique(strata):
        rows = strata == number
        steps = _steps(t[rows], kinds[rows], groups[rows], k)
        gap, covariance = gap + _gap(steps), covariance + _covariance(steps)
    used = np.diag(covariance) > 1e-12
    df = int(np.count_nonzero(used)) - 1
    if df < 1:
        reason = "fewer than two groups are at risk of an event"
        return TestResult(math.nan, math.nan, NAME, None, reason)
    own, spread = gap[used][:-1], covariance[used][:, used][:-1, :-1]
    statistic = float(own @ np.linalg.solve(spread, own))
    method = f"{NAME}, {df} df" + ("" if stratum is None else ", stratified")
    return TestResult(statistic, float(special.chdtrc(df, statistic)), method)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Groups at every time with an event, shapes (times, groups).

    At risk; events of the cause and of the others; event-free before and after; 1 - incidence of
    the cause before, group by group.
    """

    at_risk: Floats
    own: Floats
    other: Floats
    free_before: Floats
    free_after: Floats
    rest_before: Floats

    @property
    def as_if_alone(self) -> Floats:
        """``Y / S(t-)``: those at risk had nobody left; 0 where none is; (times, groups)."""
        there = self.at_risk > 0
        bottom = np.where(there, self.free_before, 1.0)
        return np.where(there, self.at_risk / bottom, 0.0)


def _steps(t: Floats, kinds: Codes, groups: Codes, k: int) -> _Steps:
    times, place = np.unique(t, return_inverse=True)
    counts = np.zeros((3, times.size, k))
    np.add.at(counts, (kinds, place, groups), 1)
    at_risk = counts.sum(axis=0)[::-1].cumsum(axis=0)[::-1]
    happened = counts[1:].sum(axis=(0, 2)) > 0
    at_risk, own, other = at_risk[happened], counts[1][happened], counts[2][happened]
    n = np.maximum(at_risk, 1)
    free = np.cumprod(1 - (own + other) / n, axis=0)
    before = np.vstack([np.ones((1, k)), free])[:-1]
    incidence = np.cumsum(before * own / n, axis=0)
    rest = 1 - np.vstack([np.zeros((1, k)), incidence])[:-1]
    return _Steps(at_risk, own, other, before, free, rest)


def _gap(steps: _Steps) -> Floats:
    """Events of each group less those its share of the risk would have had, shape (groups,)."""
    risk = steps.as_if_alone * steps.rest_before
    total = risk.sum(axis=1, keepdims=True)
    share = np.divide(risk, total, out=np.zeros_like(risk), where=total > 0)
    return np.asarray((steps.own - share * steps.own.sum(axis=1, keepdims=True)).sum(axis=0))


def _covariance(steps: _Steps) -> Floats:
    """Covariance of the gaps under equal incidences, shape (groups, groups).

    A gap is an integral over both causes' martingales of every group r. An event of the cause at u
    moves it by ``a(u)`` at once and, through the group's event-free share, by ``f(u) C(u)`` later;
    another event by the latter alone. C(u) sums the weights of later times.
    """
    risk = steps.as_if_alone
    total = risk.sum(axis=1)
    known = total > 0
    pooled = np.divide(steps.own.sum(axis=1), total, out=np.zeros_like(total), where=known)
    rest = 1 - np.cumsum(pooled)
    rest_before = np.concatenate([[1.0], rest])[:-1]
    safe = np.where(known, total, 1.0)
    k = risk.shape[1]
    at_once = risk[:, :, None] * (np.eye(k) - (risk / safe[:, None])[:, None, :])
    open_ = (pooled > 0) & (rest_before > _ROUNDING)  # later nobody is left without the event
    steps_of_hazard = np.divide(pooled, rest_before, out=np.zeros_like(pooled), where=open_)
    weighed = at_once * steps_of_hazard[:, None, None]
    later = weighed[::-1].cumsum(axis=0)[::-1] - weighed
    lived = steps.free_after > 0
    ratio = np.where(lived, rest[:, None] / np.where(lived, steps.free_after, 1.0), 0.0)
    moved = at_once + (1 - ratio)[:, None, :] * later
    by_other = ratio[:, None, :] * later
    at_risk = np.maximum(steps.at_risk, 1)
    there = steps.at_risk > 0
    spread = np.where(there, pooled[:, None] * steps.free_before / at_risk, 0.0)
    spread = spread * _ties(steps.own.sum(axis=1)[:, None], safe[:, None] * steps.free_before)
    spread_other = steps.free_before**2 * steps.other / at_risk**2
    spread_other = spread_other * _ties(steps.other, at_risk)
    found = np.einsum("tr,tir,tjr->ij", spread, moved, moved)
    return np.asarray(found + np.einsum("tr,tir,tjr->ij", spread_other, by_other, by_other))


def _ties(events: Floats, at_risk: Floats) -> Floats:
    """``(n - d) / (n - 1)`` where several of n have the event at one time, else 1."""
    bottom = np.where(at_risk > 1, at_risk - 1, 1.0)
    return np.where(events > 1, 1 - (events - 1) / bottom, 1.0)
