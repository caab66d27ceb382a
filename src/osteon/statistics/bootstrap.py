"""The one bootstrap: whole patients are drawn, by weights, vectorised over replicates.

A replicate is a row of integer weights: how often each row of the data was drawn. A statistic
with a ``weights`` argument of shape (replicates, n) is computed for many replicates at once; any
other callable is called once for every replicate with the rows repeated.

Sources: Efron and Tibshirani 1993, An Introduction to the Bootstrap (percentile, BCa); Davison
and Hinkley 1997, section 3.8 (clusters); Krogue et al. 2020, doi 10.1148/ryai.2020190023 (one
image per patient).
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    require_choice,
    require_generator,
    require_level,
    same_length,
)

__all__ = [
    "Interval",
    "Resampling",
    "bca_interval",
    "bootstrap",
    "one_image_per_patient",
    "percentile_interval",
    "replicate_values",
    "summarise",
    "whole_patient",
]

Interval = Literal["percentile", "bca"]
Statistic = Callable[..., Any]
CHUNK_ELEMENTS = 1 << 14  # weights held at once: small arrays are reused, not mapped anew
CHUNK_ROWS = 16  # and at least so many replicates: a statistic sorts once for each chunk
LARGEST_UNDEFINED_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """Which rows belong together, and how they are drawn.

    Parameters
    ----------
    codes
        Cluster number of every row, 0 to ``n_clusters - 1``; shape (n,).
    strata
        Stratum number of every cluster, shape (n_clusters,): clusters are drawn within their
        stratum, so that the strata keep their sizes; ``None`` draws from all.
    one_per_cluster
        Keep one random row of each cluster in every replicate before clusters are drawn.
    """

    codes: Codes
    strata: Codes | None = None
    one_per_cluster: bool = False

    @classmethod
    def of(
        cls,
        n: int,
        cluster: ArrayLike | None,
        *,
        strata: ArrayLike | None = None,
        one_per_cluster: bool = False,
    ) -> "Resampling":
        """Make the plan from ids; clusters that hold the same set of strata are drawn together."""
        codes = cluster_codes(cluster, n)
        groups = None
        if strata is not None:
            levels = cluster_codes(strata, n)
            seen = np.zeros((codes.max(initial=-1) + 1, levels.max(initial=-1) + 1), dtype=bool)
            seen[codes, levels] = True
            groups = np.unique(seen, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)
        return cls(codes, groups, one_per_cluster)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.codes.max(initial=-1)) + 1

    def _counts(self, uniform: Floats) -> Floats:
        """Turn uniform numbers into how often each cluster is taken; (count, n_clusters)."""
        count, k = uniform.shape
        if self.strata is None:
            drawn = (uniform * k).astype(np.intp)
        else:
            order = np.argsort(self.strata, kind="stable")
            sizes = np.bincount(self.strata)
            starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
            size, start = sizes[self.strata[order]], starts[self.strata[order]]
            drawn = order[start + (uniform * size).astype(np.intp)]
        flat = drawn + k * np.arange(count)[:, None]
        counts = np.bincount(flat.ravel(), minlength=count * k).reshape(count, k)
        return counts.astype(np.float64)

    def weights(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw replicates as weights of the rows; shape (count, n), whole numbers."""
        k = self.n_clusters
        if not self.one_per_cluster:
            return self._counts(rng.random((count, k)))[:, self.codes]
        uniform = rng.random((count, 2 * k))
        order = np.argsort(self.codes, kind="stable")
        sizes = np.bincount(self.codes)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        picked = order[starts + (uniform[:, :k] * sizes).astype(np.intp)]
        weights = np.zeros((count, self.codes.size))
        np.put_along_axis(weights, picked, self._counts(uniform[:, k:]), axis=1)
        return weights

    def _rows_at_once(self) -> int:
        return max(CHUNK_ROWS, CHUNK_ELEMENTS // max(1, self.codes.size))

    def chunks(self, replicates: int, rng: np.random.Generator) -> Iterator[Floats]:
        """Draw replicates a few at a time, so that memory stays bounded."""
        step = self._rows_at_once()
        for start in range(0, replicates, step):
            yield self.weights(min(step, replicates - start), rng)

    def reweighted(self, weight: float) -> Iterator[Floats]:
        """Give each cluster once another weight than 1 (0 leaves it out), a few at a time."""
        step = self._rows_at_once()
        for start in range(0, self.n_clusters, step):
            chosen = np.arange(start, min(start + step, self.n_clusters))
            yield np.where(self.codes[None, :] == chosen[:, None], weight, 1.0)


def _takes_weights(statistic: Statistic) -> bool:
    try:
        return "weights" in inspect.signature(statistic).parameters
    except (TypeError, ValueError):
        return False  # built-in callables do not tell their signature


def _plain(result: Any) -> Any:
    return result.value if isinstance(result, Estimate) else result


def _evaluate(statistic: Statistic, arrays: tuple[NDArray[Any], ...], weights: Floats) -> Floats:
    if _takes_weights(statistic):
        return np.asarray(statistic(*arrays, weights=weights), dtype=np.float64)
    rows = np.arange(arrays[0].shape[-1])
    drawn = (np.repeat(rows, row.astype(np.intp)) for row in weights)
    values = [_plain(statistic(*(array[..., index] for array in arrays))) for index in drawn]
    return np.asarray(values, dtype=np.float64)


def replicate_values(
    statistic: Statistic,
    arrays: tuple[NDArray[Any], ...],
    plan: Resampling,
    replicates: int,
    rng: np.random.Generator,
) -> Floats:
    """Compute a statistic on every replicate.

    Returns
    -------
    ndarray
        Shape (replicates,) or (replicates, k), as the statistic returns; NaN where it is not
        defined.
    """
    if replicates < 1:
        raise DataError(f"replicates is {replicates}, wanted at least 1")
    parts = [_evaluate(statistic, arrays, weights) for weights in plan.chunks(replicates, rng)]
    return np.concatenate(parts)


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
    statistic: Statistic,
    *arrays: ArrayLike,
    rng: np.random.Generator | None,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
    method: Interval = "percentile",
    level: float = 0.95,
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
    values = replicate_values(statistic, taken, plan, replicates, generator)
    if one_per_cluster:
        point = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
    else:
        point = float(np.ravel(_evaluate(statistic, taken, np.ones((1, n))))[0])
    limits = None
    if method == "bca":
        limits = bca_interval(values, point, _influence(statistic, taken, plan), level)
    return summarise(values, point, level=level, method=name, n=n, limits=limits)


def _influence(statistic: Statistic, arrays: tuple[NDArray[Any], ...], plan: Resampling) -> Floats:
    """Infinitesimal jackknife where weights can be fractions, else the leave-one-out one."""
    if not _takes_weights(statistic):
        return -np.concatenate([_evaluate(statistic, arrays, w) for w in plan.reweighted(0.0)])
    more = np.concatenate([_evaluate(statistic, arrays, w) for w in plan.reweighted(1 + 1e-4)])
    less = np.concatenate([_evaluate(statistic, arrays, w) for w in plan.reweighted(1 - 1e-4)])
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
    statistic: Statistic,
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
    statistic: Statistic,
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
