"""Area under the ROC curve: mid-ranks, DeLong, Obuchowski for clusters, bootstrap.

Sources: DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44:837); Sun and Xu 2014 (IEEE Signal
Process Lett 21:1389, mid-ranks); Obuchowski 1997 (Biometrics 53:567, clusters); Newcombe 2006
(Stat Med 25:559, the interval at an area of 0 or 1); Pepe 2003 (logit transform).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    cluster_codes,
    cluster_sums,
    outcome_and_score,
    require_choice,
    require_level,
    safe_ratio,
    weight_matrix,
)
from osteon.statistics.limits import logit_limits, plain_limits, smaller_class, warning

__all__ = [
    "AUROC_METHODS",
    "auroc",
    "auroc_covariance",
    "auroc_replicates",
    "clustered_auroc",
    "newcombe_limits",
    "placement_covariance",
    "placements",
]

FEW = 30  # of the smaller class: below it DeLong's interval holds less than it says
AUROC_METHODS = ("logit", "delong", "bootstrap", "bca")


def _midranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def placements(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """Structural components of the area (DeLong's V10 and V01), in O(n log n).

    Scores of the two groups, shapes (m,) and (n,). Returns for every positive the share of
    negatives below it, and for every negative the share of positives above it; ties count half.

    Examples
    --------
    >>> import numpy as np
    >>> placements(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    (array([0.75, 1.  ]), array([1.  , 0.75]))
    """
    m, n = positive.size, negative.size
    ranks = _midranks(np.concatenate([positive, negative]))
    v10 = (ranks[:m] - _midranks(positive)) / n
    v01 = 1 - (ranks[m:] - _midranks(negative)) / m
    return v10, v01


def auroc_covariance(
    truth: Bools, scores: Floats, codes: Codes | None = None
) -> tuple[Floats, Floats]:
    """Areas of several scores on the same rows, and their covariance matrix.

    Without clusters the covariance is DeLong's; with clusters Obuchowski's, which sums the
    structural components within each cluster and adds the cross term of clusters that hold both
    positives and negatives.

    Parameters
    ----------
    truth
        Shape (n,), both classes present.
    scores
        Shape (k, n).
    codes
        Cluster number of every row, shape (n,).

    Returns
    -------
    areas, covariance
        Shapes (k,) and (k, k); NaN covariance when a class has fewer than two rows (clusters).
    """
    pairs = [placements(row[truth], row[~truth]) for row in scores]
    v10, v01 = np.stack([p for p, _ in pairs]), np.stack([q for _, q in pairs])
    return v10.mean(axis=1), placement_covariance(v10, v01, truth, codes)


def placement_covariance(v10: Floats, v01: Floats, truth: Bools, codes: Codes | None) -> Floats:
    """Covariance of mean placements: DeLong's, or Obuchowski's with clusters.

    ``v10`` (k, positives) and ``v01`` (k, negatives) have one mean; ``truth`` and ``codes`` as in
    :func:`auroc_covariance`. Returns (k, k).
    """
    if codes is None:
        return _delong(v10, v01)
    areas = v10.mean(axis=1)
    clusters = int(codes.max()) + 1
    m, n = v10.shape[1], v01.shape[1]
    sum10 = cluster_sums(v10 - areas[:, None], codes[truth], clusters)
    sum01 = cluster_sums(v01 - areas[:, None], codes[~truth], clusters)
    m_clusters, n_clusters = np.unique(codes[truth]).size, np.unique(codes[~truth]).size
    if m_clusters < 2 or n_clusters < 2:
        return np.full((len(areas), len(areas)), np.nan)
    s10 = m_clusters / ((m_clusters - 1) * m) * sum10 @ sum10.T
    s01 = n_clusters / ((n_clusters - 1) * n) * sum01 @ sum01.T
    s11 = clusters / (clusters - 1) * sum10 @ sum01.T
    return np.asarray(s10 / m + s01 / n + (s11 + s11.T) / (m * n))


def _delong(v10: Floats, v01: Floats) -> Floats:
    m, n = v10.shape[1], v01.shape[1]
    if m < 2 or n < 2:
        return np.full((v10.shape[0], v10.shape[0]), np.nan)
    return np.asarray(np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n)


def auroc_replicates(
    reference_standard: ArrayLike, score: ArrayLike, *, weights: Floats | None = None
) -> Floats:
    """Area for every row of weights at once: the statistic to hand to :func:`bootstrap`.

    Arrays of shape (n,), ``weights`` (replicates, n) or ``None`` for once with ones. Returns
    (replicates,), NaN where a class has no weight. Ties count half.
    """
    truth = np.asarray(reference_standard).astype(bool)
    values = np.asarray(score, dtype=np.float64)
    w = weight_matrix(weights, truth.size)
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) > 0]) if order.size else order
    w = w[:, order]
    of_positives = w * truth[order]
    negative = _by_tie(w - of_positives, starts)
    positive = _by_tie(of_positives, starts)
    below = np.cumsum(negative, axis=1)
    totals = positive.sum(axis=1) * negative.sum(axis=1)
    wins = np.einsum("ij,ij->i", positive, below - negative / 2)
    return safe_ratio(wins, totals)


def _by_tie(w: Floats, starts: Codes) -> Floats:
    return w if starts.size == w.shape[1] else np.add.reduceat(w, starts, axis=1)


def auroc(
    reference_standard: ArrayLike,
    score: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "logit",
    replicates: int = 2000,
    rng: np.random.Generator | None = None,
) -> Estimate:
    """Area under the ROC curve.

    Estimand: the chance that a random positive row scores higher than a random negative one,
    ties counting half.

    Parameters
    ----------
    reference_standard
        0 or 1 for every row, shape (n,).
    score
        Higher means more likely positive; any scale, finite, shape (n,).
    cluster
        Patient of every row, shape (n,): the analytic variance is then Obuchowski's.
    level
        Confidence level.
    method
        ``logit`` (DeLong's variance on the logit scale with Student's quantile, smaller class - 1
        degrees of freedom: holds its level from five positives on), ``delong`` (the same variance,
        symmetric, cut to [0, 1]: too narrow when a class is small, and says so), ``bootstrap``
        (percentile, whole patients) or ``bca``.
    replicates, rng
        For the bootstrap methods.

    Returns
    -------
    Estimate
        Undefined with a reason when a class is empty. At an area of exactly 0 or 1, where the
        variance is zero, the interval is Newcombe's score interval (method 5) and ``method``
        says so; with clusters it counts clusters instead of rows.

    Examples
    --------
    >>> truth = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0]
    >>> score = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.3, 0.6, 0.9, 0.5]
    >>> auroc(truth, score).formatted(3)
    '0.920 (0.250, 0.997)'
    """
    require_level(level)
    require_choice("method", method, AUROC_METHODS)
    truth, values = outcome_and_score(reference_standard, score)
    n = truth.size
    codes = None if cluster is None else cluster_codes(cluster, n)
    name = method if codes is None else f"{method}, clustered"
    missing = _missing_class(truth)
    if missing:
        return Estimate.undefined(missing, level=level, method=name, n=n)
    if method in ("bootstrap", "bca"):
        return bootstrap(
            auroc_replicates, truth, values, cluster=cluster, replicates=replicates,
            method="bca" if method == "bca" else "percentile", level=level, rng=rng,
        )  # fmt: skip
    areas, covariance = auroc_covariance(truth, values[None, :], codes)
    return _analytic(truth, codes, float(areas[0]), float(covariance[0, 0]), level, method)


def _missing_class(truth: Bools) -> str | None:
    if truth.size == 0:
        return "no rows"
    if truth.all():
        return "all rows are positive: the area needs both classes"
    return None if truth.any() else "no row is positive: the area needs both classes"


def _analytic(
    truth: Bools,
    codes: Codes | None,
    area: float,
    variance: float,
    level: float,
    method: str,
) -> Estimate:
    name = method if codes is None else f"{method}, Obuchowski 1997 (clustered)"
    few = smaller_class(truth, codes)
    if area in (0.0, 1.0) or variance == 0:
        units = np.arange(truth.size) if codes is None else codes
        m, n = np.unique(units[truth]).size, np.unique(units[~truth]).size
        low, high = newcombe_limits(area, m, n, level)
        name = "Newcombe 2006 method 5 (the variance is zero)"
        return Estimate(area, low, high, level, name, truth.size)
    if math.isnan(variance):
        reason = "a class has one row (cluster) only: no variance"
        return Estimate(area, math.nan, math.nan, level, name, truth.size, reason)
    if method == "logit":
        low, high = logit_limits(area, math.sqrt(variance), level, few - 1)
    else:
        low, high = plain_limits(area, math.sqrt(variance), level)
        name += warning(few, FEW, "rows or patients in the smaller class")
    return Estimate(area, low, high, level, name, truth.size)


def newcombe_limits(
    area: float, m: int, n: int, level: float = 0.95, *, quantile: float | None = None
) -> tuple[float, float]:
    """Score interval of an area with m positives and n negatives (Newcombe 2006, method 5).

    The limits are the areas whose own variance puts the observed one at the normal quantile
    (``quantile``, or the level's); found by bisection, so the interval stays inside [0, 1] and has
    width at 0 and 1.
    """
    z = float(special.ndtri((1 + level) / 2)) if quantile is None else quantile
    extra = (m + n) / 2 - 1

    def excess(theta: float) -> float:
        spread = 1 + extra * (1 - theta) / (2 - theta) + extra * theta / (1 + theta)
        return (area - theta) ** 2 - z * z * theta * (1 - theta) * spread / (m * n)

    def boundary(inside: float, outside: float) -> float:
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if excess(middle) <= 0 else (inside, middle)
        return (inside + outside) / 2

    inner = min(max(area, 1e-12), 1 - 1e-12)
    low = 0.0 if area == 0 else boundary(inner, 0.0)
    high = 1.0 if area == 1 else boundary(inner, 1.0)
    return low, high


def clustered_auroc(
    reference_standard: ArrayLike,
    score: ArrayLike,
    cluster: ArrayLike,
    *,
    level: float = 0.95,
    method: str = "logit",
) -> Estimate:
    """Area under the ROC curve of clustered rows: :func:`auroc` with Obuchowski's variance."""
    return auroc(reference_standard, score, cluster=cluster, level=level, method=method)
