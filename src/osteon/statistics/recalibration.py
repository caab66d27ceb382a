"""Calibration in the large, slope and their tests.

Calibrators are fitted in ``osteon.prediction``; here probabilities are judged. Sources: Cox 1958
(Biometrika 45:562); Steyerberg et al. 2010 (Epidemiology 21:128); Van Calster et al. 2016 (J Clin
Epidemiol 74:167); Spiegelhalter 1986 (Stat Med 5:421); Hosmer and Lemeshow 1980; Mancl and DeRouen
2001, see :mod:`osteon.statistics.sandwich`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate, TestResult
from osteon.statistics.calibration import bin_numbers
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    cluster_codes,
    finite_array,
    outcome_and_probability,
    require_choice,
    require_level,
)
from osteon.statistics.limits import smaller_class, warning
from osteon.statistics.sandwich import (
    ROBUST_METHODS,
    Fit,
    robust_covariance,
    robust_half_width,
    too_few,
)

__all__ = [
    "calibration_in_the_large",
    "calibration_intercept",
    "calibration_slope",
    "hosmer_lemeshow_test",
    "logistic_fit",
    "observed_expected_ratio",
    "spiegelhalter_test",
]

FEW = 20  # patients with the rarer outcome: below it the plain sandwich holds too seldom


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
    method: str = "mancl-derouen",
) -> Estimate:
    """Intercept of a logistic model with the logit of the probability as offset; 0 is calibrated.

    Negative when risks are overestimated. Wald interval from the model's information; ``method``
    says what clusters make of it: ``mancl-derouen`` (the sandwich without each patient's leverage,
    Student's quantile with patients - 1 degrees of freedom) or ``sandwich`` (the plain one, normal
    quantile: too narrow with few patients, and says so). Shapes as in :func:`brier_score`.
    """
    return _recalibration(reference_standard, probability, cluster, level, method, which="offset")


def calibration_slope(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mancl-derouen",
) -> Estimate:
    """Slope of the outcome on the logit of the probability; 1 is calibrated, less is overfitted.

    As :func:`calibration_in_the_large`; with clusters the degrees of freedom are the patients with
    the rarer outcome - 1 (at most patients - 2), and with a single one there is no interval.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chance = rng.uniform(0.05, 0.95, 2000)
    >>> outcome = rng.random(2000) < chance
    >>> calibration_slope(outcome, chance).formatted(1)
    '1.0 (0.9, 1.1)'
    """
    return _recalibration(reference_standard, probability, cluster, level, method, which="slope")


def calibration_intercept(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mancl-derouen",
) -> Estimate:
    """Intercept of the model that also estimates the slope (see ``calibration_in_the_large``)."""
    return _recalibration(
        reference_standard, probability, cluster, level, method, which="intercept"
    )


def _recalibration(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    cluster: ArrayLike | None,
    level: float,
    method: str,
    *,
    which: str,
) -> Estimate:
    require_level(level)
    require_choice("method", method, ROBUST_METHODS)
    truth, chance = outcome_and_probability(reference_standard, probability)
    name = "logistic model, Wald" + ("" if cluster is None else ", clustered " + method)
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
    place = 1 if which == "slope" else 0
    if cluster is not None:
        return _clustered(fit, cluster_codes(cluster, n), truth, place, (level, name, method))
    value, variance = float(fit.beta[place]), float(fit.naive[place, place])
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, level, name, n)


def _clustered(
    fit: Fit, codes: Codes, truth: Bools, place: int, how: tuple[float, str, str]
) -> Estimate:
    level, name, method = how
    k, p = int(codes.max()) + 1, fit.beta.size
    rarer = k if p == 1 else smaller_class(truth, codes)
    what = "patients" if p == 1 else "patients with the rarer outcome"
    variance = float(robust_covariance(fit, codes, method)[place, place])
    if method == "sandwich":
        variance *= k / max(k - 1, 1)
        name += warning(rarer, FEW, what)
    half = robust_half_width(variance, min(rarer - 1, k - p), level, method)
    reason = too_few(rarer, 2, what) if math.isnan(half) else None
    value = float(fit.beta[place])
    return Estimate(value, value - half, value + half, level, name, truth.size, reason)


def logistic_fit(
    design: Floats, truth: Bools, offset: Floats, weights: Floats | None = None
) -> Fit | None:
    """Fit a logistic model by Newton's method.

    ``design`` (n, p), ``truth``, ``offset`` and ``weights`` (n,). ``None`` when it does not
    converge, as when the classes are separated.
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
            rows = (w * chance * (1 - chance))[:, None, None] * design[:, :, None] * design[:, None]
            scores = design * (w * (truth - chance))[:, None]
            return Fit(beta, np.linalg.inv(rows.sum(axis=0)), scores, rows)
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
