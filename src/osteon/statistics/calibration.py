"""Do probabilities mean what they say? Parts of the Brier score, reliability curve, ECE.

The mean losses are in :mod:`osteon.statistics.losses`, the slope and its relatives in
:mod:`osteon.statistics.recalibration`. Sources: Murphy 1973 (decomposition); Stephenson, Coelho and
Jolliffe 2008 (Weather Forecast 23:752, terms inside bins); Naeini et al. 2015 (AAAI, ECE).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError
from osteon.statistics.bootstrap import (
    DISTANCE_METHODS,
    Resampling,
    distance_limits,
    replicate_values,
    summarise,
)
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    outcome_and_probability,
    require_choice,
    require_generator,
    require_level,
)
from osteon.statistics.limits import DISTANCE_WARNING
from osteon.statistics.proportion import proportion

__all__ = [
    "BrierDecomposition",
    "bin_numbers",
    "brier_decomposition",
    "expected_calibration_error",
    "reliability_curve",
]


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
    """Observed share against mean probability in bins, each with Clopper and Pearson's interval.

    Bins are small: Wilson's interval misses the smallest shares there.

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
        points.append(proportion(truth[rows], cluster=kept, level=level, method="clopper-pearson"))
        x.append(float(chance[rows].mean()))
    y, low, high = (
        np.array([getattr(p, name) for p in points]) for name in ("value", "low", "high")
    )
    told = f"{len(points)} bins of equal {'numbers' if bins == 'quantile' else 'width'}"
    told += ", Clopper-Pearson"
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
