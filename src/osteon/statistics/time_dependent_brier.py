"""Accuracy of predicted risks at a horizon under censoring: the IPCW Brier score.

Sources: Graf et al. 1999 (Stat Med 18:2529); Gerds and Schumacher 2006 (Biom J 48:1029).
"""

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    finite_array,
    number_table,
    probability_array,
    require_choice,
    require_level,
    same_length,
    weight_matrix,
)
from osteon.statistics.follow_up import follow_up_arrays
from osteon.statistics.horizon import (
    HORIZON_METHODS,
    HorizonStatistic,
    horizon_weights,
    no_answer_at,
    smaller_side,
)

__all__ = ["brier_score_ipcw", "brier_score_ipcw_replicates", "integrated_brier_score"]


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
    parts = horizon_weights(time, event, horizon, w)
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
    method: str = "logit",
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Mean squared error of predicted risks of the event by a horizon, under censoring.

    Parameters
    ----------
    time, event, horizon, cluster, level, method, rng
        As in :func:`cumulative_dynamic_auroc`; a competing event counts as no event.
    probability
        Predicted probability of the event by the horizon, in [0, 1], shape (n,).

    Examples
    --------
    >>> round(brier_score_ipcw([1, 2, 3, 4], [1, 1, 0, 1], [0.9, 0.6, 0.2, 0.1], 2.5).value, 3)
    0.055
    """
    require_level(level)
    require_choice("method", method, HORIZON_METHODS)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    chance = probability_array("probability", probability)
    n = same_length(time=t, event=status, probability=chance)
    name = f"IPCW Brier score at {horizon:g}" + ("" if cluster is None else ", clustered")
    reason = no_answer_at(t, status, horizon)
    if reason and not reason.startswith("no event"):
        return Estimate.undefined(reason, level=level, method=name, n=n)

    def statistic(w: Floats) -> Floats:
        return brier_score_ipcw_replicates(t, status, chance, horizon=horizon, weights=w)

    codes = cluster_codes(cluster, n)
    smaller = smaller_side(t, status, horizon, codes)
    return HorizonStatistic(statistic, codes, level, name, smaller).estimate(method, rng)


def integrated_brier_score(
    time: ArrayLike,
    event: ArrayLike,
    probabilities: ArrayLike,
    horizons: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Mean of the IPCW Brier score over time: trapezoids divided by the time they span.

    Parameters
    ----------
    time, event, cluster, level, method, rng
        As in :func:`brier_score_ipcw`.
    probabilities
        Predicted probability of the event by each horizon, in [0, 1], shape (n, k).
    horizons
        Rising, two or more, shape (k,). The time before the first is not counted: start at 0 (or
        just above) for the usual integral.

    Returns
    -------
    Estimate
        Undefined when nobody is followed beyond the last horizon.

    Examples
    --------
    >>> risk = [[0.5, 0.9], [0.2, 0.6], [0.1, 0.2], [0.0, 0.1]]
    >>> round(integrated_brier_score([1, 2, 3, 4], [1, 1, 0, 1], risk, [1.5, 2.5]).value, 4)
    0.065
    """
    require_level(level)
    require_choice("method", method, HORIZON_METHODS)
    t, status = follow_up_arrays(time, event, (0, 1, 2))
    at = finite_array("horizons", horizons)
    if at.size < 2 or (np.diff(at) <= 0).any() or at[0] < 0:
        raise UsageError("horizons must rise from at least 0 and be two or more")
    table = number_table("probabilities", probabilities, "(n, horizons)")
    if table.shape != (t.size, at.size):
        raise DataError(f"probabilities have shape {table.shape}, wanted ({t.size}, {at.size})")
    probability_array("probabilities", table.ravel())
    name = f"integrated IPCW Brier score, {at[0]:g} to {at[-1]:g}"
    name += "" if cluster is None else ", clustered"
    reason = no_answer_at(t, status, float(at[-1]))
    if reason and not reason.startswith("no event"):
        return Estimate.undefined(reason, level=level, method=name, n=t.size)

    def statistic(w: Floats) -> Floats:
        scores = [
            brier_score_ipcw_replicates(t, status, table[:, i], horizon=float(h), weights=w)
            for i, h in enumerate(at)
        ]
        return np.asarray(np.trapezoid(np.stack(scores), at, axis=0) / (at[-1] - at[0]))

    codes = cluster_codes(cluster, t.size)
    smaller = smaller_side(t, status, float(at[-1]), codes)
    return HorizonStatistic(statistic, codes, level, name, smaller).estimate(method, rng)
