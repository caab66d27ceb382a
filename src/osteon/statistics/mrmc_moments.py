"""Variance of reader-averaged areas from moments: any design, missing readings included.

The area averaged over readers is a mean of scores (1 if a positive is rated above a negative, 1/2
if alike) over every reader, negative and positive that were read. Its variance is a sum of eight
second moments of scores, one for each way in which two scores can share reader, negative and
positive; each moment is estimated without bias from the pairs of scores that share just that.
Sources: Gallas 2006 (Acad Radiol 13:353); Gallas and Brown 2008 (Neural Netw 21:387, any design);
Gallas et al. 2009 (Communications in Statistics 38:2586, components of variance).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from osteon.statistics.checks import Floats

__all__ = ["Estimator", "Moments", "Scores", "moments_of"]

Estimator = Literal["unbiased", "positive"]
DIFFERENT = np.array([[1.0, 0.0], [-1.0, 1.0]])  # (shared, any) to (shared, not shared)
DROP = np.array([[1.0, -1.0], [0.0, 1.0]])  # a moment minus the one that shares less


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Second moments of the scores of two treatments (or of one with itself), M1 to M8.

    Parameters
    ----------
    values
        Shape (8,): M1 shares reader, negative and positive; M2 reader and positive; M3 reader and
        negative; M4 the reader alone; M5 to M8 the same with different readers.
    positive_values
        The same with "different" taken as "any": biased, but the variance is never negative.
    coefficients
        Shape (8,): weight of each moment in the covariance of the two averaged areas.
    """

    values: Floats
    positive_values: Floats
    coefficients: Floats

    def covariance(self, estimator: Estimator = "unbiased") -> float:
        """Covariance of the two averaged areas."""
        chosen = self.values if estimator == "unbiased" else self.positive_values
        return float(self.coefficients @ chosen)

    def planned_covariance(self, readers: int, negatives: int, positives: int) -> float:
        """Covariance in a factorial study of so many readers and cases, from unbiased moments."""
        shared = [np.array([1.0, count - 1.0]) / count for count in (readers, positives, negatives)]
        weights = np.einsum("i,j,k->ijk", *shared).ravel()
        weights[7] -= 1.0
        return float(weights @ self.values)

    def components(self, estimator: Estimator = "unbiased") -> dict[str, float]:
        """Components of variance, by what varies.

        ``N`` negatives, ``D`` positives, ``R`` readers, and what only their combinations make.
        """
        chosen = self.values if estimator == "unbiased" else self.positive_values
        cube = chosen.reshape(2, 2, 2)
        for axis in range(3):
            cube = np.moveaxis(np.tensordot(DROP, cube, axes=(1, axis)), 0, axis)
        return {name: float(cube[place]) for name, place in PLACES.items()}

    def component_coefficients(self) -> dict[str, float]:
        """Weight of each component in the covariance."""
        cube = self.coefficients.reshape(2, 2, 2)
        found = {}
        for name, place in PLACES.items():
            index = tuple(slice(0, 1) if p == 0 else slice(None) for p in place)
            found[name] = float(cube[index].sum())
        return found


PLACES = {  # which of reader, positive, negative is shared (0) by a component's pairs
    "N": (1, 1, 0), "D": (1, 0, 1), "ND": (1, 0, 0), "R": (0, 1, 1), "NR": (0, 1, 0),
    "DR": (0, 0, 1), "NDR": (0, 0, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores and their presence for one treatment, each (readers, positives, negatives)."""

    score: Floats
    there: Floats

    @classmethod
    def of(cls, negative: Floats, positive: Floats) -> "Scores":
        """Score ratings, shapes (readers, negatives) and (readers, positives), NaN if missing."""
        read = ~np.isnan(positive)[:, :, None] & ~np.isnan(negative)[:, None, :]
        gap = positive[:, :, None] - negative[:, None, :]
        won = np.where(read, (gap > 0) + (gap == 0) / 2, 0.0)
        return cls(won, read.astype(np.float64))

    @property
    def area(self) -> float:
        """Area averaged over all pairs that were read."""
        return float(self.score.sum() / self.there.sum())


def _shared_sums(first: Floats, second: Floats) -> Floats:
    """Sum products over pairs that share, or need not: (reader, positive, negative) by (2, 2, 2).

    Index 0 of an axis: the pair shares it; 1: all pairs.
    """
    sums = np.empty((2, 2, 2))
    for r in (0, 1):
        a, b = (x.sum(axis=0, keepdims=True) if r else x for x in (first, second))
        for p in (0, 1):
            c, d = (x.sum(axis=1, keepdims=True) if p else x for x in (a, b))
            for n in (0, 1):
                e, f = (x.sum(axis=2, keepdims=True) if n else x for x in (c, d))
                sums[r, p, n] = float(np.sum(e * f))
    return sums


def moments_of(first: Scores, second: Scores) -> Moments:
    """Second moments of the scores of two treatments of one study."""
    tops, counts = _shared_sums(first.score, second.score), _shared_sums(first.there, second.there)
    any_values = np.divide(tops, counts, out=np.zeros_like(tops), where=counts > 0)
    for axis in range(3):
        tops = np.moveaxis(np.tensordot(DIFFERENT, tops, axes=(1, axis)), 0, axis)
        counts = np.moveaxis(np.tensordot(DIFFERENT, counts, axes=(1, axis)), 0, axis)
    counts = np.where(np.abs(counts) < 0.5, 0.0, counts)  # whole numbers, but for rounding
    values = np.divide(tops, counts, out=np.zeros_like(tops), where=counts > 0)
    coefficients = (counts / counts.sum()).ravel()
    coefficients[7] -= 1.0
    return Moments(values.ravel(), any_values.ravel(), coefficients)
