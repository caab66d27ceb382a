"""Do probabilities mean what they say? Brier score, log loss, reliability curve, ECE.

The slope and its relatives are in :mod:`osteon.statistics.recalibration`. Sources: Brier 1950;
Murphy 1973 (decomposition); Stephenson, Coelho and Jolliffe
2008 (Weather Forecast 23:752, terms inside bins); Naeini et al. 2015 (AAAI, ECE); Gaffke 2005, see
:mod:`osteon.statistics.bounded_mean` (intervals of mean losses).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError
from osteon.statistics.bootstrap import (
    DISTANCE_METHODS,
    Resampling,
    distance_limits,
    replicate_values,
    summarise,
)
from osteon.statistics.bounded_mean import bounded_mean_limits
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    binary_array,
    cluster_codes,
    probability_array,
    require_choice,
    require_generator,
    require_level,
    same_length,
)
from osteon.statistics.limits import DISTANCE_WARNING, smaller_class, warning
from osteon.statistics.proportion import proportion

__all__ = [
    "LOSS_METHODS",
    "BrierDecomposition",
    "bin_numbers",
    "brier_decomposition",
    "brier_score",
    "brier_skill",
    "expected_calibration_error",
    "log_loss",
    "outcome_and_probability",
    "reliability_curve",
]

LOSS_METHODS = ("gaffke", "student")
FEW = 30  # patients with the rarer outcome: below it Student's interval holds less than it says


def outcome_and_probability(
    reference_standard: ArrayLike, probability: ArrayLike
) -> tuple[Bools, Floats]:
    """Check outcomes and probabilities of the same rows."""
    truth = binary_array("reference_standard", reference_standard)
    chance = probability_array("probability", probability)
    same_length(reference_standard=truth, probability=chance)
    return truth, chance


def _mean_loss(
    losses: Floats,
    greatest: float,
    truth: Bools,
    how: tuple[ArrayLike | None, float, str],
) -> Estimate:
    """Mean of losses from 0 to ``greatest``; ``how`` is cluster, level and method."""
    cluster, level, method = how
    require_level(level)
    require_choice("method", method, LOSS_METHODS)
    name = ("Gaffke" if method == "gaffke" else "Student") + (
        "" if cluster is None else ", clustered"
    )
    if losses.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    codes = cluster_codes(cluster, losses.size)
    if method == "student":
        return _student(losses, truth, codes, level, name)
    low, high = bounded_mean_limits(losses, codes, (0.0, greatest), level)
    return Estimate(float(losses.mean()), low, high, level, name, losses.size)


def _student(losses: Floats, truth: Bools, codes: Codes, level: float, name: str) -> Estimate:
    """Variance from cluster totals, Student's quantile (clusters - 1)."""
    value = float(losses.mean())
    sums = np.bincount(codes, losses - value)
    name += warning(smaller_class(truth, codes), FEW)
    k = sums.size
    if k < 2:
        reason = "one row (cluster): no variance"
        return Estimate(value, math.nan, math.nan, level, name, losses.size, reason)
    se = math.sqrt(k / (k - 1) * float(np.sum(sums**2))) / losses.size
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * se
    return Estimate(value, value - half, value + half, level, name, losses.size)


def brier_score(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "gaffke",
) -> Estimate:
    """Mean squared difference of outcome and probability, in [0, 1]; lower is better.

    Parameters
    ----------
    reference_standard
        0 or 1, shape (n,).
    probability
        Of a 1, in [0, 1], shape (n,).
    cluster
        Patient of every row, shape (n,).
    level
        Confidence level.
    method
        ``gaffke`` (holds with few events, or none) or ``student`` (of cluster totals, symmetric:
        too narrow with few events, and says so).

    Examples
    --------
    >>> brier_score([0, 1, 1], [0.1, 0.8, 0.6]).value
    0.07
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    return _mean_loss((truth - chance) ** 2, 1.0, truth, (cluster, level, method))


def brier_skill(reference_standard: ArrayLike, probability: ArrayLike) -> float:
    """1 - Brier score over the Brier score of the prevalence; NaN when a class is empty."""
    truth, chance = outcome_and_probability(reference_standard, probability)
    share = truth.mean() if truth.size else 0.0
    if share in (0.0, 1.0):
        return math.nan
    return float(1 - np.mean((truth - chance) ** 2) / (share * (1 - share)))


def log_loss(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "gaffke",
) -> Estimate:
    """Mean negative log likelihood of the outcomes (natural log), arrays of shape (n,).

    Undefined when an outcome happened that was given probability 0: the loss is infinite. Other
    arguments as in :func:`brier_score`; the greatest loss of Gaffke's interval is what the
    likelier outcome's opposite would have cost, averaged over the rows. Without an interval when a
    probability is exactly 0 or 1: that loss has no bound.
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    given = np.where(truth, chance, 1 - chance)
    if (given == 0).any():
        reason = "an outcome happened that was given probability 0: the loss is infinite"
        return Estimate.undefined(reason, level=level, method=method, n=truth.size)
    losses, rarer = -np.log(given), np.minimum(chance, 1 - chance)
    bounded = bool(rarer.all())
    if method == "gaffke" and not bounded:
        reason = (
            "a probability is exactly 0 or 1: the loss has no bound, and no interval; "
            "method='student' gives one that may be too narrow"
        )
        value = float(losses.mean())
        return Estimate(value, math.nan, math.nan, level, method, truth.size, reason)
    greatest = float(-np.log(rarer).mean()) if truth.size and bounded else math.nan
    return _mean_loss(losses, greatest, truth, (cluster, level, method))


