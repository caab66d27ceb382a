"""Agreement of two or more readers: Fleiss, Gwet AC1/AC2, Brennan-Prediger, Krippendorff.

All are ``(observed - expected) / (1 - expected)`` and differ in the agreement expected by chance.
Missing ratings are allowed. Sources: Fleiss 1971 (Psychol Bull 76:378); Gwet 2008 (Br J Math Stat
Psychol 61:29) and 2014 (Handbook of Inter-Rater Reliability, 4th ed.: weights, missing ratings,
variances); Brennan and Prediger 1981; Krippendorff 2011; Agresti and Min 2005, see
:mod:`osteon.statistics.agreement` (the imagined subjects of the interval).
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.agreement import KappaWeights, agreement_weights
from osteon.statistics.agreement_coefficients import COEFFICIENTS, ChanceCorrected
from osteon.statistics.checks import Codes, Floats, cluster_codes, require_choice, require_level
from osteon.statistics.limits import warning

__all__ = [
    "AGREEMENT_METHODS",
    "Coefficient",
    "Metric",
    "agreement_parts",
    "brennan_prediger",
    "fleiss_kappa",
    "gwet_ac",
    "krippendorff_alpha",
    "rating_counts",
]

Coefficient = Literal["fleiss", "gwet", "brennan_prediger", "krippendorff"]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
AGREEMENT_METHODS = ("adjusted", "linearised")
FEW = 100  # subjects or patients: below it the linearised interval holds less than it says


def rating_counts(ratings: ArrayLike, categories: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Count how many raters put each subject into each category.

    Parameters
    ----------
    ratings
        Shape (subjects, raters); NaN, None or an empty string is a missing rating.
    categories
        All categories in their order; by default those that occur, sorted.

    Returns
    -------
    counts, values
        Shapes (subjects, q) and (q,): values are the categories as numbers, or 0 to q - 1.
    """
    table = np.asarray(ratings)
    if table.ndim != 2:
        raise DataError(f"ratings have shape {table.shape}, wanted (subjects, raters)")
    if table.dtype.kind in "fiub":
        missing = np.isnan(table.astype(np.float64))
    else:
        table = np.asarray([["" if v is None else str(v) for v in row] for row in table.tolist()])
        missing = np.isin(table, ["", "nan", "None", "<NA>"])
    known = np.unique(table[~missing]) if categories is None else np.asarray(categories)
    if table.dtype.kind not in "fiub":
        known = known.astype(str)
    if known.dtype.kind == "f" and not np.isfinite(known).all():
        raise DataError("a rating or category is infinite, wanted finite numbers or names")
    if known.size == 0:
        return np.zeros((len(table), 0)), np.zeros(0)
    strange = np.setdiff1d(table[~missing], known)
    if strange.size:
        raise DataError(f"ratings hold {strange.tolist()}, wanted one of {known.tolist()}")
    counts = np.stack([((table == value) & ~missing).sum(axis=1) for value in known], axis=1)
    numeric = known.dtype.kind in "fiub"
    values = known.astype(np.float64) if numeric else np.arange(len(known), dtype=np.float64)
    return counts.astype(np.float64), values


def agreement_parts(
    ratings: ArrayLike,
    *,
    coefficient: Coefficient,
    weighting: KappaWeights = "unweighted",
    categories: ArrayLike | None = None,
) -> tuple[float, float]:
    """Observed agreement and that expected by chance, as the coefficient defines them.

    Arguments as in :func:`fleiss_kappa`. Two readers who call nearly everything negative agree
    nearly always and by chance alone: report the parts beside the coefficient. NaN when no subject
    has two ratings.

    Examples
    --------
    >>> agreement_parts([[1, 1], [1, 2], [2, 2], [1, 1]], coefficient="fleiss")
    (0.75, 0.53125)
    """
    require_choice("coefficient", coefficient, tuple(COEFFICIENTS))
    counts, values = rating_counts(ratings, categories)
    weights = agreement_weights(len(values), weighting, values)
    counts = counts[counts.sum(axis=1) >= (2 if coefficient == "krippendorff" else 1)]
    if not (counts.sum(axis=1) >= 2).any():
        return math.nan, math.nan
    if len(values) < 2:
        return 1.0, 1.0
    found = COEFFICIENTS[coefficient](counts, weights)
    return found.observed, found.expected


