"""Several classes: the confusion matrix with intervals and the one-against-the-rest table.

Sources: proportions and clusters as in :mod:`osteon.statistics.proportion`; areas as in
:mod:`osteon.statistics.roc`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import (
    Codes,
    Floats,
    cluster_codes,
    number_table,
    require_level,
    same_length,
)
from osteon.statistics.diagnostic import negative_predictive_value, positive_predictive_value
from osteon.statistics.proportion import proportion, sensitivity, specificity
from osteon.statistics.roc import auroc

__all__ = ["ClassRow", "ConfusionMatrix", "confusion_matrix", "confusion_replicates", "per_class"]


def _class_numbers(name: str, values: ArrayLike, k: int) -> Codes:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iub"):
        raise DataError(
            f"{name} has shape {array.shape} and type {array.dtype}, wanted class numbers (n,)"
        )
    codes = array.astype(np.intp)
    if codes.size and (codes.min() < 0 or codes.max() >= k):
        raise DataError(f"{name} holds classes {codes.min()} to {codes.max()}, wanted 0 to {k - 1}")
    return codes


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionMatrix:
    """Counts and row-normalised shares with intervals.

    Parameters
    ----------
    classes
        Names, in order.
    counts
        Rows are the reference standard, columns the prediction; shape (k, k).
    shares
        ``shares[i][j]``: share of the rows of class i that were called j. Undefined with a
        reason for a class without rows.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    shares: tuple[tuple[Estimate, ...], ...]


def confusion_matrix(
    reference_standard: ArrayLike,
    predicted: ArrayLike,
    classes: Sequence[str],
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "wilson",
) -> ConfusionMatrix:
    """Make the confusion matrix, normalised by row, each share with its interval.

    Parameters
    ----------
    reference_standard, predicted
        Class numbers 0 to k - 1, shape (n,).
    classes
        The k names.
    cluster, level, method
        As in :func:`proportion`.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1], ["sound", "fractured"]).counts.tolist()
    [[1, 1], [0, 1]]
    """
    require_level(level)
    k = len(classes)
    truth = _class_numbers("reference_standard", reference_standard, k)
    called = _class_numbers("predicted", predicted, k)
    n = same_length(reference_standard=truth, predicted=called)
    counts = np.bincount(truth * k + called, minlength=k * k).reshape(k, k)
    ids = cluster_codes(cluster, n)
    rows = []
    for i in range(k):
        own = truth == i
        kept = None if cluster is None else ids[own]
        rows.append(
            tuple(
                proportion(called[own] == j, cluster=kept, level=level, method=method)
                for j in range(k)
            )
        )
    return ConfusionMatrix(tuple(classes), counts.astype(np.int64), tuple(rows))


def confusion_replicates(truth: Codes, called: Codes, k: int, weights: Floats) -> Floats:
    """Weighted confusion counts for every row of weights; shape (replicates, k, k)."""
    cells = np.zeros((truth.size, k * k))
    cells[np.arange(truth.size), truth * k + called] = 1
    return (weights @ cells).reshape(-1, k, k)


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class against the rest: a row of the table."""

    name: str
    n_positive: int
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    auroc: Estimate


def per_class(
    reference_standard: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    *,
    predicted: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[ClassRow, ...]:
    """Each class against the rest.

    Parameters
    ----------
    reference_standard
        Class numbers 0 to k - 1, shape (n,).
    probabilities
        Shape (n, k); the score of the one-against-the-rest area.
    classes
        The k names.
    predicted
        Class numbers, shape (n,); by default the most probable class.
    cluster, level
        As in :func:`proportion`; with clusters the areas have Obuchowski's variance.

    Returns
    -------
    tuple of ClassRow
        In the order of the classes; a class without rows has undefined entries with the reason.
    """
    k = len(classes)
    table = number_table("probabilities", probabilities, "(n, classes)")
    if table.shape[1] != k:
        raise DataError(f"probabilities have shape {table.shape}, wanted (n, {k})")
    truth = _class_numbers("reference_standard", reference_standard, k)
    chosen = table.argmax(axis=1) if predicted is None else predicted
    called = _class_numbers("predicted", chosen, k)
    same_length(reference_standard=truth, predicted=called)
    rows = []
    for i, name in enumerate(classes):
        own, mine = truth == i, called == i
        rows.append(
            ClassRow(
                name=name,
                n_positive=int(own.sum()),
                sensitivity=sensitivity(own, mine, cluster=cluster, level=level),
                specificity=specificity(own, mine, cluster=cluster, level=level),
                ppv=positive_predictive_value(own, mine, cluster=cluster, level=level),
                npv=negative_predictive_value(own, mine, cluster=cluster, level=level),
                auroc=auroc(own, table[:, i], cluster=cluster, level=level),
            )
        )
    return tuple(rows)
