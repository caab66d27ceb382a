"""Agreement of two readers beyond chance: Cohen's kappa, plain and weighted.

Sources: Cohen 1960 (Educ Psychol Meas 20:37), Cohen 1968 (Psychol Bull 70:213, weights); Fleiss,
Cohen and Everitt 1969 (Psychol Bull 72:323, large-sample variance, here in its influence form so
that patients can be clusters); Agresti and Min 2005 (Biostatistics 6:233, half a pair in each cell
of a paired table).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
from osteon.statistics.limits import warning

__all__ = [
    "KAPPA_METHODS",
    "KappaLimits",
    "KappaWeights",
    "agreement_weights",
    "code_categories",
    "cohen_kappa",
    "cohen_kappa_replicates",
    "kappa_influence",
]

KappaWeights = Literal["unweighted", "linear", "quadratic"]
KAPPA_METHODS = ("adjusted", "large-sample")
FEW = 150  # patients: below it the large-sample interval holds less than it says


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
    method: str = "adjusted",
) -> Estimate:
    """Cohen's kappa.

    Estimand: ``(observed - expected) / (1 - expected)``, agreement weighted by ``weighting``.
    The variance sums each row's influence within its patient; without clusters that is the
    variance of Fleiss, Cohen and Everitt.

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
    method
        ``adjusted``: the lower limit starts from the table with one more patient spread over the
        cells of disagreement, the upper from one more over those of agreement (half a pair in each
        cell of a 2 by 2 table), the variance has both, and the quantile is Student's (patients -
        1); cut at -1 and 1. Holds with 30 rows, and at full agreement. ``large-sample``: symmetric
        about kappa, not cut, as other programs print it; too narrow with few rows, and says so;
        none at full agreement.

    Returns
    -------
    Estimate
        Undefined with a reason when both use one and the same category throughout.

    Examples
    --------
    >>> cohen_kappa([0, 0, 1, 1, 1, 0, 1, 0], [0, 0, 1, 1, 0, 0, 1, 1]).formatted(2)
    '0.50 (-0.39, 1.00)'
    """
    require_level(level)
    require_choice("method", method, KAPPA_METHODS)
    (a, b), k = code_categories((first, second), categories)
    require_one_dimension(first=a, second=b)
    name = f"{method}, {weighting}" + ("" if cluster is None else ", clustered")
    if a.size == 0:
        return Estimate.undefined("no rows", level=level, method=name, n=0)
    agreement = agreement_weights(k, weighting)
    kappa = float(cohen_kappa_replicates(a, b, agreement=agreement)[0])
    if math.isnan(kappa):
        reason = "both raters use one category throughout: chance agreement is complete"
        return Estimate.undefined(reason, level=level, method=name, n=a.size)
    codes = cluster_codes(cluster, a.size)
    patients = int(codes.max()) + 1
    if patients < 2:
        reason = "one row (cluster): no variance"
        return Estimate(kappa, math.nan, math.nan, level, name, a.size, reason)
    if method == "adjusted":
        low, high = KappaLimits.of(a, b, codes, agreement).limits((1 - level) / 2)
        return Estimate(kappa, low, high, level, name, a.size)
    sums = np.bincount(codes, kappa_influence(a, b, agreement))
    factor = 1.0 if cluster is None else sums.size / (sums.size - 1)
    variance = factor * float(np.sum(sums**2)) / a.size**2
    name += warning(patients, FEW, "rows or patients")
    if variance <= 1e-15:
        reason = "perfect agreement: the large-sample variance is zero"
        return Estimate(kappa, math.nan, math.nan, level, name, a.size, reason)
    half = float(special.ndtri((1 + level) / 2)) * math.sqrt(variance)
    return Estimate(kappa, kappa - half, kappa + half, level, name, a.size)


@dataclass(frozen=True, slots=True, eq=False)
class KappaLimits:
    """A kappa, or a mean of several, with what its adjusted limits need.

    Parameters
    ----------
    value
        The kappa.
    below, above
        The kappa with an imagined patient spread over the cells of disagreement, of agreement.
    sums
        Influence of each patient with both, shape (patients,).
    imagined
        Variance that the two imagined patients add.
    """

    value: float
    below: float
    above: float
    sums: Floats
    imagined: float

    @classmethod
    def of(cls, first: Codes, second: Codes, codes: Codes, agreement: Floats) -> "KappaLimits":
        """Make them from the ratings of the same rows, and the rows' patients."""
        n, k = first.size, int(codes.max()) + 1
        table = n * _tables(first, second, len(agreement), np.ones((1, n)))[0]
        used = (table.sum(axis=0) + table.sum(axis=1)) > 0
        if used.sum() < 2:
            return cls(math.nan, math.nan, math.nan, np.zeros(k), 0.0)
        size = n / k  # an imagined patient has as many rows as the others
        alike = size * np.diag(used / used.sum())
        apart = np.outer(used, used) * (1.0 - np.eye(used.size))
        apart = size * apart / apart.sum()
        both = table + alike + apart
        influence = _cell_influence(both / both.sum(), agreement) / both.sum()
        tables = np.stack([table, table + apart, table + alike])
        value, below, above = _kappas(
            tables / tables.sum(axis=(1, 2), keepdims=True), agreement
        ).tolist()
        imagined = size * float(np.sum((alike + apart) * influence**2))
        sums = np.bincount(codes, influence[first, second]).astype(np.float64)
        return cls(value, below, above, sums, imagined)

    @classmethod
    def mean(cls, kappas: Sequence["KappaLimits"]) -> "KappaLimits":
        """Average the kappas of several raters of the same patients."""
        value, below, above = np.mean([(k.value, k.below, k.above) for k in kappas], axis=0)
        sums = np.mean([k.sums for k in kappas], axis=0)
        imagined = float(np.mean([k.imagined for k in kappas]))
        return cls(float(value), float(below), float(above), sums, imagined)

    def limits(self, tail: float) -> tuple[float, float]:
        """Limits that leave out ``tail`` on each side, inside [-1, 1]."""
        k = self.sums.size
        variance = k / (k - 1) * float(np.sum(self.sums**2)) + self.imagined
        half = -float(special.stdtrit(k - 1, tail)) * math.sqrt(variance)
        low, high = min(self.value, self.below) - half, max(self.value, self.above) + half
        return max(-1.0, low), min(1.0, high)


def kappa_influence(first: Codes, second: Codes, agreement: Floats) -> Floats:
    """Influence of every row on kappa, shape (n,): mean zero, variance n times kappa's."""
    table = _tables(first, second, len(agreement), np.ones((1, first.size)))[0]
    return np.asarray(_cell_influence(table, agreement)[first, second])


def _cell_influence(table: Floats, agreement: Floats) -> Floats:
    """Influence of a row in each cell of a table of shares, shape (k, k)."""
    observed = float(np.sum(table * agreement))
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    by_row, by_column = agreement @ columns, rows @ agreement
    expected = float(rows @ by_row)
    chance = by_row[:, None] + by_column[None, :] - 2 * expected
    slope = (1 - observed) / (1 - expected) ** 2
    return np.asarray((agreement - observed) / (1 - expected) - slope * chance)
