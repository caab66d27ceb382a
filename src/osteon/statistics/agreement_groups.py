"""Kappas of raters and of groups with one reference standard, and their differences.

Sources: Krogue et al. 2020, doi 10.1148/ryai.2020190023 (mean kappas of groups, differences by
paired bootstrap).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.agreement import (
    KappaWeights,
    agreement_weights,
    code_categories,
    cohen_kappa_replicates,
)
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.checks import Codes, Floats

__all__ = ["group_kappa", "kappa_difference"]


def _group(name: str, raters: ArrayLike) -> NDArray[Any]:
    """Take one rater, shape (n,), or several, shape (raters, n)."""
    group = np.atleast_2d(np.asarray(raters))
    if group.ndim != 2 or len(group) == 0:
        raise DataError(f"{name} has shape {group.shape}, wanted (n,) or (raters, n)")
    return group


def _mean_kappas(agreement: Floats, truth: Codes, raters: Codes, weights: Floats) -> Floats:
    """Mean of the raters' kappas with the reference standard, for every row of weights."""
    kappas = [
        cohen_kappa_replicates(truth, rater, agreement=agreement, weights=weights)
        for rater in raters
    ]
    return np.asarray(np.mean(kappas, axis=0))


def group_kappa(
    reference_standard: ArrayLike,
    raters: ArrayLike,
    *,
    rng: np.random.Generator | None,
    weighting: KappaWeights = "unweighted",
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
) -> Estimate:
    """Mean kappa of a group of raters with the reference standard, interval by bootstrap.

    The raters are taken as they are, the cases as drawn; the level is 95 %. Arguments as in
    :func:`kappa_difference`, ``raters`` of shape (raters, n).

    Examples
    --------
    >>> truth = np.tile([0, 1], 50)
    >>> raters = np.stack([truth, np.where(np.arange(100) % 10 == 0, 1 - truth, truth)])
    >>> group_kappa(truth, raters, rng=np.random.default_rng(0)).formatted(2)
    '0.90 (0.84, 0.95)'
    """
    (truth, codes), k = code_categories((reference_standard, _group("raters", raters)), None)
    agreement = agreement_weights(k, weighting)

    def statistic(t: Codes, group: Codes, *, weights: NDArray[np.float64]) -> Floats:
        return _mean_kappas(agreement, t, group, weights)

    return bootstrap(
        statistic, truth, codes, cluster=cluster, rng=rng, replicates=replicates,
        one_per_cluster=one_per_cluster,
    )  # fmt: skip


def kappa_difference(
    reference_standard: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    rng: np.random.Generator | None,
    weighting: KappaWeights = "unweighted",
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
) -> Estimate:
    """Difference of two kappas with the same reference standard, by paired bootstrap.

    Estimand: mean kappa of ``first`` minus mean kappa of ``second``, each against the reference
    standard on the same rows, so that their correlation is kept. The level is 95 %.

    Parameters
    ----------
    reference_standard
        Class of every row, shape (n,).
    first, second
        Ratings of one rater, shape (n,), or of a group, shape (raters, n): the group's kappa is
        the mean of its raters'.
    rng, cluster, replicates, one_per_cluster
        As in :func:`bootstrap`; ``one_per_cluster`` is the way of Krogue et al. 2020.
    weighting
        As in :func:`cohen_kappa`.

    Returns
    -------
    Estimate
        Positive when ``first`` agrees better.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = np.tile([0, 1], 50)
    >>> flipped = np.where(np.arange(100) % 10 == 0, 1 - truth, truth)
    >>> kappa_difference(truth, truth, flipped, rng=rng).formatted(1)
    '0.2 (0.1, 0.3)'
    """
    groups = [_group("first", first), _group("second", second)]
    (truth, a, b), k = code_categories((reference_standard, *groups), None)
    agreement = agreement_weights(k, weighting)

    def statistic(t: Codes, one: Codes, two: Codes, *, weights: NDArray[np.float64]) -> Floats:
        first_kappas = _mean_kappas(agreement, t, one, weights)
        return first_kappas - _mean_kappas(agreement, t, two, weights)

    return bootstrap(
        statistic, truth, a, b, cluster=cluster, rng=rng, replicates=replicates,
        one_per_cluster=one_per_cluster,
    )  # fmt: skip
