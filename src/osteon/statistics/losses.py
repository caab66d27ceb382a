"""Mean losses of probabilities: Brier score and log loss.

Sources: Brier 1950 (Mon Weather Rev 78:1); Gaffke 2005, see :mod:`osteon.statistics.bounded_mean`
(the interval).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.bounded_mean import bounded_mean_limits
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    cluster_codes,
    outcome_and_probability,
    require_choice,
    require_level,
)
from osteon.statistics.limits import smaller_class, warning

__all__ = ["LOSS_METHODS", "brier_score", "brier_skill", "log_loss"]

LOSS_METHODS = ("gaffke", "student")
FEW = 30  # patients with the rarer outcome: below it Student's interval holds less than it says


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
