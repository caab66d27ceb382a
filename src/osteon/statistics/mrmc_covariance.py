"""Figures of merit of many readings and their covariance over cases.

Sources: Quenouille 1956 and Tukey 1958 (jackknife); Efron 1979 (bootstrap); DeLong et al. 1988
(Biometrics 44:837); Obuchowski 1997 (Biometrics 53:567); Gallas 2006 (Acad Radiol 13:353, unbiased
U-statistic moments).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from osteon.errors import DataError, UsageError
from osteon.statistics.bootstrap import Resampling
from osteon.statistics.checks import (
    Bools,
    Codes,
    Floats,
    binary_array,
    cluster_codes,
    number_table,
    require_choice,
    require_generator,
    safe_ratio,
)
from osteon.statistics.limits import class_sizes
from osteon.statistics.proportion import proportion_replicates
from osteon.statistics.roc import auroc_covariance, auroc_replicates, placements

__all__ = [
    "BootstrapCovariance",
    "Covariance",
    "Figure",
    "areas_left_out",
    "deciding_cases",
    "jackknife_covariance",
    "reader_covariance",
]

Figure = Literal["auroc", "sensitivity", "specificity", "accuracy"]


@dataclass(frozen=True, slots=True)
class BootstrapCovariance:
    """Covariance of bootstrap replicates: how many, and the generator that draws them."""

    replicates: int
    rng: np.random.Generator


Covariance = Literal["jackknife", "delong", "unbiased"] | BootstrapCovariance


def _figure(truth: Bools, rating: Floats, figure: Figure, weights: Floats) -> Floats:
    read = ~np.isnan(rating)
    if not read.all():
        truth, rating, weights = truth[read], rating[read], weights[:, read]
    if figure == "auroc":
        return auroc_replicates(truth, rating, weights=weights)
    called = rating == 1
    if figure == "sensitivity":
        return proportion_replicates(called, truth, weights=weights)
    if figure == "specificity":
        return proportion_replicates(~called, ~truth, weights=weights)
    return proportion_replicates(called == truth, weights=weights)


def deciding_cases(
    figure: Figure, reference_standard: ArrayLike, cluster: ArrayLike | None = None
) -> int:
    """Cases (or patients with one) that a figure's precision hangs on: those of the class it needs.

    Of an area the smaller class, of a sensitivity the positives, of a specificity the negatives,
    of an accuracy all.

    Examples
    --------
    >>> deciding_cases("auroc", [0, 0, 0, 1]), deciding_cases("specificity", [0, 0, 0, 1])
    (1, 3)
    """
    truth = binary_array("reference_standard", reference_standard)
    codes = np.arange(truth.size) if cluster is None else cluster_codes(cluster, truth.size)
    positives, negatives = class_sizes(truth, codes)
    counts: dict[Figure, int] = {
        "auroc": min(positives, negatives),
        "sensitivity": positives,
        "specificity": negatives,
        "accuracy": int(np.unique(codes).size),
    }
    return counts[figure]


def areas_left_out(truth: Bools, rating: Floats, codes: Codes) -> Floats:
    """Area of one reading with each patient left out, from placements: no area is counted anew.

    Parameters
    ----------
    truth, rating
        Shape (n,); NaN where a case was not read.
    codes
        Patient of every case, 0 to K - 1, shape (n,).

    Returns
    -------
    ndarray
        Shape (K,); NaN where a class is empty without the patient.

    Examples
    --------
    >>> truth, rating = np.array([False, False, True, True]), np.array([1.0, 3.0, 2.0, 4.0])
    >>> areas_left_out(truth, rating, np.arange(4)).tolist()
    [0.5, 1.0, 1.0, 0.5]
    """
    k, read = int(codes.max(initial=-1)) + 1, ~np.isnan(rating)
    positive, negative = np.flatnonzero(read & truth), np.flatnonzero(read & ~truth)
    m, n = positive.size, negative.size
    v10, v01 = placements(rating[positive], rating[negative])
    of_m, of_n = codes[positive], codes[negative]
    lost = np.zeros(k)
    lost += np.bincount(of_m, n * v10, k) + np.bincount(of_n, m * v01, k)
    both = np.intersect1d(of_m, of_n)
    if both.size:  # pairs inside a patient are lost once, and were counted twice
        first = [positive[of_m == code] for code in both]
        second = [negative[of_n == code] for code in both]
        inside = [_won(rating[a], rating[b]) for a, b in zip(first, second, strict=True)]
        lost[both] -= np.array(inside)
    pairs = (m - np.bincount(of_m, minlength=k)) * (n - np.bincount(of_n, minlength=k))
    left = np.asarray(n * v10.sum() - lost, dtype=np.float64)
    return safe_ratio(left, pairs.astype(np.float64))


def _won(positive: Floats, negative: Floats) -> float:
    gap = positive[:, None] - negative
    return float((gap > 0).sum() + (gap == 0).sum() / 2)


def jackknife_covariance(left_out: Floats) -> Floats:
    """Covariance from values with each of K patients left out; (K, figures) to (figures, figures).

    ``(K - 1) / K * sum (x_k - mean) (x_k - mean)'`` over the patients whose absence leaves every
    figure defined.

    Raises
    ------
    DataError
        If fewer than two are.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 6.0])
    >>> left_out = (x.sum() - x) / 3
    >>> (
    ...     round(float(jackknife_covariance(left_out[:, None])[0, 0]), 4),
    ...     round(float(x.var(ddof=1)) / 4, 4),
    ... )
    (1.1667, 1.1667)
    """
    defined = left_out[~np.isnan(left_out).any(axis=1)]
    k = len(defined)
    if k < 2:
        raise DataError(f"the jackknife needs two cases (patients) it can leave out, got {k}")
    gaps = defined - defined.mean(axis=0)
    return np.asarray((k - 1) / k * gaps.T @ gaps)


def _unbiased(truth: Bools, ratings: Floats) -> Floats:
    """Unbiased covariance of areas from products over distinct pairs of cases."""
    gap = ratings[:, truth][:, :, None] - ratings[:, ~truth][:, None, :]
    score = (gap > 0) + (gap == 0) / 2
    m, n = score.shape[1:]
    if m < 2 or n < 2:
        raise DataError("the unbiased covariance needs two positive and two negative cases")
    both = np.einsum("aij,bij->ab", score, score)
    by_row, by_column, total = score.sum(axis=2), score.sum(axis=1), score.sum(axis=(1, 2))
    rows, columns = by_row @ by_row.T, by_column @ by_column.T
    every = np.outer(total, total)
    same = both / (m * n)
    one_negative = (columns - both) / (m * (m - 1) * n)
    one_positive = (rows - both) / (m * n * (n - 1))
    none = (every - rows - columns + both) / (m * (m - 1) * n * (n - 1))
    weighted = same + (m - 1) * one_negative + (n - 1) * one_positive
    return np.asarray(weighted / (m * n) + ((m - 1) * (n - 1) / (m * n) - 1) * none)


def reader_covariance(
    reference_standard: ArrayLike,
    ratings: ArrayLike,
    *,
    figure: Figure = "auroc",
    method: Covariance = "jackknife",
    cluster: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Figures of merit of every reading and their covariance when cases are drawn anew.

    Parameters
    ----------
    reference_standard
        Shape (n,), 0 or 1, both classes present.
    ratings
        Shape (treatments, readers, n); 0/1 calls unless ``figure`` is ``auroc``. NaN where a
        reading did not take place: each figure then rests on the cases that were read, and a case
        that was not leaves it as it is when it is left out or drawn.
    figure, method, cluster
        As in :func:`obuchowski_rockette`. The jackknife of sensitivity (specificity) leaves out
        patients with positive (negative) cases only, the others not being part of it.

    Returns
    -------
    values, covariance
        Shapes (treatments, readers) and (treatments * readers, treatments * readers); NaN where a
        reader read nothing in a treatment.
    """
    require_choice("figure", figure, ("auroc", "sensitivity", "specificity", "accuracy"))
    if not isinstance(method, BootstrapCovariance):
        require_choice("covariance", method, ("jackknife", "delong", "unbiased"))
    truth = binary_array("reference_standard", reference_standard)
    table = number_table("ratings", ratings, "(treatments, readers, cases)", missing=True)
    if table.shape[2] != truth.size:
        raise DataError(f"ratings have shape {table.shape}, wanted (t, r, {truth.size})")
    if not truth.any() or truth.all():
        raise DataError("both classes are needed, got one")
    read = ~np.isnan(table)
    if not read.any():
        raise DataError("no reading took place: ratings are NaN throughout")
    if figure != "auroc" and not np.isin(table[read], (0, 1)).all():
        raise DataError(f"{figure} needs 0/1 calls, got other ratings")
    flat = table.reshape(-1, truth.size)
    ones = np.ones((1, truth.size))
    values = np.array([_figure(truth, row, figure, ones)[0] for row in flat])
    undefined = np.flatnonzero(np.isnan(values) & read.any(axis=2).ravel())
    if undefined.size:
        place = np.unravel_index(int(undefined[0]), table.shape[:2])
        raise DataError(
            f"reader {place[1]} has no {figure} in treatment {place[0]}: a class was not read",
            remedy="leave that reader out, or use the moments of u_statistic_analysis",
        )
    codes = None if cluster is None else cluster_codes(cluster, truth.size)
    there = ~np.isnan(values)
    matrix = np.full((values.size, values.size), np.nan)
    matrix[np.ix_(there, there)] = _covariance(truth, flat[there], figure, method, codes)
    return values.reshape(table.shape[:2]), matrix


