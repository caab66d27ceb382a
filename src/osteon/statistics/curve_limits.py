"""Limits of a curve's heights that hold with few patients: one imagined patient at the worst.

Patients have random weights of exponential law (the Bayesian bootstrap), and an imagined one joins
them: for the lower limit one who pulls the curve down as far as one patient can, for the upper one
who lifts it. The limits are percentiles of the weighted curves. Of a share at a known cut they are
Clopper and Pearson's; here the cut, too, is one of the weighted data. Sources: Rubin 1981 (Ann Stat
9:130, the weights); Gu, Ghosal and Roy 2008 (Stat Med 27:5407, of ROC curves); Gaffke 2005 (Math
Methods Stat 14:451, the imagined unit, see :mod:`osteon.statistics.bounded_mean`).
"""

from collections.abc import Callable

import numpy as np

from osteon.statistics.checks import Floats
from osteon.statistics.resampling import Resampling

__all__ = ["CURVE_METHODS", "averaged", "curve_limits", "percentiles"]

CURVE_METHODS = ("imagined", "bootstrap")
Heights = Callable[[Floats, Floats, bool], Floats]
Band = Callable[[Floats, Floats], tuple[Floats, Floats]]


def curve_limits(
    heights: Heights,
    imagined: int,
    plan: Resampling,
    replicates: int,
    rng: np.random.Generator,
    level: float,
) -> tuple[Floats, Floats]:
    """Pointwise limits of heights in [0, 1], shapes (k,).

    Parameters
    ----------
    heights
        From weights of the rows (m, n), weights of the imagined (m, imagined) and whether they lift
        the curve, to heights (m, k); called with both for the same weights.
    imagined
        How many imagined patients there are: one for each class that is counted apart.
    plan
        Who is whose patient. An imagined patient's weight is that of a patient's average rows.
    replicates, rng, level
        As in :func:`osteon.statistics.bootstrap.bootstrap`.
    """
    rows = 1.0 if plan.one_per_cluster else plan.codes.size / plan.n_clusters
    below, above = [], []
    for start in range(0, replicates, plan.rows_at_once):
        count = min(plan.rows_at_once, replicates - start)
        weights = plan.exponential(count, rng)
        others = rows * rng.exponential(size=(count, imagined))
        below.append(heights(weights, others, False))
        above.append(heights(weights, others, True))
    tail = (1 - level) / 2
    low = np.nanquantile(np.concatenate(below), tail, axis=0)
    high = np.nanquantile(np.concatenate(above), 1 - tail, axis=0)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def percentiles(curves: Floats, level: float) -> tuple[Floats, Floats]:
    """Pointwise percentiles of the replicates' curves (replicates, k); shapes (k,)."""
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def averaged(curves: Floats, band: Band) -> tuple[Floats, Floats, Floats, int]:
    """Average replicates' curves vertically, and put a band around the mean.

    Parameters
    ----------
    curves
        Shape (replicates, k); those with a NaN are undefined and left out.
    band
        From the defined curves and their mean to the limits, which are widened to hold the mean;
        not called where none is defined.

    Returns
    -------
    tuple
        Mean, low and high, shapes (k,), NaN where no curve is defined; how many are.
    """
    defined = curves[~np.isnan(curves).any(axis=1)]
    if len(defined) == 0:
        nothing = np.full(curves.shape[1], np.nan)
        return nothing, nothing, nothing, 0
    mean = defined.mean(axis=0)
    low, high = band(defined, mean)
    return mean, np.minimum(low, mean), np.maximum(high, mean), len(defined)
