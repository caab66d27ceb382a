"""Kappas of raters and of groups with one reference standard, and their differences.

Sources: Krogue et al. 2020, doi 10.1148/ryai.2020190023 (mean kappas of groups, differences by
paired bootstrap); the intervals are those of :mod:`osteon.statistics.agreement`, and of
:mod:`osteon.statistics.contrast` for differences.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.agreement import (
    KappaLimits,
    KappaWeights,
    agreement_weights,
    code_categories,
    cohen_kappa_replicates,
)
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    require_choice,
    require_one_dimension,
    same_length,
)
from osteon.statistics.contrast import mover_limits, shrunken_correlation
from osteon.statistics.limits import warning

__all__ = ["GROUP_METHODS", "group_kappa", "kappa_difference"]

GROUP_METHODS = ("adjusted", "bootstrap")
LEVEL = 0.95
FEW = 100  # rows or patients: below it the percentile interval holds less than it says


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


def _adjusted(
    truth: Codes, groups: tuple[Codes, ...], cluster: ArrayLike | None, agreement: Floats
) -> Estimate:
    """Give a group's mean kappa, or the difference of two, with its adjusted limits."""
    require_one_dimension(reference_standard=truth)
    same_length(reference_standard=truth, **{f"group {i + 1}": g for i, g in enumerate(groups)})
    n, name = truth.size, "adjusted" + ("" if len(groups) == 1 else ", MOVER")
    name += "" if cluster is None else ", clustered"
    codes = cluster_codes(cluster, n)
    if n == 0:
        return Estimate.undefined("no rows", level=LEVEL, method=name, n=0)
    arms = [
        KappaLimits.mean([KappaLimits.of(truth, rater, codes, agreement) for rater in group])
        for group in groups
    ]
    value = arms[0].value - (arms[1].value if len(arms) > 1 else 0.0)
    if math.isnan(value):
        reason = "a rater and the reference standard use one category throughout"
        return Estimate.undefined(reason, level=LEVEL, method=name, n=n)
    patients = arms[0].sums.size
    if patients < 2:
        reason = "one row (cluster): no variance"
        return Estimate(value, math.nan, math.nan, LEVEL, name, n, reason)
    tail = (1 - LEVEL) / 2
    if len(arms) == 1:
        low, high = arms[0].limits(tail)
    else:
        sums = np.stack([arm.sums for arm in arms])
        correlation = shrunken_correlation(sums @ sums.T, patients)
        low, high = mover_limits(arms, correlation, np.array([1.0, -1.0]), tail)
    return Estimate(value, low, high, LEVEL, name, n)


def _warned(found: Estimate, truth: Codes, cluster: ArrayLike | None) -> Estimate:
    units = truth.size if cluster is None else int(cluster_codes(cluster, truth.size).max()) + 1
    told = warning(units, FEW, "rows or patients")
    return replace(found, method=found.method + told)


def group_kappa(
    reference_standard: ArrayLike,
    raters: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    weighting: KappaWeights = "unweighted",
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
    method: str = "adjusted",
) -> Estimate:
    """Mean kappa of a group of raters with the reference standard.

    The raters are taken as they are, the cases as drawn; the level is 95 %. Arguments as in
    :func:`kappa_difference`, ``raters`` of shape (raters, n).

    Examples
    --------
    >>> truth = np.tile([0, 1], 50)
    >>> raters = np.stack([truth, np.where(np.arange(100) % 10 == 0, 1 - truth, truth)])
    >>> group_kappa(truth, raters, rng=np.random.default_rng(0)).formatted(2)
    '0.90 (0.81, 0.97)'
    """
    require_choice("method", method, GROUP_METHODS)
    (truth, codes), k = code_categories((reference_standard, _group("raters", raters)), None)
    agreement = agreement_weights(k, weighting)
    if method == "adjusted" and not one_per_cluster:
        return _adjusted(truth, (codes,), cluster, agreement)

    def statistic(t: Codes, group: Codes, *, weights: NDArray[np.float64]) -> Floats:
        return _mean_kappas(agreement, t, group, weights)

    found = bootstrap(
        statistic, truth, codes, cluster=cluster, rng=rng, replicates=replicates,
        one_per_cluster=one_per_cluster, level=LEVEL,
    )  # fmt: skip
    return _warned(found, truth, cluster)


def kappa_difference(
    reference_standard: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    weighting: KappaWeights = "unweighted",
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
    method: str = "adjusted",
) -> Estimate:
    """Difference of two kappas with the same reference standard, paired.

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
        As in :func:`bootstrap`; ``one_per_cluster`` is the way of Krogue et al. 2020, always by
        bootstrap.
    weighting
        As in :func:`cohen_kappa`.
    method
        ``adjusted`` (the limits of :func:`cohen_kappa`, averaged over a group, and MOVER for the
        difference) or ``bootstrap`` (percentile, whole patients; too narrow with few rows or a
        rare class, and says so).

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
    require_choice("method", method, GROUP_METHODS)
    groups = [_group("first", first), _group("second", second)]
    (truth, a, b), k = code_categories((reference_standard, *groups), None)
    agreement = agreement_weights(k, weighting)
    if method == "adjusted" and not one_per_cluster:
        return _adjusted(truth, (a, b), cluster, agreement)

    def statistic(t: Codes, one: Codes, two: Codes, *, weights: NDArray[np.float64]) -> Floats:
        first_kappas = _mean_kappas(agreement, t, one, weights)
        return first_kappas - _mean_kappas(agreement, t, two, weights)

    found = bootstrap(
        statistic, truth, a, b, cluster=cluster, rng=rng, replicates=replicates,
        one_per_cluster=one_per_cluster, level=LEVEL,
    )  # fmt: skip
    return _warned(found, truth, cluster)
