"""Observed and chance agreement of several raters: one function for each idea of chance.

Sources: Fleiss 1971 (Psychol Bull 76:378); Gwet 2008 (Br J Math Stat Psychol 61:29) and 2014
(Handbook of Inter-Rater Reliability, 4th ed.: missing ratings, pseudo-values); Brennan and Prediger
1981; Krippendorff 2011.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from osteon.statistics.checks import Floats

__all__ = ["COEFFICIENTS", "ChanceCorrected"]


@dataclass(frozen=True, slots=True, eq=False)
class ChanceCorrected:
    """Observed and expected agreement, and every subject's own value (pseudo-value), (n,)."""

    observed: float
    expected: float
    own: Floats

    @property
    def value(self) -> float:
        """The coefficient."""
        return float((self.observed - self.expected) / (1 - self.expected))


def _observed(counts: Floats, weights: Floats) -> tuple[float, Floats, Floats]:
    """Agreement of the pairs of raters: mean, by subject, and number of ratings by subject."""
    raters = counts.sum(axis=1)
    pairs = raters * (raters - 1)
    agreeing = np.sum(counts * np.maximum(counts @ weights.T - 1, 0.0), axis=1)
    own = np.divide(agreeing, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    return float(own.sum() / np.count_nonzero(pairs)), own, raters


def _coefficient(
    counts: Floats, weights: Floats, expected: float, own_expected: Floats
) -> ChanceCorrected:
    """Combine the parts: Gwet 2014, pseudo-values linear in both kinds of agreement."""
    observed, own, raters = _observed(counts, weights)
    twice = raters >= 2
    share = counts.shape[0] / np.count_nonzero(twice)
    value = (observed - expected) / (1 - expected)
    base = share * (own - expected * twice) / (1 - expected)
    pseudo = base - 2 * (1 - value) * (own_expected - expected) / (1 - expected)
    return ChanceCorrected(observed, expected, pseudo)


def _gwet(counts: Floats, weights: Floats) -> ChanceCorrected:
    raters, q = counts.sum(axis=1), counts.shape[1]
    shares = (counts / raters[:, None]).mean(axis=0)
    scale = weights.sum() / (q * (q - 1))
    own = scale * (counts @ (1 - shares)) / raters
    return _coefficient(counts, weights, float(scale * np.sum(shares * (1 - shares))), own)


def _fleiss(counts: Floats, weights: Floats) -> ChanceCorrected:
    raters = counts.sum(axis=1)
    shares = (counts / raters[:, None]).mean(axis=0)
    mean_weights = (weights + weights.T) @ shares / 2
    return _coefficient(
        counts, weights, float(shares @ weights @ shares), counts @ mean_weights / raters
    )


def _brennan(counts: Floats, weights: Floats) -> ChanceCorrected:
    expected = float(weights.sum() / counts.shape[1] ** 2)
    return _coefficient(counts, weights, expected, np.full(counts.shape[0], expected))


def _krippendorff(counts: Floats, weights: Floats) -> ChanceCorrected:
    raters = counts.sum(axis=1)
    n, mean_raters = counts.shape[0], raters.mean()
    shares = counts.mean(axis=0) / mean_raters
    agreeing = np.sum(counts * np.maximum(counts @ weights.T - 1, 0.0), axis=1)
    own = agreeing / (mean_raters * (raters - 1))
    raw, epsilon = float(own.mean()), 1 / (n * mean_raters)
    observed = (1 - epsilon) * raw + epsilon
    expected = float(shares @ weights @ shares)
    excess = (raters - mean_raters) / mean_raters
    own = own - raw * excess
    mean_weights = (weights + weights.T) @ shares / 2
    own_expected = counts @ mean_weights / mean_raters - expected * excess
    value, plain = (observed - expected) / (1 - expected), (raw - expected) / (1 - expected)
    pseudo = (own - expected) / (1 - expected)
    pseudo = pseudo - 2 * (1 - plain) * (own_expected - expected) / (1 - expected)
    return ChanceCorrected(
        observed, expected, pseudo - plain + value
    )  # epsilon moves, adds no spread


COEFFICIENTS: dict[str, Callable[[Floats, Floats], ChanceCorrected]] = {
    "fleiss": _fleiss,
    "gwet": _gwet,
    "brennan_prediger": _brennan,
    "krippendorff": _krippendorff,
}
