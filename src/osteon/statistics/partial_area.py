"""Area under the part of the ROC curve with few false positives.

Sources: McClish 1989 (Med Decis Making 9:190, the standardised area); Dodd and Pepe 2003
(Biometrics 59:614, placements of a partial area); Obuchowski 1997 (Biometrics 53:567, clusters);
Pepe 2003 (logit transform); Clopper and Pearson 1934 (the limit at 0 and 1).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    cluster_codes,
    outcome_and_score,
    require_choice,
    require_level,
)
from osteon.statistics.limits import class_sizes, logit_limits, smaller_class, warning
from osteon.statistics.proportion import proportion_from_counts
from osteon.statistics.roc import placement_covariance
from osteon.statistics.roc_curve import roc_points

__all__ = [
    "PARTIAL_METHODS",
    "partial_auroc",
    "partial_auroc_replicates",
    "partial_placements",
]

PARTIAL_METHODS = ("logit", "bootstrap")
FEW = 20  # of the smaller class: below it the percentile interval holds less than it says


def partial_auroc_replicates(
    reference_standard: ArrayLike,
    score: ArrayLike,
    *,
    max_false_positive_fraction: float,
    weights: Floats | None = None,
) -> Floats:
    """Area under the part of the curve with few false positives, for every row of weights."""
    truth = np.asarray(reference_standard).astype(bool)
    fpf, tpf, _ = roc_points(truth, np.asarray(score, dtype=np.float64), weights)
    top = max_false_positive_fraction
    start, rise = fpf[:, :-1], np.diff(fpf, axis=1)
    inside = np.clip(top - start, 0.0, rise)
    share = np.divide(inside, rise, out=np.zeros_like(rise), where=rise > 0)
    middle = tpf[:, :-1] + np.diff(tpf, axis=1) * share / 2
    return np.asarray(np.sum(inside * middle, axis=1))


def partial_placements(truth: Bools, score: Floats, top: float) -> tuple[Floats, Floats]:
    """Placements whose means are the area up to a false-positive fraction; (m,) and (n,).

    A positive's is the part of the fractions up to ``top`` at which it is called; a negative's is
    the area and its own influence on it. Ties are a straight piece of the curve.
    """
    negatives = np.sort(score[~truth])
    count = negatives.size
    above = (count - np.searchsorted(negatives, score[truth], side="right")) / count
    upto = (count - np.searchsorted(negatives, score[truth], side="left")) / count
    left = np.clip(top - above, 0.0, None)
    rise = upto - above
    share = np.divide(left, rise, out=np.ones_like(rise), where=rise > left)
    own = np.where(upto <= top, top - (above + upto) / 2, left * share / 2)
    by_upto = np.where(upto <= top, -0.5, -(share**2) / 2)
    by_above = np.where(upto <= top, -0.5, -share + share**2 / 2)
    outside = above >= top
    own, by_upto, by_above = (np.where(outside, 0.0, part) for part in (own, by_upto, by_above))
    order = np.argsort(score[truth], kind="stable")
    positives, m = score[truth][order], truth.sum()
    passed_upto = np.concatenate([[0.0], np.cumsum(by_upto[order])])
    passed_above = np.concatenate([[0.0], np.cumsum(by_above[order])])
    at = score[~truth]
    gained = passed_upto[np.searchsorted(positives, at, side="right")]
    gained = gained + passed_above[np.searchsorted(positives, at, side="left")]
    centre = float(by_upto @ upto + by_above @ above)
    return own, own.mean() + (gained - centre) / m


@dataclass(frozen=True, slots=True)
class _Part:
    """A false-positive fraction, and whether the area up to it is standardised."""

    top: float
    standardised: bool

    def of(self, area: float) -> float:
        chance = self.top**2 / 2
        return (1 + (area - chance) / (self.top - chance)) / 2 if self.standardised else area


def partial_auroc(
    reference_standard: ArrayLike,
    score: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    max_false_positive_fraction: float = 0.1,
    standardised: bool = True,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "logit",
) -> Estimate:
    """Area under the curve up to a false-positive fraction.

    Parameters
    ----------
    reference_standard, score, cluster, level
        As in :func:`auroc`.
    max_false_positive_fraction
        In (0, 1].
    standardised
        Rescale as McClish: 0.5 for chance, 1 for perfect; otherwise the area itself, at most
        ``max_false_positive_fraction``.
    method
        ``logit`` (variance of the placements, on the logit scale of the mean sensitivity, Student's
        quantile with smaller class - 1 degrees of freedom; the lower limit is centred at the area
        with half a negative more above all scores, as the curve's first step is biased upwards)
        or ``bootstrap`` (percentile, whole patients; too narrow with few rows, and says so).
    replicates, rng
        For the bootstrap.

    Returns
    -------
    Estimate
        Without an interval where a class has one row (patient). At an area of 0 or as large as can
        be the interval is Clopper and Pearson's of the positives (patients with one).

    Examples
    --------
    >>> truth, score = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [1, 2, 3, 4, 6, 3.5, 5, 7, 8, 9]
    >>> partial_auroc(truth, score, max_false_positive_fraction=0.5).formatted(2)
    '0.84 (0.40, 0.99)'
    """
    require_level(level)
    require_choice("method", method, PARTIAL_METHODS)
    part = _Part(max_false_positive_fraction, standardised)
    if not 0 < part.top <= 1:
        raise UsageError(f"max_false_positive_fraction is {part.top}, wanted a number in (0, 1]")
    truth, values = outcome_and_score(reference_standard, score)
    if not truth.any() or truth.all():
        return Estimate.undefined(
            "the area needs both classes", level=level, method=method, n=truth.size
        )
    codes = None if cluster is None else cluster_codes(cluster, truth.size)
    if method == "logit":
        return _by_placements(truth, values, codes, part, level)

    def statistic(t: Bools, s: Floats, *, weights: Floats) -> Floats:
        area = partial_auroc_replicates(t, s, max_false_positive_fraction=part.top, weights=weights)
        chance = part.top**2 / 2
        return (1 + (area - chance) / (part.top - chance)) / 2 if standardised else area

    found = bootstrap(
        statistic, truth, values, cluster=cluster, replicates=replicates, level=level, rng=rng
    )
    few = smaller_class(truth, codes)
    told = found.method + warning(few, FEW, "rows or patients in the smaller class")
    return replace(found, method=told)


def _by_placements(
    truth: Bools, values: Floats, codes: Codes | None, part: _Part, level: float
) -> Estimate:
    v10, v01 = partial_placements(truth, values, part.top)
    area, n = float(v10.mean()), truth.size
    variance = float(placement_covariance(v10[None], v01[None], truth, codes)[0, 0])
    positives, negatives = class_sizes(truth, codes)
    name = "logit" if codes is None else "logit, Obuchowski 1997 (clustered)"
    if math.isnan(variance):
        reason = "a class has one row (cluster) only: no variance"
        return Estimate(part.of(area), math.nan, math.nan, level, name, n, reason)
    mean = area / part.top
    if not 1e-12 < mean < 1 - 1e-12 or variance == 0:
        found = proportion_from_counts(
            min(mean, 1.0) * positives, positives, level=level, method="clopper-pearson"
        )
        low, high, name = found.low, found.high, "Clopper-Pearson (the variance is zero)"
    else:
        se, df = math.sqrt(variance) / part.top, min(positives, negatives) - 1
        high = logit_limits(mean, se, level, df)[1]
        lower = _with_half_a_negative(truth, values, part.top) / part.top
        low = logit_limits(lower, se, level, df)[0] if lower > 0 else 0.0
    low, high = part.of(low * part.top), part.of(high * part.top)
    return Estimate(part.of(area), low, high, level, name, n)


def _with_half_a_negative(truth: Bools, values: Floats, top: float) -> float:
    """Area when half a negative more scored above all."""
    weights = np.append(np.ones(truth.size), 0.5)[None]
    highest = np.append(values, np.nextafter(values.max(), np.inf))
    found = partial_auroc_replicates(
        np.append(truth, False), highest, max_false_positive_fraction=top, weights=weights
    )
    return float(found[0])
