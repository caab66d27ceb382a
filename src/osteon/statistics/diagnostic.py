"""What a call means: predictive values and likelihood ratios.

Sources: Simel et al. 1991 (J Clin Epidemiol 44:763, likelihood ratios); Mercaldo, Lau and Zhou
2007 (Stat Med 26:2170, predictive values at a stated prevalence on the logit scale); Donner and Zou
2012 (Stat Methods Med Res 21:347, MOVER for ratios).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import UsageError
from osteon.statistics.checks import (
    Floats,
    binary_array,
    cluster_codes,
    require_choice,
    require_level,
    same_length,
)
from osteon.statistics.proportion import proportion

__all__ = [
    "negative_likelihood_ratio",
    "negative_predictive_value",
    "positive_likelihood_ratio",
    "positive_predictive_value",
]

RATIO_METHODS = ("mover", "delta")


class _Rates:
    """Sensitivity and specificity with the covariance of the two, clusters included."""

    def __init__(
        self, reference_standard: ArrayLike, predicted: ArrayLike, cluster: ArrayLike | None
    ) -> None:
        truth = binary_array("reference_standard", reference_standard)
        called = binary_array("predicted", predicted)
        self.n = same_length(reference_standard=truth, predicted=called)
        self.truth, self.called = truth, called
        self.codes = cluster_codes(cluster, self.n)
        self.cluster = cluster
        self.m_positive, self.m_negative = int(truth.sum()), int((~truth).sum())
        self.missing = self._missing()

    def _missing(self) -> str | None:
        if not self.m_positive:
            return "no positive row: no sensitivity"
        return None if self.m_negative else "no negative row: no specificity"

    @property
    def sensitivity(self) -> float:
        return float(self.called[self.truth].mean())

    @property
    def specificity(self) -> float:
        return float((~self.called[~self.truth]).mean())

    def covariance(self) -> Floats:
        """Of (sensitivity, specificity), from influences summed within clusters; (2, 2)."""
        first = np.where(self.truth, self.called - self.sensitivity, 0.0) / self.m_positive
        second = np.where(~self.truth, ~self.called - self.specificity, 0.0) / self.m_negative
        sums = np.stack([np.bincount(self.codes, first), np.bincount(self.codes, second)])
        k = sums.shape[1]
        factor = 1.0 if self.cluster is None else k / max(k - 1, 1)
        return np.asarray(factor * sums @ sums.T)


def _by_delta(
    rates: _Rates, value: float, gradient: tuple[float, float], level: float, scale: str
) -> tuple[float, float]:
    """Interval on the log or logit scale from the gradient on that scale."""
    g = np.asarray(gradient)
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(float(g @ rates.covariance() @ g))
    if scale == "log":
        return value * math.exp(-half), value * math.exp(half)
    centre = float(special.logit(value))
    return float(special.expit(centre - half)), float(special.expit(centre + half))


def positive_likelihood_ratio(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mover",
) -> Estimate:
    """Sensitivity over 1 - specificity; 0/1 arrays of shape (n,).

    ``method`` is ``mover`` (from the Wilson intervals of the two rates and their correlation; there
    is one at a ratio of 0, and the upper limit can be infinite) or ``delta`` (log scale, as Simel;
    none where a rate is 0).
    """
    return _ratio(_Rates(reference_standard, predicted, cluster), level, method, positive=True)


def negative_likelihood_ratio(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "mover",
) -> Estimate:
    """1 - sensitivity over specificity; as :func:`positive_likelihood_ratio`."""
    return _ratio(_Rates(reference_standard, predicted, cluster), level, method, positive=False)


def _ratio(rates: _Rates, level: float, method: str, *, positive: bool) -> Estimate:
    require_level(level)
    require_choice("method", method, RATIO_METHODS)
    name = method + ("" if rates.cluster is None else ", clustered")
    if rates.missing:
        return Estimate.undefined(rates.missing, level=level, method=name, n=rates.n)
    se, sp = rates.sensitivity, rates.specificity
    top, bottom = (se, 1 - sp) if positive else (1 - se, sp)
    if bottom == 0:
        what = "1 - specificity" if positive else "specificity"
        reason = f"{what} is 0: the ratio is infinite"
        return Estimate.undefined(reason, level=level, method=name, n=rates.n)
    if method == "mover":
        low, high = _mover_ratio(rates, level, positive=positive)
        return _with_limits(top / bottom, low, high, level, name, rates.n)
    if top == 0:
        reason = "the ratio is 0: no interval on the log scale"
        return Estimate(0.0, math.nan, math.nan, level, name, rates.n, reason)
    gradient = (1 / se, 1 / (1 - sp)) if positive else (-1 / (1 - se), -1 / sp)
    low, high = _by_delta(rates, top / bottom, gradient, level, "log")
    return Estimate(top / bottom, low, high, level, name, rates.n)


def _with_limits(
    value: float, low: float, high: float, level: float, name: str, n: int
) -> Estimate:
    reason = None if not math.isnan(low) else "a class has one patient: no interval"
    return Estimate(value, low, high, level, name, n, reason)


def _mover_ratio(rates: _Rates, level: float, *, positive: bool) -> tuple[float, float]:
    """Limits of a likelihood ratio from those of its two rates and their correlation."""
    right = rates.called == positive
    first, second = (
        proportion(
            right[rows], cluster=None if rates.cluster is None else rates.codes[rows], level=level
        )
        for rows in (rates.truth, ~rates.truth)
    )
    if math.isnan(first.low) or math.isnan(second.low):
        return math.nan, math.nan
    cov = rates.covariance()
    scale = math.sqrt(cov[0, 0] * cov[1, 1])
    r = -float(cov[0, 1]) / scale if scale > 0 else 0.0  # one of the two rates is turned round
    a, b = first.value, second.value
    below = a * b - r * (a - first.low) * (second.high - b)
    above = a * b - r * (first.high - a) * (b - second.low)
    l1, u2 = first.low * (2 * a - first.low), second.high * (2 * b - second.high)
    u1, l2 = first.high * (2 * a - first.high), second.low * (2 * b - second.low)
    divisor = below + math.sqrt(max(0.0, below**2 - l1 * u2))
    low = l1 / divisor if divisor > 0 else 0.0
    high = (above + math.sqrt(max(0.0, above**2 - u1 * l2))) / l2 if l2 > 0 else math.inf
    return max(0.0, low), high


def positive_predictive_value(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    prevalence: float | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str | None = None,
) -> Estimate:
    """Share of the positive calls that are right.

    Parameters
    ----------
    reference_standard, predicted
        0/1 arrays of shape (n,).
    prevalence
        In (0, 1): the value at this prevalence by Bayes' rule, with the limits of the likelihood
        ratio (``method="delta"``: on the logit scale, as Mercaldo); ``None`` for the share in the
        sample, right only when the sample's prevalence is the one of interest.
    cluster, level, method
        As in :func:`proportion`; at a prevalence ``method`` is ``mover`` or ``delta``, as in
        :func:`positive_likelihood_ratio`, by default the first.

    Examples
    --------
    >>> truth, called = [1] * 10 + [0] * 10, [1] * 9 + [0] + [1] * 2 + [0] * 8
    >>> round(positive_predictive_value(truth, called).value, 2)
    0.82
    >>> round(positive_predictive_value(truth, called, prevalence=0.05).value, 2)
    0.19
    """
    rates = _Rates(reference_standard, predicted, cluster)
    if prevalence is None:
        return _share(rates, rates.called, level, method or "wilson")
    return _at_prevalence(rates, prevalence, level, method or "mover", positive=True)


def negative_predictive_value(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    *,
    prevalence: float | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str | None = None,
) -> Estimate:
    """Share of the negative calls that are right; as :func:`positive_predictive_value`."""
    rates = _Rates(reference_standard, predicted, cluster)
    if prevalence is None:
        return _share(rates, ~rates.called, level, method or "wilson")
    return _at_prevalence(rates, prevalence, level, method or "mover", positive=False)


def _share(rates: _Rates, chosen: np.ndarray, level: float, method: str) -> Estimate:
    right = (rates.truth == rates.called)[chosen]
    ids = None if rates.cluster is None else rates.codes[chosen]
    return proportion(right, cluster=ids, level=level, method=method)


def _at_prevalence(
    rates: _Rates, prevalence: float, level: float, method: str, *, positive: bool
) -> Estimate:
    require_level(level)
    if not 0 < prevalence < 1:
        raise UsageError(f"prevalence is {prevalence}, wanted a number in (0, 1)")
    require_choice("method", method, RATIO_METHODS)
    by = method
    method = f"{by}, at prevalence {prevalence:g}"
    method += "" if rates.cluster is None else ", clustered"
    if rates.missing:
        return Estimate.undefined(rates.missing, level=level, method=method, n=rates.n)
    se, sp = rates.sensitivity, rates.specificity
    if positive:
        right, wrong = se * prevalence, (1 - sp) * (1 - prevalence)
    else:
        right, wrong = sp * (1 - prevalence), (1 - se) * prevalence
    if right + wrong == 0:
        reason = "no call of this kind: the predictive value is undefined"
        return Estimate.undefined(reason, level=level, method=method, n=rates.n)
    value = right / (right + wrong)
    if by == "mover":
        return _by_ratio(rates, value, prevalence, level, method, positive=positive)
    if right == 0 or wrong == 0:
        reason = f"the value is {value:g}: no interval on the logit scale"
        return Estimate(value, math.nan, math.nan, level, method, rates.n, reason)
    gradient = (1 / se, 1 / (1 - sp)) if positive else (1 / (1 - se), 1 / sp)
    low, high = _by_delta(rates, value, gradient, level, "logit")
    return Estimate(value, low, high, level, method, rates.n)


def _by_ratio(
    rates: _Rates, value: float, prevalence: float, level: float, name: str, *, positive: bool
) -> Estimate:
    """Predictive value with the limits of its likelihood ratio, which it follows."""
    odds = (1 - prevalence) / prevalence
    if positive:
        low, high = (
            math.nan if math.isnan(x) else 1 / (1 + odds / x) if x > 0 else 0.0
            for x in _mover_ratio(rates, level, positive=True)
        )
    else:
        high, low = (1 / (1 + x / odds) for x in _mover_ratio(rates, level, positive=False))
    return _with_limits(value, low, high, level, name, rates.n)
