"""Do survival curves differ: the log-rank test and its weighted relatives.

Sources: Mantel 1966; Peto and Peto 1972; Harrington and Fleming 1982 (Biometrika 69:553, weights
S(t-) to the power rho).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import TestResult
from osteon.statistics.checks import Codes, Floats, cluster_codes, same_length
from osteon.statistics.follow_up import entry_array, follow_up_arrays

__all__ = ["LogRankParts", "log_rank_parts", "log_rank_test"]


@dataclass(frozen=True, slots=True, eq=False)
class LogRankParts:
    """What the test is made of; observed and expected (groups,), covariance (groups, groups)."""

    observed: Floats
    expected: Floats
    covariance: Floats


def log_rank_parts(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    rho: float = 0.0,
    stratum: ArrayLike | None = None,
) -> LogRankParts:
    """Weighted observed and expected events of every group (in sorted order) and their covariance.

    Arguments as in :func:`log_rank_test`.
    """
    t, status = follow_up_arrays(time, event)
    n = same_length(time=t, event=status, group=np.asarray(group))
    groups = cluster_codes(group, n)
    strata = np.zeros(n, dtype=np.intp) if stratum is None else cluster_codes(stratum, n)
    late = entry_array(entry, t)
    k = int(groups.max(initial=-1)) + 1
    observed, expected, covariance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for number in np.unique(strata):
        rows = strata == number
        entered = None if late is None else late[rows]
        parts = _one_stratum(t[rows], status[rows], groups[rows], entered, k, rho)
        observed, expected = observed + parts.observed, expected + parts.expected
        covariance = covariance + parts.covariance
    return LogRankParts(observed, expected, covariance)


def _one_stratum(
    t: Floats, status: Codes, groups: Codes, entry: Floats | None, k: int, rho: float
) -> LogRankParts:
    times, place = np.unique(t, return_inverse=True)
    left, died = np.zeros((times.size, k)), np.zeros((times.size, k))
    np.add.at(left, (place, groups), 1)
    np.add.at(died, (place, groups), status)
    at_risk = left[::-1].cumsum(axis=0)[::-1]
    if entry is not None:
        for group in range(k):
            entered = np.sort(entry[groups == group])
            at_risk[:, group] -= entered.size - np.searchsorted(entered, times, side="left")
    d, n = died.sum(axis=1), at_risk.sum(axis=1)
    before = np.concatenate([[1.0], np.cumprod(1 - d / n)[:-1]])
    weight = before**rho
    share = at_risk / n[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where(n > 1, d * (n - d) / (n - 1), 0.0) * weight**2
    outer = np.einsum("t,ti,tj->ij", spread, share, share)
    return LogRankParts(
        (weight[:, None] * died).sum(axis=0),
        (weight * d) @ share,
        np.diag(spread @ share) - outer,
    )


def log_rank_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    rho: float = 0.0,
    stratum: ArrayLike | None = None,
) -> TestResult:
    """Test whether groups have the same survival curve.

    Parameters
    ----------
    time, event, entry
        As in :func:`kaplan_meier`.
    group
        Group of every row, shape (n,).
    rho
        Weight ``S(t-)**rho``: 0 is the log-rank test, 1 Peto and Peto's.
    stratum
        Stratum of every row: groups are compared within strata.

    Returns
    -------
    TestResult
        ``statistic`` is chi-square with groups - 1 degrees of freedom.

    Examples
    --------
    >>> test = log_rank_test([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1])
    >>> round(test.statistic, 2), test.method
    (5.05, 'log-rank, 1 df')
    """
    parts = log_rank_parts(time, event, group, entry=entry, rho=rho, stratum=stratum)
    used = np.diag(parts.covariance) > 0
    df = int(np.count_nonzero(used)) - 1
    name = "log-rank" if rho == 0 else f"Harrington-Fleming, rho {rho:g}"
    if df < 1:
        reason = "fewer than two groups are at risk of an event"
        return TestResult(math.nan, math.nan, name, None, reason)
    gap = (parts.observed - parts.expected)[used][:-1]
    covariance = parts.covariance[used][:, used][:-1, :-1]
    statistic = float(gap @ np.linalg.solve(covariance, gap))
    method = f"{name}, {df} df" + ("" if stratum is None else ", stratified")
    return TestResult(statistic, float(special.chdtrc(df, statistic)), method)
