"""Discrimination at a horizon under censoring: the cumulative/dynamic area and its two-marker test.

Source: Blanche, Dartigues and Jacqmin-Gadda 2013 (Stat Med 32:5381, areas with competing events,
their variance and the comparison of two markers on the same patients).
"""

import math
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate, TestResult
from osteon.errors import DataError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    finite_array,
    number_table,
    require_choice,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.comparison import undefined_test
from osteon.statistics.contrast import CONTRAST_METHODS, Arm, contrast_test
from osteon.statistics.follow_up import follow_up_arrays
from osteon.statistics.horizon import (
    HORIZON_METHODS,
    HorizonStatistic,
    horizon_weights,
    no_answer_at,
    side_sizes,
    smaller_side,
)
from osteon.statistics.resampling import Resampling, cluster_influence

__all__ = [
    "cumulative_dynamic_auroc",
    "cumulative_dynamic_auroc_contrast",
    "cumulative_dynamic_auroc_difference",
    "cumulative_dynamic_auroc_replicates",
]


def cumulative_dynamic_auroc_replicates(
    time: Floats,
    event: Codes,
    risk_score: Floats,
    *,
    horizon: float,
    competing: str = "controls",
    stratum: Codes | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Area at a horizon for every row of weights, the censoring weights estimated anew in each.

    Arrays of shape (n,), ``weights`` (replicates, n); returns (replicates,), NaN without cases or
    controls. Options as in :func:`cumulative_dynamic_auroc`.
    """
    w = weight_matrix(weights, time.size)
    parts = horizon_weights(time, event, horizon, w)
    controls = parts.event_free
    if competing == "controls":
        controls = controls + parts.competing
    won, pairs = np.zeros(len(w)), np.zeros(len(w))
    for rows in _rows_of_strata(stratum, time.size):
        own, all_pairs = _won(parts.cases[:, rows], controls[:, rows], risk_score[rows])
        won, pairs = won + own, pairs + all_pairs
    defined = (pairs > 0) & np.isfinite(pairs)
    return np.asarray(np.divide(won, pairs, out=np.full(len(w), np.nan), where=defined))


def _weighted_area(
    time: Floats,
    event: Codes,
    score: Floats,
    weights: Floats,
    *,
    horizon: float,
    competing: str,
    stratum: Codes | None,
) -> Floats:
    return cumulative_dynamic_auroc_replicates(
        time, event, score, horizon=horizon, competing=competing, stratum=stratum, weights=weights
    )


def _rows_of_strata(stratum: Codes | None, n: int) -> list[Codes]:
    if stratum is None:
        return [np.arange(n)]
    return [np.flatnonzero(stratum == number) for number in np.unique(stratum)]


def _won(cases: Floats, controls: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Weight of the pairs a case wins, ties half, and of all pairs; (replicates,)."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    high = np.add.reduceat(cases[:, order], starts, axis=1)
    low = np.add.reduceat(controls[:, order], starts, axis=1)
    won = np.einsum("ij,ij->i", high, np.cumsum(low, axis=1) - low / 2)
    return won, high.sum(axis=1) * low.sum(axis=1)


def cumulative_dynamic_auroc(
    time: ArrayLike,
    event: ArrayLike,
    risk_score: ArrayLike,
    horizon: float,
    *,
    competing: str = "controls",
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
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
    stratum
        Stratum of every row, shape (n,): pairs are taken within strata and counted together, the
        weights for censoring are those of all rows.
    cluster, level
        Patient of every row, and the confidence level.
    method
        ``logit`` (infinitesimal jackknife, the estimation of the weights included, on the logit
        scale with Student's quantile, fewer of the patients with and without the event - 1 degrees
        of freedom), ``jackknife`` (the same variance, symmetric, cut to [0, 1]) or ``bootstrap``
        (percentile, 2,000 replicates).
    rng
        For the bootstrap.

    Returns
    -------
    Estimate
        Undefined when nobody is followed beyond the horizon, or no event happened by it. Late
        entry is not taken: no weights for it are settled.

    Examples
    --------
    >>> cumulative_dynamic_auroc(
    ...     [1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 1], [6, 1, 5, 2, 3, 1], 3.5
    ... ).value
    1.0
    """
    require_level(level)
    require_choice("competing", competing, ("controls", "excluded"))
    require_choice("method", method, HORIZON_METHODS)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    score = finite_array("risk_score", risk_score)
    n = same_length(time=t, event=status, risk_score=score)
    strata = None if stratum is None else cluster_codes(stratum, n)
    name = f"IPCW area at {horizon:g}" + ("" if cluster is None else ", clustered")
    name += "" if stratum is None else ", within strata"
    reason = no_answer_at(t, status, horizon)
    if reason:
        return Estimate.undefined(reason, level=level, method=name, n=n)

    def statistic(w: Floats) -> Floats:
        return cumulative_dynamic_auroc_replicates(
            t, status, score, horizon=horizon, competing=competing, stratum=strata, weights=w
        )

    codes = cluster_codes(cluster, n)
    smaller = smaller_side(t, status, horizon, codes)
    return HorizonStatistic(statistic, codes, level, name, smaller).estimate(method, rng)


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
    method: str = "mover",
) -> TestResult:
    """Compare two scores on the same patients: area of ``first`` minus ``second`` at a horizon.

    The covariance is the infinitesimal jackknife's (Blanche's two-marker test with ``wald``).
    ``method`` as in :func:`cumulative_dynamic_auroc_contrast`, the other arguments as in
    :func:`cumulative_dynamic_auroc`.
    """
    first_score, second_score = finite_array("first", first), finite_array("second", second)
    same_length(first=first_score, second=second_score)
    return cumulative_dynamic_auroc_contrast(
        time, event, np.stack([first_score, second_score]), (1.0, -1.0), horizon,
        competing=competing, cluster=cluster, level=level, method=method,
    )  # fmt: skip


