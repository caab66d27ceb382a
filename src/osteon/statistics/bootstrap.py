"""The one bootstrap: whole patients are drawn, by weights, vectorised over replicates.

How rows are drawn is in :mod:`osteon.statistics.resampling`. Sources: Efron and Tibshirani 1993,
An Introduction to the Bootstrap (percentile); Efron 1987 (JASA 82:171, BCa); Davison and Hinkley
1997, section 3.8 (clusters); Krogue et al. 2020, doi 10.1148/ryai.2020190023 (one image per
patient).
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import (
    Floats,
    require_choice,
    require_generator,
    require_level,
    same_length,
)
from osteon.statistics.resampling import (
    Resampling,
    StatisticFunction,
    evaluate,
    replicate_values,
    takes_weights,
)

__all__ = [
    "DISTANCE_METHODS",
    "Interval",
    "Resampling",
    "bca_interval",
    "bootstrap",
    "distance_limits",
    "one_image_per_patient",
    "percentile_interval",
    "replicate_values",
    "summarise",
    "whole_patient",
]

Interval = Literal["percentile", "bca"]
DISTANCE_METHODS = ("upper", "percentile")
LARGEST_UNDEFINED_SHARE = 0.5


def percentile_interval(values: Floats, level: float) -> tuple[float, float]:
    """Percentile interval of replicates (defined ones only); NaN when there are none."""
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bca_interval(
    values: Floats, point: float, influence: Floats, level: float
) -> tuple[float, float]:
    """Bias-corrected and accelerated interval (Efron 1987).

    ``influence`` holds each cluster's influence on the statistic, up to a common factor, shape
    (n_clusters,). When all replicates lie on one side of the point estimate the correction is not
    defined: NaN.
    """
    defined = values[~np.isnan(values)]
    below = float(np.mean(defined < point) + np.mean(defined == point) / 2) if defined.size else 0
    known = influence[~np.isnan(influence)]
    deviations = known - known.mean() if known.size else known
    spread = float(np.sum(deviations**2))
    if not 0 < below < 1 or spread == 0:
        return float("nan"), float("nan")
    bias = special.ndtri(below)
    acceleration = float(np.sum(deviations**3)) / (6 * spread**1.5)
    z = special.ndtri(np.array([(1 - level) / 2, (1 + level) / 2])) + bias
    low, high = np.quantile(defined, special.ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def distance_limits(values: Floats, level: float, method: str) -> tuple[float, float]:
    """Limits of a distance, which noise alone makes positive: ``upper`` or ``percentile``.

    ``upper`` is from 0 to the percentile interval's upper limit. That lies above the truth, as the
    replicates are biased upwards even more than the estimate; the lower one does so too.
    """
    require_choice("method", method, DISTANCE_METHODS)
    low, high = percentile_interval(values, level)
    return (low if method == "percentile" or np.isnan(low) else 0.0), high


def _told_undefined(values: Floats) -> str | None:
    undefined = int(np.isnan(values).sum())
    if not undefined:
        return None
    return f"{undefined} of {values.size} bootstrap replicates were undefined and left out"


def summarise(
    values: Floats,
    point: float,
    *,
    level: float,
    method: str,
    n: int,
    limits: tuple[float, float] | None = None,
) -> Estimate:
    """Make the estimate of replicates; undefined ones are counted in its ``reason``.

    Parameters
    ----------
    values
        Replicates, shape (replicates,).
    point
        The point estimate.
    level, method, n
        As in :class:`Estimate`.
    limits
        Interval when it is not the percentile one.
    """
    if np.isnan(point):
        return Estimate.undefined(
            "the statistic is undefined on these data", level=level, method=method, n=n
        )
    reason = _told_undefined(values)
    undefined_share = float(np.isnan(values).mean())
    low, high = percentile_interval(values, level) if limits is None else limits
    if undefined_share > LARGEST_UNDEFINED_SHARE:
        low = high = float("nan")
    if np.isnan(low) or np.isnan(high):
        low = high = float("nan")
        reason = reason or "every replicate lies on one side of the estimate: no BCa correction"
    return Estimate(float(point), low, high, level, method, n, reason)


def bootstrap(
    statistic: StatisticFunction,
    *arrays: ArrayLike,
    rng: np.random.Generator | None,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
    method: Interval = "percentile",
    level: float = 0.95,
    workers: int | None = 1,
) -> Estimate:
    """Bootstrap a statistic of arrays by whole patients.

    Parameters
    ----------
    statistic
        Called as ``statistic(*arrays)``, or as ``statistic(*arrays, weights=w)`` when it has that
        argument: ``w`` has shape (replicates, n), the result (replicates,). NaN means undefined.
    *arrays
        Arrays whose last axis has length n.
    rng
        The generator; the same generator state gives the same interval.
    cluster
        Patient of every row, shape (n,); rows of one patient are drawn together.
    strata
        Stratum of every row, shape (n,); clusters are drawn within strata.
    replicates
        Number of replicates.
    one_per_cluster
        Krogue's bootstrap: each replicate first keeps one random row of every cluster, then
        draws clusters with replacement; the point estimate is the mean of the replicates.
    method
        ``percentile`` or ``bca`` (not with ``one_per_cluster``).
    level
        Confidence level.
    workers
        Processes (``None``: one for each core); the answer is the same for any number. With more
        than one the statistic is sent to other processes.

    Returns
    -------
    Estimate
        ``n`` counts the rows. Undefined replicates are left out of the interval and counted in
        ``reason``; when they are more than half there is no interval.

    Examples
    --------
    >>> import numpy as np
    >>> def mean(x, *, weights=None):
    ...     return x.mean() if weights is None else weights @ x / weights.sum(axis=1)
    >>> rng = np.random.default_rng(1)
    >>> bootstrap(mean, [1, 2, 3, 4, 5, 6.0], cluster=list("aabbcc"), rng=rng).formatted(1)
    '3.5 (1.5, 5.5)'
    """
    generator = require_generator(rng)
    require_level(level)
    require_choice("method", method, ("percentile", "bca"))
    if one_per_cluster and method == "bca":
        raise DataError("BCa is not defined with one_per_cluster: wanted method='percentile'")
    taken = tuple(np.asarray(array) for array in arrays)
    n = same_length(**{f"array {i}": array for i, array in enumerate(taken)})
    if n == 0:
        return Estimate.undefined("no rows", level=level, method="bootstrap", n=0)
    plan = Resampling.of(n, cluster, strata=strata, one_per_cluster=one_per_cluster)
    name = _name(plan, replicates, method, clustered=cluster is not None)
    values = replicate_values(statistic, taken, plan, replicates, generator, workers=workers)
    if one_per_cluster:
        point = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
    else:
        point = float(np.ravel(evaluate(statistic, taken, np.ones((1, n))))[0])
    limits = None
    if method == "bca":
        limits = bca_interval(values, point, _influence(statistic, taken, plan), level)
    return summarise(values, point, level=level, method=name, n=n, limits=limits)


def _influence(
    statistic: StatisticFunction, arrays: tuple[NDArray[Any], ...], plan: Resampling
) -> Floats:
    """Infinitesimal jackknife where weights can be fractions, else the leave-one-out one."""
    if not takes_weights(statistic):
        return -np.concatenate([evaluate(statistic, arrays, w) for w in plan.reweighted(0.0)])
    more = np.concatenate([evaluate(statistic, arrays, w) for w in plan.reweighted(1 + 1e-4)])
    less = np.concatenate([evaluate(statistic, arrays, w) for w in plan.reweighted(1 - 1e-4)])
    return np.asarray(more - less)


def _name(plan: Resampling, replicates: int, method: str, *, clustered: bool) -> str:
    kind = (
        "one image per patient, then patients"
        if plan.one_per_cluster
        else ("whole patients" if clustered else "rows")
    )
    within = " within strata" if plan.strata is not None else ""
    return f"bootstrap of {kind}{within}, {replicates} replicates, {method}"


def whole_patient(
    statistic: StatisticFunction,
    *arrays: ArrayLike,
    cluster: ArrayLike,
    rng: np.random.Generator,
    replicates: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Bootstrap whole patients with all their images: :func:`bootstrap` with its defaults."""
    return bootstrap(
        statistic, *arrays, cluster=cluster, rng=rng, replicates=replicates, level=level
    )


def one_image_per_patient(
    statistic: StatisticFunction,
    *arrays: ArrayLike,
    cluster: ArrayLike,
    rng: np.random.Generator,
    replicates: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Bootstrap as Krogue et al. 2020 (papers.md 5.5): :func:`bootstrap` with one_per_cluster.

    In every replicate one random image of each patient is kept, then patients are drawn with
    replacement; the estimate is the replicates' mean with the percentile interval.
    """
    return bootstrap(
        statistic,
        *arrays,
        cluster=cluster,
        rng=rng,
        replicates=replicates,
        one_per_cluster=True,
        level=level,
    )
