"""Resampling plans: which rows are drawn together, by weights, a few replicates at a time.

A replicate is a row of integer weights: how often each row of the data was drawn. A statistic
with a ``weights`` argument of shape (replicates, n) is computed for many replicates at once; any
other callable is called once for every replicate with the rows repeated. Sources: Davison and
Hinkley 1997, section 3.8 (clusters); Krogue et al. 2020, doi 10.1148/ryai.2020190023 (one image
per patient).
"""

import copy
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.core.parallel import map_parallel, worker_count
from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import Codes, Floats, cluster_codes

__all__ = [
    "Resampling",
    "StatisticFunction",
    "Vectorised",
    "cluster_influence",
    "evaluate",
    "replicate_values",
    "takes_weights",
]

StatisticFunction = Callable[..., Any]
Vectorised = Callable[[Floats], Floats]
CHUNK_ELEMENTS = 1 << 14  # weights held at once: small arrays are reused, not mapped anew
CHUNK_ROWS = 16  # and at least so many replicates: a statistic sorts once for each chunk
PARTS_PER_WORKER = 4
STEP = 1e-4  # of the weights, for the numerical derivative


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

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw the uniform numbers behind so many replicates; shape (count, numbers)."""
        return rng.random((count, self.n_clusters * (2 if self.one_per_cluster else 1)))

    def weights(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw replicates as weights of the rows; shape (count, n), whole numbers."""
        uniform = self.draw(count, rng)
        return self._of_rows(uniform, self._counts(uniform[:, -self.n_clusters :]))

    def exponential(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw replicates of the Bayesian bootstrap (Rubin 1981): exponential weights of clusters.

        Shape (count, n); ``strata`` play no part.
        """
        uniform = self.draw(count, rng)
        return self._of_rows(uniform, -np.log1p(-uniform[:, -self.n_clusters :]))

    def _of_rows(self, uniform: Floats, of_clusters: Floats) -> Floats:
        """Give the clusters' weights to their rows, or to one random row of each."""
        if not self.one_per_cluster:
            return of_clusters[:, self.codes]
        order = np.argsort(self.codes, kind="stable")
        sizes = np.bincount(self.codes)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        picked = order[starts + (uniform[:, : sizes.size] * sizes).astype(np.intp)]
        weights = np.zeros((len(uniform), self.codes.size))
        np.put_along_axis(weights, picked, of_clusters, axis=1)
        return weights

    @property
    def rows_at_once(self) -> int:
        """Replicates whose weights are held at once."""
        return max(CHUNK_ROWS, CHUNK_ELEMENTS // max(1, self.codes.size))

    def chunks(self, replicates: int, rng: np.random.Generator) -> Iterator[Floats]:
        """Draw replicates a few at a time, so that memory stays bounded."""
        step = self.rows_at_once
        for start in range(0, replicates, step):
            yield self.weights(min(step, replicates - start), rng)

    def reweighted(self, weight: float) -> Iterator[Floats]:
        """Give each cluster once another weight than 1 (0 leaves it out), a few at a time."""
        step = self.rows_at_once
        for start in range(0, self.n_clusters, step):
            chosen = np.arange(start, min(start + step, self.n_clusters))
            yield np.where(self.codes[None, :] == chosen[:, None], weight, 1.0)


def takes_weights(statistic: StatisticFunction) -> bool:
    """Whether a statistic can be computed for many rows of weights at once."""
    try:
        return "weights" in inspect.signature(statistic).parameters
    except (TypeError, ValueError):
        return False  # built-in callables do not tell their signature


def _plain(result: Any) -> Any:
    return result.value if isinstance(result, Estimate) else result


def evaluate(
    statistic: StatisticFunction, arrays: tuple[NDArray[Any], ...], weights: Floats
) -> Floats:
    """Compute a statistic for every row of weights (replicates, n)."""
    if takes_weights(statistic):
        return np.asarray(statistic(*arrays, weights=weights), dtype=np.float64)
    rows = np.arange(arrays[0].shape[-1])
    drawn = (np.repeat(rows, row.astype(np.intp)) for row in weights)
    values = [_plain(statistic(*(array[..., index] for array in arrays))) for index in drawn]
    return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A run of replicates with the generator as it stands at their start."""

    statistic: StatisticFunction
    arrays: tuple[NDArray[Any], ...]
    plan: Resampling
    replicates: int
    rng: np.random.Generator

    def values(self) -> Floats:
        chunks = self.plan.chunks(self.replicates, self.rng)
        return np.concatenate([evaluate(self.statistic, self.arrays, w) for w in chunks])


def replicate_values(
    statistic: StatisticFunction,
    arrays: tuple[NDArray[Any], ...],
    plan: Resampling,
    replicates: int,
    rng: np.random.Generator,
    *,
    workers: int | None = 1,
) -> Floats:
    """Compute a statistic on every replicate.

    Parameters
    ----------
    statistic, arrays, plan, replicates, rng
        As in :func:`osteon.statistics.bootstrap.bootstrap`.
    workers
        Processes (``None``: one for each core); the values are the same for any number.

    Returns
    -------
    ndarray
        Shape (replicates,) or (replicates, k), as the statistic returns; NaN where it is not
        defined.
    """
    if replicates < 1:
        raise DataError(f"replicates is {replicates}, wanted at least 1")
    whole = _Part(statistic, arrays, plan, replicates, rng)
    count = worker_count(workers)
    if count == 1:
        return whole.values()
    parts = map_parallel(_Part.values, _cut(whole, count), workers=count)
    return np.concatenate(list(parts))


def _cut(whole: _Part, workers: int) -> Iterator[_Part]:
    """Cut at chunk borders; the generator is moved on as if the part had been drawn here."""
    step = whole.plan.rows_at_once
    chunks = -(-whole.replicates // step)
    size = -(-chunks // (workers * PARTS_PER_WORKER)) * step
    for start in range(0, whole.replicates, size):
        replicates = min(size, whole.replicates - start)
        yield replace(whole, replicates=replicates, rng=copy.deepcopy(whole.rng))
        for place in range(0, replicates, step):
            whole.plan.draw(min(step, replicates - place), whole.rng)


def cluster_influence(statistic: Vectorised, plan: Resampling) -> Floats:
    """Differentiate a statistic by each cluster's weight, shape (clusters,).

    The infinitesimal jackknife (Efron 1982): the sum of squares is the statistic's variance.
    """
    more = np.concatenate([statistic(w) for w in plan.reweighted(1 + STEP)])
    less = np.concatenate([statistic(w) for w in plan.reweighted(1 - STEP)])
    derivative = (more - less) / (2 * STEP)
    return np.asarray(derivative * math.sqrt(plan.n_clusters / max(plan.n_clusters - 1, 1)))
