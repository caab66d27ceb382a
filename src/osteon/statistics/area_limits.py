"""Limits of areas that have no closed variance, such as means of areas and those of marks.

The variance is the infinitesimal jackknife's over patients, times m / (m - 1) with m patients in
the smallest class; the limits are those of an area (:mod:`osteon.statistics.contrast`). Those of a
single area are nowhere inside Newcombe's: where a few patients without a mark make the variance, a
study can miss them. Sources: Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans;
Newcombe 2006 (Stat Med 25:559).
"""

import math

import numpy as np

from osteon.core.records import Estimate
from osteon.statistics.contrast import Arm
from osteon.statistics.resampling import Resampling, Vectorised, cluster_influence
from osteon.statistics.roc import newcombe_limits

__all__ = ["AREA_METHODS", "area_estimate"]

AREA_METHODS = ("logit", "bootstrap")


def area_estimate(
    statistic: Vectorised,
    plan: Resampling,
    sizes: tuple[int, int],
    level: float,
    n: int,
    *,
    single: bool = False,
) -> Estimate:
    """Area in [0, 1] with limits on the logit scale, Student's quantile.

    Parameters
    ----------
    statistic
        Area for every row of weights (replicates, n); called with weights near 1.
    plan
        Who is whose patient.
    sizes
        Patients of the two smallest classes.
    level, n
        As in :class:`Estimate`.
    single
        Whether it is one area, and no mean of several.

    Returns
    -------
    Estimate
        Newcombe's limits where the variance is zero; none with one patient in a class.
    """
    value = float(statistic(np.ones((1, plan.codes.size)))[0])
    few, name = min(sizes), "logit, infinitesimal jackknife over patients"
    if math.isnan(value):
        return Estimate.undefined("a class has no rows", level=level, method=name, n=n)
    variance = float(np.sum(cluster_influence(statistic, plan) ** 2))
    if variance <= 1e-16:
        variance, name = 0.0, "Newcombe 2006 method 5 (the variance is zero)"
    elif few < 2:
        reason = "a class has one patient only: no variance"
        return Estimate(value, math.nan, math.nan, level, name, n, reason)
    else:
        variance *= few / (few - 1)
    low, high = Arm(value, variance, *sizes).limits((1 - level) / 2)
    if single:
        least = newcombe_limits(value, *sizes, level)
        low, high = min(low, least[0]), max(high, least[1])
    return Estimate(value, low, high, level, name, n)
