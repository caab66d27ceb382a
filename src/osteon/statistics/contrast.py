"""Differences and other contrasts of areas: interval and test by MOVER, or by the normal quantile.

MOVER (method of variance estimates recovery) squares and adds the distances from each area to its
own limits, so that a difference holds where the areas' intervals hold, and stays inside its range.
The p value is read off the interval: it is below 1 - level exactly when the interval leaves out 0.
Sources: Newcombe 1998 (Stat Med 17:873 and 17:2635); Zou and Donner 2008 (Stat Med 27:1693);
Zou, Huang and Zhang 2009 (Comput Stat Data Anal 53:1080, several terms).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import optimize, special

from osteon.core.records import Estimate, TestResult
from osteon.statistics.checks import Floats, require_choice
from osteon.statistics.limits import warning
from osteon.statistics.roc import newcombe_limits

__all__ = [
    "CONTRAST_METHODS",
    "FEW",
    "Arm",
    "contrast_test",
    "mover_limits",
    "mover_test",
    "shrunken_correlation",
]

CONTRAST_METHODS = ("mover", "wald")
FEW = 20  # of the smaller side: below it the normal interval holds less than it says
LEAST_TAIL = 1e-290  # smaller p values are given as twice this


class _HasLimits(Protocol):
    @property
    def value(self) -> float: ...

    def limits(self, tail: float) -> tuple[float, float]: ...


@dataclass(frozen=True, slots=True)
class Arm:
    """An area in [0, 1] with what its limits need.

    Parameters
    ----------
    value, variance
        The area, and its variance; at a variance of 0 the limits are Newcombe's.
    positives, negatives
        Rows or patients of each class.
    """

    value: float
    variance: float
    positives: int
    negatives: int

    @property
    def few(self) -> int:
        """The smaller class."""
        return min(self.positives, self.negatives)

    def limits(self, tail: float) -> tuple[float, float]:
        """Limits that leave out ``tail`` on each side: logit scale, Student, smaller class - 1."""
        if self.variance <= 0 or not 0 < self.value < 1:
            return newcombe_limits(
                self.value, self.positives, self.negatives, quantile=-float(special.ndtri(tail))
            )
        se = math.sqrt(self.variance) / (self.value * (1 - self.value))
        half = -float(special.stdtrit(self.few - 1, tail)) * se
        centre = float(special.logit(self.value))
        return float(special.expit(centre - half)), float(special.expit(centre + half))


def contrast_test(
    arms: Sequence[Arm],
    covariance: Floats,
    contrast: Sequence[float],
    *,
    method: str,
    name: str,
    level: float,
    n: int,
) -> TestResult:
    """Test the sum of ``contrast[k]`` times the k-th area, on the same patients, against 0.

    Parameters
    ----------
    arms
        The k areas.
    covariance
        Shape (k, k).
    contrast
        Weights, shape (k,).
    method
        ``mover`` or ``wald`` (normal quantile; says where it may be too narrow).
    name, level, n
        As in :class:`Estimate`.
    """
    require_choice("method", method, CONTRAST_METHODS)
    shares = np.asarray(contrast, dtype=np.float64)
    value = float(shares @ [arm.value for arm in arms])
    variance = float(shares @ covariance @ shares)
    few = min(arm.few for arm in arms)
    name = (
        f"{name}, MOVER" if method == "mover" else name + warning(few, FEW, "on the smaller side")
    )
    if math.isnan(variance) or few < 2:
        reason = f"rows or patients on the smaller side: {few}, wanted 2 for a variance"
        gap = Estimate(value, math.nan, math.nan, level, name, n, reason)
        return TestResult(math.nan, math.nan, name, gap, reason)
    varies = any(arm.variance > 0 for arm in arms)
    if variance <= 1e-16 and abs(value) < 1e-12 and (varies or method == "wald"):
        gap = Estimate(0.0, 0.0, 0.0, level, name, n)
        return TestResult(0.0, 1.0, name, gap, "the two are identical on these rows")
    if method == "mover":
        return mover_test(arms, shrunken_correlation(covariance, few), shares, name, level, n)
    return _wald(value, variance, name, level, n)


def shrunken_correlation(covariance: Floats, few: int) -> Floats:
    """Correlations drawn to 0 by one part in ``few``: of few patients they are hardly known."""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    scale = np.outer(errors, errors)
    blank = np.zeros_like(scale)
    found = np.clip(np.divide(covariance, scale, out=blank, where=scale > 0), -1, 1)
    shrunk = found * (few - 1) / few
    np.fill_diagonal(shrunk, 1.0)
    return np.asarray(shrunk)


def mover_test(
    arms: Sequence[Arm], correlation: Floats, contrast: Floats, name: str, level: float, n: int
) -> TestResult:
    """Interval of a contrast by MOVER, and the p value that belongs to it; ``statistic`` is z."""
    value = float(contrast @ [arm.value for arm in arms])
    low, high = _mover(arms, correlation, contrast, (1 - level) / 2)
    gap = Estimate(value, min(low, value), max(high, value), level, name, n)
    tail = _tail_at_zero(arms, correlation, contrast, value)
    z = math.copysign(-float(special.ndtri(tail)), value)
    return TestResult(z, min(1.0, 2 * tail), name, gap)


def mover_limits(
    arms: Sequence[_HasLimits], correlation: Floats, contrast: Floats, tail: float
) -> tuple[float, float]:
    """Limits of a contrast that leave out ``tail`` on each side, from the limits of its terms.

    ``correlation`` is that of the terms' estimates, shape (k, k); ``contrast`` has shape (k,).
    """
    values = np.array([arm.value for arm in arms])
    limits = np.array([arm.limits(tail) for arm in arms])
    ends = np.sort(contrast[:, None] * limits, axis=1)
    signs = np.sign(contrast)
    signed = correlation * np.outer(signs, signs)
    value = float(contrast @ values)
    below, above = contrast * values - ends[:, 0], ends[:, 1] - contrast * values
    low = value - math.sqrt(max(0.0, float(below @ signed @ below)))
    return low, value + math.sqrt(max(0.0, float(above @ signed @ above)))


def _mover(
    arms: Sequence[Arm], correlation: Floats, contrast: Floats, tail: float
) -> tuple[float, float]:
    low, high = mover_limits(arms, correlation, contrast, tail)
    least, most = float(np.minimum(contrast, 0).sum()), float(np.maximum(contrast, 0).sum())
    return max(low, least), min(high, most)


def _tail_at_zero(
    arms: Sequence[Arm], correlation: Floats, contrast: Floats, value: float
) -> float:
    """Tail at which the interval just touches 0."""
    if value == 0:
        return 0.5
    side = 0 if value > 0 else 1

    def limit(logarithm: float) -> float:
        return _mover(arms, correlation, contrast, math.exp(logarithm))[side]

    ends = math.log(LEAST_TAIL), math.log(0.5 * (1 - 1e-9))
    if limit(ends[0]) * value >= 0:
        return LEAST_TAIL
    if limit(ends[1]) * value <= 0:
        return 0.5
    return math.exp(optimize.brentq(limit, *ends, xtol=1e-9))


def _wald(value: float, variance: float, name: str, level: float, n: int) -> TestResult:
    if variance <= 1e-16:
        reason = "the variance of the difference is zero: no interval and no test"
        gap = Estimate(value, math.nan, math.nan, level, name, n, reason)
        return TestResult(math.nan, math.nan, name, gap, reason)
    se = math.sqrt(variance)
    half = float(special.ndtri((1 + level) / 2)) * se
    z = value / se
    gap = Estimate(value, value - half, value + half, level, name, n)
    return TestResult(z, float(2 * special.ndtr(-abs(z))), name, gap)