def _estimate(
    kind: str,
    counts: Floats,
    weights: Floats,
    how: tuple[ArrayLike | None, float, str],
) -> Estimate:
    cluster, level, method = how
    require_level(level)
    require_choice("method", method, AGREEMENT_METHODS)
    ids = cluster_codes(cluster, counts.shape[0])
    name = f"{kind}, {method}" + ("" if cluster is None else ", clustered")
    used = counts.sum(axis=1) >= (2 if kind == "krippendorff" else 1)
    counts, ids = counts[used], np.unique(ids[used], return_inverse=True)[1]
    n = counts.shape[0]
    if n == 0 or not (counts.sum(axis=1) >= 2).any():
        return Estimate.undefined("no subject has two ratings", level=level, method=name, n=n)
    if counts.shape[1] < 2 or np.count_nonzero(counts.sum(axis=0)) < 2:
        reason = "one category throughout: chance agreement is complete"
        return Estimate.undefined(reason, level=level, method=name, n=n)
    found = COEFFICIENTS[kind](counts, weights)
    k = int(ids.max()) + 1
    if k < 2:
        reason = "one subject (cluster): no variance"
        return Estimate(found.value, math.nan, math.nan, level, name, n, reason)
    quantile = float(special.stdtrit(k - 1, (1 + level) / 2))
    if method == "adjusted":
        low, high = _adjusted_limits(kind, counts, weights, ids, quantile)
        return Estimate(found.value, min(low, found.value), max(high, found.value), level, name, n)
    variance = _variance(found, ids)
    name += warning(k, FEW, "subjects or patients")
    if variance <= 1e-15:
        reason = "perfect agreement: the variance is zero"
        return Estimate(found.value, math.nan, math.nan, level, name, n, reason)
    half = quantile * math.sqrt(variance)
    low, high = found.value - half, min(1.0, found.value + half)
    return Estimate(found.value, low, high, level, name, n)


def _variance(found: ChanceCorrected, ids: Codes) -> float:
    sums = np.bincount(ids, found.own - found.value)
    return sums.size / (sums.size - 1) * float(np.sum(sums**2)) / ids.size**2


def _adjusted_limits(
    kind: str, counts: Floats, weights: Floats, ids: Codes, quantile: float
) -> tuple[float, float]:
    """Limits with an imagined patient on whom raters are split, and one on whom they agree.

    Agreement on each of the categories in use is tried in turn, and averaged.
    """
    n, k = counts.shape[0], int(ids.max()) + 1
    used = np.flatnonzero(counts.sum(axis=0))
    raters = max(2.0, float(counts.sum(axis=1).mean()))
    rows = max(1, round(n / k))
    split: Floats = np.zeros((rows, counts.shape[1]))
    split[:, used] = raters / used.size

    def with_rows(*more: Floats) -> ChanceCorrected:
        return COEFFICIENTS[kind](np.concatenate([counts, *more]), weights)

    new = np.repeat([k, k + 1], rows)
    above, variances = [], []
    for category in used:
        agreed = np.zeros_like(split)
        agreed[:, category] = raters
        above.append(with_rows(agreed).value)
        variances.append(_variance(with_rows(split, agreed), np.concatenate([ids, new])))
    half = quantile * math.sqrt(float(np.mean(variances)))
    low, high = with_rows(split).value - half, float(np.mean(above)) + half
    return max(-1.0, low), min(1.0, high)