@dataclass(frozen=True, slots=True)
class BrierDecomposition:
    """Brier score = reliability - resolution + uncertainty + what binning hides.

    Parameters
    ----------
    reliability, resolution, uncertainty
        Murphy's terms; they add up to the Brier score of the probabilities replaced by their bin's
        mean.
    within_bin_variance, within_bin_covariance
        Stephenson's terms: with ``variance - 2 covariance`` added, the sum is the Brier score of
        the probabilities themselves.
    n_bins
        Bins that hold a row.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float
    n_bins: int


def brier_decomposition(
    reference_standard: ArrayLike, probability: ArrayLike, *, n_bins: int = 10, bins: str = "width"
) -> BrierDecomposition:
    """Split the Brier score (Murphy 1973), with the terms inside bins (Stephenson et al. 2008).

    Examples
    --------
    >>> parts = brier_decomposition([0, 0, 1, 1, 1], [0.1, 0.3, 0.35, 0.8, 0.9], n_bins=2)
    >>> round(parts.reliability, 4), round(parts.resolution, 4), round(parts.uncertainty, 4)
    (0.0132, 0.1067, 0.24)
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    if truth.size == 0:
        raise DataError("brier_decomposition got no rows")
    codes = bin_numbers(chance, n_bins, bins)
    size = np.bincount(codes).astype(np.float64)
    there = size > 0
    observed = np.bincount(codes, truth)[there] / size[there]
    predicted = np.bincount(codes, chance)[there] / size[there]
    chance_gap = chance - (np.bincount(codes, chance) / np.maximum(size, 1))[codes]
    truth_gap = truth - (np.bincount(codes, truth) / np.maximum(size, 1))[codes]
    share, base = size[there] / truth.size, float(truth.mean())
    return BrierDecomposition(
        reliability=float(np.sum(share * (predicted - observed) ** 2)),
        resolution=float(np.sum(share * (observed - base) ** 2)),
        uncertainty=base * (1 - base),
        within_bin_variance=float(np.mean(chance_gap**2)),
        within_bin_covariance=float(np.mean(chance_gap * truth_gap)),
        n_bins=int(there.sum()),
    )


def bin_numbers(chance: Floats, n_bins: int, bins: str) -> Codes:
    """Put probabilities into bins open at their lower edge; shape (n,)."""
    require_choice("bins", bins, ("width", "quantile"))
    if n_bins < 1:
        raise DataError(f"n_bins is {n_bins}, wanted at least 1")
    if bins == "width":
        edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    else:
        edges = np.unique(np.quantile(chance, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, chance, side="left").astype(np.intp)


def reliability_curve(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    n_bins: int = 10,
    bins: str = "quantile",
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Curve:
    """Observed share against mean probability in bins, each with its Wilson interval.

    Parameters
    ----------
    reference_standard, probability, cluster, level
        As in :func:`brier_score`.
    n_bins, bins
        ``quantile`` (equal numbers; ties can make fewer) or ``width`` (equal width on [0, 1]);
        a bin is open at its lower edge. Empty bins are left out.

    Returns
    -------
    Curve
        ``x`` mean probability of the bin, ``y`` observed share; intervals are for each bin alone.
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    codes = bin_numbers(chance, n_bins, bins) if truth.size else np.zeros(0, dtype=np.intp)
    ids = None if cluster is None else cluster_codes(cluster, truth.size)
    points, x = [], []
    for code in np.unique(codes):
        rows = codes == code
        kept = None if ids is None else ids[rows]
        points.append(proportion(truth[rows], cluster=kept, level=level))
        x.append(float(chance[rows].mean()))
    y, low, high = (
        np.array([getattr(p, name) for p in points]) for name in ("value", "low", "high")
    )
    told = f"{len(points)} bins of equal {'numbers' if bins == 'quantile' else 'width'}, Wilson"
    return Curve(np.array(x), y, low, high, "probability", "observed share", told, truth.size)


def _ece_replicates(
    truth: Floats, chance: Floats, *, n_bins: int, bins: str, weights: Floats
) -> Floats:
    codes = bin_numbers(chance, n_bins, bins)
    member = np.zeros((truth.size, n_bins))
    member[np.arange(truth.size), codes] = truth - chance
    return np.asarray(np.abs(weights @ member).sum(axis=1) / weights.sum(axis=1))


def expected_calibration_error(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    rng: np.random.Generator | None,
    n_bins: int = 10,
    bins: str = "width",
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "upper",
) -> Estimate:
    """Average the absolute gap of share and probability over bins: ECE.

    It depends on the bins (kept fixed over replicates) and is biased upwards in small samples.
    ``method`` is ``upper`` (from 0 to the upper percentile of a bootstrap of whole patients) or
    ``percentile`` (both percentiles: misses truths that are small for the sample, and says so).
    Shapes as in :func:`brier_score`.
    """
    truth, chance = outcome_and_probability(reference_standard, probability)

    def statistic(t: Floats, p: Floats, *, weights: Floats) -> Floats:
        return _ece_replicates(t, p, n_bins=n_bins, bins=bins, weights=weights)

    require_level(level)
    require_choice("method", method, DISTANCE_METHODS)
    told = f"{n_bins} bins of equal {bins}; bootstrap, {replicates} replicates, {method}"
    told += DISTANCE_WARNING if method == "percentile" else ""
    n, generator = truth.size, require_generator(rng)
    if n == 0:
        return Estimate.undefined("no rows", level=level, method=told, n=0)
    arrays, plan = (truth.astype(np.float64), chance), Resampling.of(n, cluster)
    drawn = replicate_values(statistic, arrays, plan, replicates, generator)
    point = float(statistic(*arrays, weights=np.ones((1, n)))[0])
    limits = distance_limits(drawn, level, method)
    return summarise(drawn, point, level=level, method=told, n=n, limits=limits)
