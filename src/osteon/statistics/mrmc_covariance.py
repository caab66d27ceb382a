"""Figures of merit of many readings and their covariance over cases.

Sources: Quenouille 1956 and Tukey 1958 (jackknife); DeLong et al. 1988 (Biometrics 44:837);
Obuchowski 1997 (Biometrics 53:567); Gallas 2006 (Acad Radiol 13:353, unbiased U-statistic moments).
"""

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
    require_choice,
)
from osteon.statistics.proportion import proportion_replicates
from osteon.statistics.roc import auroc_covariance, auroc_replicates

__all__ = ["Covariance", "Figure", "jackknife_covariance", "reader_covariance"]

Figure = Literal["auroc", "sensitivity", "specificity", "accuracy"]
Covariance = Literal["jackknife", "delong", "unbiased"]


def _figure(truth: Bools, rating: Floats, figure: Figure, weights: Floats) -> Floats:
    if figure == "auroc":
        return auroc_replicates(truth, rating, weights=weights)
    called = rating == 1
    if figure == "sensitivity":
        return proportion_replicates(called, truth, weights=weights)
    if figure == "specificity":
        return proportion_replicates(~called, ~truth, weights=weights)
    return proportion_replicates(called == truth, weights=weights)


def jackknife_covariance(left_out: Floats) -> Floats:
    """Covariance from values with each of K patients left out; (K, figures) to (figures, figures).

    ``(K - 1) / K * sum (x_k - mean) (x_k - mean)'`` over the patients whose absence leaves every
    figure defined.

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
        Shape (treatments, readers, n), finite; 0/1 calls unless ``figure`` is ``auroc``.
    figure, method, cluster
        As in :func:`obuchowski_rockette`. The jackknife of sensitivity (specificity) leaves out
        patients with positive (negative) cases only, the others not being part of it.

    Returns
    -------
    values, covariance
        Shapes (treatments, readers) and (treatments * readers, treatments * readers).
    """
    require_choice("figure", figure, ("auroc", "sensitivity", "specificity", "accuracy"))
    require_choice("covariance", method, ("jackknife", "delong", "unbiased"))
    truth = binary_array("reference_standard", reference_standard)
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 3 or table.shape[2] != truth.size:
        raise DataError(f"ratings have shape {table.shape}, wanted (t, r, {truth.size})")
    if not np.isfinite(table).all():
        raise DataError("ratings hold missing values", remedy="this analysis needs every reading")
    if not truth.any() or truth.all():
        raise DataError("both classes are needed, got one")
    if figure != "auroc" and not np.isin(table, (0, 1)).all():
        raise DataError(f"{figure} needs 0/1 calls, got other ratings")
    flat = table.reshape(-1, truth.size)
    ones = np.ones((1, truth.size))
    values = np.array([_figure(truth, row, figure, ones)[0] for row in flat])
    codes = None if cluster is None else cluster_codes(cluster, truth.size)
    return values.reshape(table.shape[:2]), _covariance(truth, flat, figure, method, codes)


def _covariance(
    truth: Bools, flat: Floats, figure: Figure, method: Covariance, codes: Codes | None
) -> Floats:
    if method == "jackknife":
        used = np.ones(truth.size, bool)
        if figure in ("sensitivity", "specificity"):
            used = truth if figure == "sensitivity" else ~truth
        own, flat = truth[used], flat[:, used]
        plan = Resampling(cluster_codes(None if codes is None else codes[used], own.size))
        parts = [
            np.stack([_figure(own, row, figure, weights) for row in flat], axis=1)
            for weights in plan.reweighted(0.0)
        ]
        return jackknife_covariance(np.concatenate(parts))
    if figure != "auroc":
        raise UsageError(f"covariance {method} is for auroc, use jackknife for {figure}")
    if method == "delong":
        return auroc_covariance(truth, flat, codes)[1]
    if codes is not None:
        raise UsageError("the unbiased covariance has no clusters: use jackknife or delong")
    return _unbiased(truth, flat)