def fleiss_kappa(
    ratings: ArrayLike,
    *,
    weighting: KappaWeights = "unweighted",
    categories: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "adjusted",
) -> Estimate:
    """Fleiss' kappa of two or more raters.

    Chance agreement from the pooled shares of the categories; variance unconditional (Gwet 2014).

    Parameters
    ----------
    ratings
        Shape (subjects, raters); missing ratings allowed.
    weighting, categories
        As in :func:`cohen_kappa`.
    cluster
        Patient of every subject (row), shape (subjects,).
    level
        Confidence level.
    method
        ``adjusted`` (the lower limit starts from the data with one more subject on whom the raters
        are split, the upper from one more on whom they agree, the variance has both; Student's
        quantile with subjects (clusters) - 1 degrees of freedom, cut at -1 and 1; holds with 30
        subjects, and at full agreement) or ``linearised`` (symmetric but for a cut at 1, as other
        programs print it; too narrow with few subjects, and says so; none at full agreement).

    Examples
    --------
    >>> fleiss_kappa([[1, 1, 1], [1, 2, 1], [2, 2, 2], [1, 1, 2], [2, 2, 2]]).formatted(2)
    '0.46 (-0.47, 1.00)'
    """
    counts, values = rating_counts(ratings, categories)
    weights = agreement_weights(len(values), weighting, values)
    return _estimate("fleiss", counts, weights, (cluster, level, method))


def gwet_ac(
    ratings: ArrayLike,
    *,
    weighting: KappaWeights = "unweighted",
    categories: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "adjusted",
) -> Estimate:
    """Gwet's AC1 (unweighted) or AC2 (weighted): steady when one category is rare.

    Arguments as in :func:`fleiss_kappa`.
    """
    counts, values = rating_counts(ratings, categories)
    weights = agreement_weights(len(values), weighting, values)
    return _estimate("gwet", counts, weights, (cluster, level, method))


def brennan_prediger(
    ratings: ArrayLike,
    *,
    weighting: KappaWeights = "unweighted",
    categories: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "adjusted",
) -> Estimate:
    """Brennan and Prediger's coefficient: every category equally likely by chance.

    Arguments as in :func:`fleiss_kappa`; for two raters and categories this is PABAK.
    """
    counts, values = rating_counts(ratings, categories)
    weights = agreement_weights(len(values), weighting, values)
    return _estimate("brennan_prediger", counts, weights, (cluster, level, method))


def krippendorff_alpha(
    ratings: ArrayLike,
    *,
    metric: Metric = "nominal",
    categories: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "adjusted",
) -> Estimate:
    """Krippendorff's alpha: 1 - observed over expected disagreement.

    Subjects with one rating are left out. ``metric`` is the difference of two categories:
    ``nominal``, ``ordinal`` (from the ranks the ratings occupy), ``interval`` or ``ratio``; the
    interval treats it as fixed. Other arguments as in :func:`fleiss_kappa`.

    Examples
    --------
    >>> data = [[1, 1], [2, 3], [3, 3], [2, 2], [1, 2]]
    >>> round(krippendorff_alpha(data, metric="interval").value, 3)
    0.7
    """
    require_choice("metric", metric, ("nominal", "ordinal", "interval", "ratio"))
    counts, values = rating_counts(ratings, categories)
    weights = _metric_weights(counts[counts.sum(axis=1) >= 2].sum(axis=0), values, metric)
    return _estimate("krippendorff", counts, weights, (cluster, level, method))


def _metric_weights(totals: Floats, values: Floats, metric: Metric) -> Floats:
    gap = np.abs(values[:, None] - values[None, :])
    if metric == "nominal" or len(values) < 2:
        return np.eye(len(values))
    if metric == "ordinal":
        rank = np.cumsum(totals) - totals / 2
        gap = np.abs(rank[:, None] - rank[None, :])
    elif metric == "ratio":
        both = values[:, None] + values[None, :]
        gap = np.divide(gap, both, out=np.zeros_like(gap), where=both != 0)
    square = gap**2
    return np.asarray(1 - square / square.max()) if square.max() > 0 else np.eye(len(values))
