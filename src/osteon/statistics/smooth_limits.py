"""Pointwise limits of a smoothed share: Clopper and Pearson's, of the rows that the point rests on.

A loess curve's height is a weighted sum of outcomes, so that it is worth as many rows as an average
with the same variance: ``1 / sum(w**2)``, divided by the design effect where patients have several,
and by how much more pseudo-values vary than outcomes. Where no outcome near the point differs, the
replicates of a bootstrap do not vary; these limits stay wide. Sources: Cleveland, Grosse and Shyu
1992 (weights); Korn and Graubard 1998 (Surv Methodol 24:193, Clopper and Pearson's limits of an
effective number of rows).
"""

import numpy as np

from osteon.statistics.checks import Codes, Floats, cluster_sums
from osteon.statistics.share_limits import share_limits

__all__ = ["local_weights", "smooth_limits"]

RIDGE = 1e-9  # of the local parabola, where all neighbours lie in one place
ROUNDING = 1e-12


def local_weights(x: Floats, at: Floats, span: float) -> Floats:
    """Weights that the outcomes have in a local parabola's height, shape (points, rows).

    Tricube weights over the nearest ``span`` of the rows, degree 2 (Cleveland, Grosse and Shyu
    1992); those of a point sum to 1.

    Parameters
    ----------
    x
        Where the rows lie, shape (n,).
    at
        Where the curve is wanted, shape (m,).
    span
        Share of the rows that a local fit sees.

    Examples
    --------
    >>> weights = local_weights(np.linspace(0, 1, 50), np.array([0.5]), 0.75)
    >>> weights.shape, round(float(weights.sum()), 6)
    ((1, 50), 1.0)
    """
    apart = x[None, :] - at[:, None]
    far = np.abs(apart)
    reach = np.sort(far, axis=1)[:, max(int(x.size * span), 1) - 1]
    reach = np.maximum(reach, ROUNDING)[:, None]
    kernel = np.clip(1 - (far / reach) ** 3, 0, None) ** 3
    terms = np.stack([np.ones_like(apart), apart / reach, (apart / reach) ** 2], axis=-1)
    normal = np.einsum("mn,mni,mnk->mik", kernel, terms, terms)
    normal += RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    first = np.linalg.solve(normal, np.broadcast_to(np.eye(3)[0][:, None], (at.size, 3, 1)))
    weights = kernel * np.einsum("mni,mi->mn", terms, first[:, :, 0])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def smooth_limits(
    outcome: Floats,
    chance: Floats,
    codes: Codes,
    grid: Floats,
    heights: Floats,
    span: float,
    level: float,
) -> tuple[Floats, Floats]:
    """Limits of a smooth curve's heights, shapes (m,); NaN where the curve is.

    Parameters
    ----------
    outcome, chance
        Outcomes (0 or 1, or pseudo-values) and where they lie, shape (n,).
    codes
        Patient number of every row, shape (n,).
    grid, heights
        The curve, shape (m,).
    span, level
        Share of the rows that each local fit sees; level of the limits.
    """
    weights = local_weights(chance, grid, span)
    rows = (
        1
        / (weights**2).sum(axis=1)
        / _design_effect(outcome, chance, codes, grid, heights, weights)
    )
    low, high = np.full(grid.size, np.nan), np.full(grid.size, np.nan)
    for place in np.flatnonzero(np.isfinite(heights)).tolist():
        n = float(rows[place])
        x = float(np.clip(heights[place], 0, 1)) * n
        low[place], high[place] = share_limits(x, n, level, "clopper-pearson")
    return low, high


def _design_effect(
    outcome: Floats, chance: Floats, codes: Codes, grid: Floats, heights: Floats, weights: Floats
) -> Floats:
    """Variance with patients over that with rows, at least 1; the most where none can be seen."""
    known = np.isfinite(heights)
    expected = np.interp(chance, grid[known], heights[known]) if known.any() else chance
    patients = int(codes.max()) + 1

    def effect(parts: Floats) -> tuple[Floats, Floats]:
        totals = cluster_sums(parts, codes, patients)
        return (totals**2).sum(axis=1), (parts**2).sum(axis=1)

    together, alone = effect(weights * (outcome - expected))
    most_together, most_alone = effect(weights)
    seen = alone > ROUNDING
    ratio = np.divide(together, alone, out=most_together / most_alone, where=seen)
    return np.maximum(ratio, 1.0) * _spread(outcome, np.clip(expected, 0, 1))


def _spread(outcome: Floats, expected: Floats) -> float:
    """Variance of pseudo-values over that of outcomes, at least 1: censoring adds to it."""
    binomial = float((expected * (1 - expected)).sum())
    return max(1.0, float(((outcome - expected) ** 2).sum()) / binomial) if binomial > 0 else 1.0