def _covariance(
    truth: Bools, flat: Floats, figure: Figure, method: Covariance, codes: Codes | None
) -> Floats:
    if method == "jackknife" or isinstance(method, BootstrapCovariance):
        used = ~np.isnan(flat).all(axis=0)
        if figure in ("sensitivity", "specificity"):
            used &= truth if figure == "sensitivity" else ~truth
        own, flat = truth[used], flat[:, used]
        plan = Resampling(cluster_codes(None if codes is None else codes[used], own.size))
        if method == "jackknife" and figure == "auroc":
            found = np.stack([areas_left_out(own, row, plan.codes) for row in flat], axis=1)
            return jackknife_covariance(found)
        drawn = (
            plan.chunks(method.replicates, require_generator(method.rng))
            if isinstance(method, BootstrapCovariance)
            else plan.reweighted(0.0)
        )
        parts = [
            np.stack([_figure(own, row, figure, weights) for row in flat], axis=1)
            for weights in drawn
        ]
        found = np.concatenate(parts)
        return jackknife_covariance(found) if method == "jackknife" else _sample_covariance(found)
    if figure != "auroc":
        raise UsageError(f"covariance {method} is for auroc, use jackknife for {figure}")
    if np.isnan(flat).any():
        raise UsageError(f"covariance {method} needs every reading: use the jackknife")
    if method == "delong":
        return auroc_covariance(truth, flat, codes)[1]
    if codes is not None:
        raise UsageError("the unbiased covariance has no clusters: use jackknife or delong")
    return _unbiased(truth, flat)


def _sample_covariance(replicates: Floats) -> Floats:
    """Covariance of the replicates in which every figure is defined."""
    defined = replicates[~np.isnan(replicates).any(axis=1)]
    if len(defined) < 2:
        raise DataError(
            f"{len(defined)} of {len(replicates)} replicates have all figures, wanted 2 or more",
            remedy="more replicates, or the jackknife",
        )
    return np.asarray(np.atleast_2d(np.cov(defined, rowvar=False)))
