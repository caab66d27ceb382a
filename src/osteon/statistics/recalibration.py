"""Calibration in the large, slope and their tests.

Calibrators are fitted in ``osteon.prediction``; here probabilities are judged. Sources: Cox 1958
(Biometrika 45:562); Steyerberg et al. 2010 (Epidemiology 21:128); Van Calster et al. 2016 (J Clin
Epidemiol 74:167); Spiegelhalter 1986 (Stat Med 5:421); Hosmer and Lemeshow 1980.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.statistics.calibration import bin_numbers, outcome_and_probability
from osteon.statistics.checks import (
    Bools,
    Floats,
    cluster_codes,
    finite_array,
    require_level,
)
from osteon.statistics.limits import smaller_class, warning

__all__ = [
    "calibration_in_the_large",
    "calibration_intercept",
    "calibration_slope",
    "hosmer_lemeshow_test",
    "logistic_fit",
    "observed_expected_ratio",
    "spiegelhalter_test",
]

FEW = 20  # patients with the rarer outcome: below it the sandwich holds less than it says


def observed_expected_ratio(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Observed over expected number of events, interval on the log scale.

    1 is calibrated in the large; the variance is the ratio estimator's over cluster totals.
    """
    require_level(level)
    truth, chance = outcome_and_probability(reference_standard, probability)
    n, expected = truth.size, float(chance.sum())
    if expected == 0 or not truth.any():
        reason = "no event was observed or expected: no ratio on the log scale"
        return Estimate.undefined(reason, level=level, method="log scale", n=n)
    ratio = float(truth.sum() / expected)
    sums = np.bincount(cluster_codes(cluster, n), truth - ratio * chance)
    k = sums.size
    if k < 2:
        reason = "one row (cluster): no variance"
        return Estimate(ratio, math.nan, math.nan, level, "log scale", n, reason)
    se = math.sqrt(k / (k - 1) * float(np.sum(sums**2))) / float(truth.sum())
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * se
    return Estimate(ratio, ratio * math.exp(-half), ratio * math.exp(half), level, "log scale", n)


def calibration_in_the_large(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Intercept of a logistic model with the logit of the probability as offset; 0 is calibrated.

    Negative when risks are overestimated. Wald interval from the model's information, or the
    sandwich over clusters. Shapes as in :func:`brier_score`.
    """
    return _recalibration(reference_standard, probability, cluster, level, which="offset")


def calibration_slope(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Slope of the outcome on the logit of the probability; 1 is calibrated, less is overfitted.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chance = rng.uniform(0.05, 0.95, 2000)
    >>> outcome = rng.random(2000) < chance
    >>> calibration_slope(outcome, chance).formatted(1)
    '1.0 (0.9, 1.1)'
    """
    return _recalibration(reference_standard, probability, cluster, level, which="slope")


def calibration_intercept(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Intercept of the model that also estimates the slope (see ``calibration_in_the_large``)."""
    return _recalibration(reference_standard, probability, cluster, level, which="intercept")


def _recalibration(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    cluster: ArrayLike | None,
    level: float,
    *,
    which: str,
) -> Estimate:
    require_level(level)
    truth, chance = outcome_and_probability(reference_standard, probability)
    name = "logistic model, Wald" + ("" if cluster is None else ", clustered sandwich")
    n = truth.size
    if ((chance == 0) | (chance == 1)).any():
        reason = "a probability is exactly 0 or 1: its logit is infinite"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    if not truth.any() or truth.all():
        return Estimate.undefined("both classes are needed", level=level, method=name, n=n)
    logit = special.logit(chance)
    if which != "offset" and np.ptp(logit) == 0:
        reason = "all probabilities are equal: no slope"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    ones = np.ones((n, 1))
    design = ones if which == "offset" else np.column_stack([ones, logit])
    offset = logit if which == "offset" else np.zeros(n)
    fit = logistic_fit(design, truth, offset)
    if fit is None:
        reason = "the probabilities separate the classes: the slope is infinite"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    beta, covariance, scores = fit
    if cluster is not None:
        codes = cluster_codes(cluster, n)
        sums = np.stack([np.bincount(codes, column) for column in scores.T])
        k = sums.shape[1]
        covariance = k / max(k - 1, 1) * covariance @ (sums @ sums.T) @ covariance
        if which == "offset":
            name += warning(k, FEW, "patients")
        else:
            name += warning(smaller_class(truth, codes), FEW)
    place = 1 if which == "slope" else 0
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(float(covariance[place, place]))
    value = float(beta[place])
    return Estimate(value, value - half, value + half, level, name, n)


def logistic_fit(
    design: Floats, truth: Bools, offset: Floats, weights: Floats | None = None
) -> tuple[Floats, Floats, Floats] | None:
    """Fit a logistic model by Newton's method.

    ``design`` (n, p), ``truth``, ``offset`` and ``weights`` (n,). Returns coefficients (p,),
    inverse information (p, p) and each row's score (n, p); ``None`` when it does not converge, as
    when the classes are separated.
    """
    w = np.ones(len(design)) if weights is None else weights
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        chance = special.expit(design @ beta + offset)
        information = (design * (w * chance * (1 - chance))[:, None]).T @ design
        if np.linalg.cond(information) > 1e14:
            return None
        step = np.linalg.solve(information, design.T @ (w * (truth - chance)))
        beta = beta + step
        if np.abs(beta).max() > 1e3:
            return None
        if np.abs(step).max() < 1e-12 * max(1.0, np.abs(beta).max()):
            chance = special.expit(design @ beta + offset)
            information = (design * (w * chance * (1 - chance))[:, None]).T @ design
            return beta, np.linalg.inv(information), design * (w * (truth - chance))[:, None]
    return None


def spiegelhalter_test(reference_standard: ArrayLike, probability: ArrayLike) -> TestResult:
    """Test that the probabilities are right (Spiegelhalter 1986); rows independent; z."""
    truth, chance = outcome_and_probability(reference_standard, probability)
    variance = float(np.sum((1 - 2 * chance) ** 2 * chance * (1 - chance)))
    if variance == 0:
        reason = "every probability is 0, 0.5 or 1: the test has no variance"
        return TestResult(math.nan, math.nan, "Spiegelhalter z", None, reason)
    z = float(np.sum((truth - chance) * (1 - 2 * chance))) / math.sqrt(variance)
    return TestResult(z, float(2 * special.ndtr(-abs(z))), "Spiegelhalter z")


def hosmer_lemeshow_test(
    reference_standard: ArrayLike, probability: ArrayLike, *, n_groups: int = 10
) -> TestResult:
    """Hosmer and Lemeshow's chi-square over groups of equal size; groups - 2 degrees of freedom.

    Kept for comparison with older papers; the slope and the curve say more.
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    finite_array("probability", chance)
    codes = bin_numbers(chance, n_groups, "quantile")
    size = np.bincount(codes).astype(np.float64)
    expected, observed = np.bincount(codes, chance), np.bincount(codes, truth)
    variance = expected * (1 - expected / np.maximum(size, 1))
    df = size.size - 2
    name = f"Hosmer-Lemeshow, {df} df"
    if df < 1 or (variance <= 0).any():
        reason = "fewer than three groups, or one without expected variance"
        return TestResult(math.nan, math.nan, name, None, reason)
    statistic = float(np.sum((observed - expected) ** 2 / variance))
    return TestResult(statistic, float(special.chdtrc(df, statistic)), name)
