"""Limits of the mean of bounded values that hold with few of them, and with rare large ones.

Gaffke's limits: one imagined unit at the worst bound joins the data, and the limit is the quantile
of their mean when all units have random weights of exponential law. Of 0/1 values this is the
interval of Clopper and Pearson; in large samples it is the usual one, skewness minded. The quantile
comes from the saddlepoint formula, so nothing is drawn. Sources: Gaffke 2005 (Math Methods Stat
14:451); Learned-Miller and Thomas 2020 (arXiv:1905.06208) and Phan, Thomas and Learned-Miller 2021
(ICML, PMLR 139:8567), on why it holds; Barndorff-Nielsen 1986 (Biometrika 73:307) and Butler 2007,
Saddlepoint Approximations with Applications (the formula).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import Codes, Floats, cluster_codes

__all__ = ["MEAN_METHODS", "bounded_mean", "bounded_mean_limits"]

MEAN_METHODS = ("gaffke", "bootstrap")

_NEAR = 1e-5  # of the saddlepoint's root: nearer to the centre the correction is left out
_STEPS, _CLOSE, _DONE = 100, 0.25, 1e-9  # of Newton's method, in units of its decrement


def bounded_mean(
    values: Floats, cluster: ArrayLike | None, bounds: tuple[float, float], level: float
) -> Estimate:
    """Mean of values within bounds, NaN left out, with Gaffke's limits; shape (n,).

    Raises
    ------
    DataError
        If a value is outside the bounds.
    """
    there = ~np.isnan(values)
    kept, codes = values[there], cluster_codes(cluster, values.size)[there]
    name = "Gaffke" + ("" if cluster is None else ", clustered")
    if kept.size == 0:
        return Estimate.undefined("no value", level=level, method=name, n=values.size)
    if kept.min() < bounds[0] or kept.max() > bounds[1]:
        raise DataError(
            f"values run from {kept.min():g} to {kept.max():g}, wanted them inside the bounds"
            f" {bounds[0]:g} and {bounds[1]:g}"
        )
    numbers = np.unique(codes, return_inverse=True)[1]
    low, high = bounded_mean_limits(kept, numbers, bounds, level)
    return Estimate(float(kept.mean()), low, high, level, name, values.size)


def bounded_mean_limits(
    values: Floats, codes: Codes, bounds: tuple[float, float], level: float
) -> tuple[float, float]:
    """Limits of the mean of values within bounds, by Gaffke's imagined unit at each bound.

    Patients are weighted whole. The imagined one has as many rows as one row is worth among
    patients: the design effect of the values, at least 1 and at most the mean number of rows.

    Parameters
    ----------
    values
        Shape (n,), n at least 1.
    codes
        Patient number of every row, shape (n,).
    bounds
        Least and greatest value of the imagined unit: the bounds of what is averaged.
    level
        Confidence level.

    Examples
    --------
    >>> values = np.array([0, 1] + [0] * 28, dtype=float)
    >>> low, high = bounded_mean_limits(values, np.arange(30), (0, 1), 0.95)
    >>> round(low, 4), round(high, 3)  # Clopper and Pearson: 0.0008, 0.172
    (0.0008, 0.172)
    """
    totals, sizes = (
        np.bincount(codes, values).astype(np.float64),
        np.bincount(codes).astype(np.float64),
    )
    imagined = _design_effect(values, totals, sizes)
    quantile = float(special.ndtri((1 + level) / 2))
    low, high = (
        _limit(np.append(totals, imagined * bound), np.append(sizes, imagined), bound, z)
        for bound, z in zip(bounds, (-quantile, quantile), strict=True)
    )
    return low, high


def _design_effect(values: Floats, totals: Floats, sizes: Floats) -> float:
    mean, most, k = float(values.mean()), float(sizes.mean()), sizes.size
    independent = float(np.sum((values - mean) ** 2))
    if independent == 0 or k < 2:
        return most
    between = k / (k - 1) * float(np.sum((totals - mean * sizes) ** 2))
    return min(max(1.0, between / independent), most)


def _limit(totals: Floats, sizes: Floats, bound: float, quantile: float) -> float:
    """Quantile of the randomly weighted mean; the last unit is the imagined one."""
    means = totals / sizes
    least, most = float(means.min()), float(means.max())
    if most - least <= 1e-12 * max(1.0, abs(most)):
        return bound
    edge = 1e-9 * (most - least)

    def excess(mean: float) -> float:
        return _normal_quantile(totals - mean * sizes) - quantile

    inside = (least + edge, most - edge)
    if excess(inside[0]) > 0:
        return least
    if excess(inside[1]) < 0:
        return most
    return float(optimize.brentq(excess, *inside, xtol=1e-7 * (most - least)))


def _normal_quantile(gaps: Floats) -> float:
    """Find the normal quantile of the chance that ``sum(E * gaps) <= 0``, E exponential."""
    tilt = 0.0
    for _ in range(_STEPS):  # damped by the decrement: the sum of logarithms is self-concordant
        shares = gaps / (1 - tilt * gaps)
        slope, norm = float(shares.sum()), math.sqrt(float(shares @ shares))
        decrement = slope / norm
        tilt -= decrement / norm / (1 + (abs(decrement) if abs(decrement) > _CLOSE else 0.0))
        if abs(decrement) < _DONE:
            break
    shrunk = 1 - tilt * gaps
    root = math.copysign(math.sqrt(max(0.0, 2 * float(np.sum(np.log(shrunk))))), tilt)
    if abs(root) < _NEAR:
        return root
    spread = tilt * math.sqrt(float(np.sum((gaps / shrunk) ** 2)))
    return root + math.log(spread / root) / root
