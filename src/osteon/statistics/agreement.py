"""Agreement of two readers beyond chance: Cohen's kappa, plain and weighted.

Sources: Cohen 1960 (Educ Psychol Meas 20:37), Cohen 1968 (Psychol Bull 70:213, weights); Fleiss,
Cohen and Everitt 1969 (Psychol Bull 72:323, large-sample variance, here in its influence form so
that patients can be clusters).
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    require_choice,
    require_level,
    require_one_dimension,
    same_length,
    weight_matrix,
)

__all__ = [
    "KappaWeights",
    "agreement_weights",
    "code_categories",
    "cohen_kappa",
    "cohen_kappa_replicates",
    "kappa_influence",
]

KappaWeights = Literal["unweighted", "linear", "quadratic"]


def agreement_weights(k: int, kind: KappaWeights, values: Floats | None = None) -> Floats:
    """Make the agreement weights of k categories: 1 for agreement, less the further apart; (k, k).

    ``values`` are the categories' places on the scale, 0 to k - 1 by default.
    """
    require_choice("weighting", kind, ("unweighted", "linear", "quadratic"))
    if kind == "unweighted" or k < 2:
        return np.eye(k)
    place = np.arange(k, dtype=np.float64) if values is None else values
    distance = np.abs(place[:, None] - place[None, :]) / (place.max() - place.min())
    return np.asarray(1 - distance if kind == "linear" else 1 - distance**2, dtype=np.float64)


def code_categories(
    ratings: tuple[ArrayLike, ...], categories: ArrayLike | None
) -> tuple[list[Codes], int]:
    """Give the categories of several raters one numbering, given or sorted.

    Raises
    ------
    DataError
        If a rating is not among the categories, or raters have different lengths.
    """
    arrays = [np.asarray(rating) for rating in ratings]
    same_length(**{f"rater {i + 1}": array for i, array in enumerate(arrays)})
    if categories is None:
        known = np.unique(np.concatenate([array.ravel() for array in arrays]))
    else:
        known = np.asarray(categories)
    if known.dtype.kind == "f" and np.isnan(known).any():
        raise DataError("a rating is NaN", remedy="leave the row out, and say how many")
    place = {value: index for index, value in enumerate(known.tolist())}
    codes = []
    for number, array in enumerate(arrays):
        unknown = sorted({str(v) for v in array.ravel().tolist() if v not in place})
        if unknown:
            raise DataError(
                f"rater {number + 1} uses {', '.join(unknown)}, wanted one of {known.tolist()}"
            )
        coded = [place[v] for v in array.ravel().tolist()]
        codes.append(np.asarray(coded, dtype=np.intp).reshape(array.shape))
    return codes, len(known)


def _tables(first: Codes, second: Codes, k: int, weights: Floats) -> Floats:
    cells = np.zeros((first.size, k * k))
    cells[np.arange(first.size), first * k + second] = 1
    totals = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights @ cells / totals[:, None]).reshape(-1, k, k))


def _kappas(tables: Floats, agreement: Floats) -> Floats:
    observed = np.einsum("rij,ij->r", tables, agreement)
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    expected = np.einsum("ri,ij,rj->r", rows, agreement, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        kappas = (observed - expected) / (1 - expected)
    return np.where(1 - expected > 1e-12, kappas, np.nan)


def cohen_kappa_replicates(
    first: Codes,
    second: Codes,
    *,
    agreement: Floats,
    weights: Floats | None = None,
) -> Floats:
    """Kappa for every row of weights at once.

    Parameters
    ----------
    first, second
        Category numbers, shape (n,).
    agreement
        Agreement weights, shape (k, k): see :func:`agreement_weights`.
    weights
        Shape (replicates, n) or ``None`` for once with ones.

    Returns
    -------
    ndarray
        Shape (replicates,); NaN where chance agreement is complete (one category only).
    """
    w = weight_matrix(weights, first.size)
    return _kappas(_tables(first, second, len(agreement), w), agreement)


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weighting: KappaWeights = "unweighted",
    categories: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Cohen's kappa with the large-sample interval.

    Estimand: ``(observed - expected) / (1 - expected)``, agreement weighted by ``weighting``.
    The variance sums each row's influence within its patient; without clusters that is the
    variance of Fleiss, Cohen and Everitt. The interval is symmetric and is not cut at 1.

    Parameters
    ----------
    first, second
        Ratings of the same rows, shape (n,).
    weighting
        ``unweighted``, ``linear`` or ``quadratic`` (ordered scales).
    categories
        All categories in their order; by default those that occur, sorted. An ordered scale with
        an unused grade needs them: weights depend on how many there are.
    cluster
        Patient of every row, shape (n,).
    level
        Confidence level.

    Returns
    -------
    Estimate
        Undefined with a reason when both use one and the same category throughout. When the two
        agree on every row the large-sample variance is zero: no interval, and the reason says so.

    Examples
    --------
    >>> cohen_kappa([0, 0, 1, 1, 1, 0, 1, 0], [0, 0, 1, 1, 0, 0, 1, 1]).formatted(2)
    '0.50 (-0.10, 1.10)'
    """
    require_level(level)
    (a, b), k = code_categories((first, second), categories)
    require_one_dimension(first=a, second=b)
    name = f"large-sample, {weighting}" + ("" if cluster is None else ", clustered")
    if a.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    agreement = agreement_weights(k, weighting)
    kappa = float(cohen_kappa_replicates(a, b, agreement=agreement)[0])
    if math.isnan(kappa):
        reason = "both raters use one category throughout: chance agreement is complete"
        return Estimate.undefined(reason, level=level, method=name, n=a.size)
    influence = kappa_influence(a, b, agreement)
    codes = cluster_codes(cluster, a.size)
    sums = np.bincount(codes, influence)
    factor = 1.0 if cluster is None else sums.size / max(sums.size - 1, 1)
    variance = factor * float(np.sum(sums**2)) / a.size**2
    if variance <= 1e-15 or sums.size < 2:
        reason = "perfect agreement or one cluster: the large-sample variance is zero"
        return Estimate(kappa, math.nan, math.nan, level, name, a.size, reason)
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(variance)
    return Estimate(kappa, kappa - half, kappa + half, level, name, a.size)


def kappa_influence(first: Codes, second: Codes, agreement: Floats) -> Floats:
    """Influence of every row on kappa, shape (n,): mean zero, variance n times kappa's."""
    table = _tables(first, second, len(agreement), np.ones((1, first.size)))[0]
    observed = float(np.sum(table * agreement))
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    by_row, by_column = agreement @ columns, rows @ agreement
    expected = float(rows @ by_row)
    own = agreement[first, second] - observed
    chance = by_row[first] + by_column[second] - 2 * expected
    slope = (1 - observed) / (1 - expected) ** 2
    return np.asarray(own / (1 - expected) - slope * chance)