def cumulative_dynamic_auroc_contrast(
    time: ArrayLike,
    event: ArrayLike,
    scores: ArrayLike,
    contrast: ArrayLike,
    horizon: float,
    *,
    competing: str = "controls",
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mover",
) -> TestResult:
    """Sum of ``contrast[k]`` times the area of ``scores[k]`` at a horizon, on the same patients.

    ``(1, -1)`` compares two markers; ``(1, -1/3, -1/3, -1/3)`` a score against the mean of
    three, by the same influences.

    Parameters
    ----------
    scores
        Higher is worse, shape (k, n).
    contrast
        Shape (k,).
    time, event, horizon, competing, stratum, cluster, level
        As in :func:`cumulative_dynamic_auroc`.
    method
        ``mover`` (from the areas' own limits and their correlations; there is no interval with one
        patient on a side) or ``wald`` (normal quantile, Blanche's test; too narrow with few
        patients on a side, and says so).
    """
    require_level(level)
    require_choice("method", method, CONTRAST_METHODS)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    table = number_table("scores", scores, "(scores, n)")
    shares = np.asarray(contrast, dtype=np.float64)
    n = same_length(time=t, event=status, scores=table)
    if shares.shape != (len(table),):
        raise DataError(f"contrast has shape {shares.shape}, wanted ({len(table)},)")
    strata = None if stratum is None else cluster_codes(stratum, n)
    name = f"IPCW areas at {horizon:g}, difference" + ("" if stratum is None else ", within strata")
    reason = no_answer_at(t, status, horizon)
    if reason:
        return undefined_test(reason, name, level, n)
    codes = cluster_codes(cluster, n)
    plan, sizes = Resampling(codes), side_sizes(t, status, horizon, codes)
    arms, influences = [], []
    for score in table:
        area = partial(
            _weighted_area, t, status, score, horizon=horizon, competing=competing, stratum=strata
        )
        influence = cluster_influence(area, plan)
        influences.append(influence)
        value = float(area(np.ones((1, n)))[0])
        arms.append(Arm(value, float(influence @ influence), *sizes))
    if any(math.isnan(arm.value) for arm in arms):
        return undefined_test("no case and control share a stratum", name, level, n)
    stacked = np.stack(influences)
    return contrast_test(
        arms, stacked @ stacked.T, shares.tolist(), method=method, name=name, level=level, n=n
    )
