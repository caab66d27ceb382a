"""Bands of ROC curves: for one false-positive fraction, or for the whole curve.

Sources: Fawcett 2006 (Pattern Recognit Lett 27:861, vertical averaging); Campbell 1994 (Stat Med
13:499, joint rectangles and the band of fixed width); Gu, Ghosal and Roy 2008 (Stat Med 27:5407,
the Bayesian bootstrap of the curve).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from osteon.core.records import Curve
from osteon.statistics.checks import (
    Bools,
    Floats,
    outcome_and_score,
    require_choice,
    require_generator,
    require_level,
)
from osteon.statistics.curve_limits import CURVE_METHODS, averaged, curve_limits, percentiles
from osteon.statistics.limits import class_sizes, smaller_class, warning
from osteon.statistics.resampling import Resampling, replicate_values
from osteon.statistics.roc_curve import roc_points

__all__ = ["roc_band"]

ROUNDING = 1e-12  # of fractions that are sums
FEW = 20  # of the smaller class: below it percentiles hold less than they say


def _heights(
    truth: Bools,
    score: Floats,
    grid: Floats,
    weights: Floats | None,
) -> Floats:
    fpf, tpf, _ = roc_points(truth, score, weights)
    rows = [np.interp(grid, x, y) for x, y in zip(fpf, tpf, strict=True)]
    return np.stack(rows)


def roc_band(
    reference_standard: ArrayLike,
    score: ArrayLike,
    *,
    rng: np.random.Generator | None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    one_per_cluster: bool = False,
    kind: str = "pointwise",
    level: float = 0.95,
    method: str = "imagined",
) -> Curve:
    """ROC curve by vertical averaging over bootstrap replicates, with its band.

    At every false-positive fraction of a grid of 101 points the replicates' sensitivities are
    averaged (``y``). A ``pointwise`` band holds the sensitivity at one fraction that is chosen
    beforehand, a ``simultaneous`` one the whole curve.

    Parameters
    ----------
    reference_standard, score, cluster
        As in :func:`auroc`.
    rng, replicates, one_per_cluster, level
        As in :func:`osteon.statistics.bootstrap`.
    kind
        ``pointwise`` or ``simultaneous``.
    method
        ``imagined``: pointwise, the limits of :mod:`osteon.statistics.curve_limits`, with an
        imagined positive and negative; simultaneous, the joint rectangles of Kolmogorov's and
        Smirnov's limits of both classes (Campbell 1994), patients counted. ``bootstrap``: the
        replicates' percentiles, or a band of fixed width around the average that contains a whole
        replicate curve with probability ``level``; too narrow, and they say so.

    Returns
    -------
    Curve
        ``method`` names the band and the replicates that were undefined.
    """
    require_level(level)
    require_choice("kind", kind, ("pointwise", "simultaneous"))
    require_choice("method", method, CURVE_METHODS)
    generator = require_generator(rng)
    truth, values = outcome_and_score(reference_standard, score)
    grid = np.linspace(0, 1, 101)
    plan = Resampling.of(truth.size, cluster, one_per_cluster=one_per_cluster)

    def statistic(t: Bools, s: Floats, *, weights: Floats) -> Floats:
        return _heights(t, s, grid, weights)

    curves = np.full((1, grid.size), np.nan)
    if truth.any() and not truth.all():
        curves = replicate_values(statistic, (truth, values), plan, replicates, generator)

    def band(defined: Floats, mean: Floats) -> tuple[Floats, Floats]:
        if method == "bootstrap":
            return _percentile_band(defined, mean, kind, level)
        if kind == "pointwise":
            return _imagined_band(truth, values, grid, plan, (replicates, generator), level)
        return _rectangles(truth, values, grid, plan, level)

    mean, low, high, defined = averaged(curves, band)
    told = f"vertical averaging, {replicates} replicates, {kind} {level:.0%} band, {method}"
    if defined < replicates:
        told += f", {replicates - defined} replicates undefined (one class)"
    if defined and method == "bootstrap":
        few = smaller_class(truth, plan.codes)
        told += warning(few, FEW if kind == "pointwise" else truth.size, "in the smaller class")
    return Curve(grid, mean, low, high, "false_positive_fraction", "sensitivity", told, truth.size)


def _percentile_band(
    curves: Floats, mean: Floats, kind: str, level: float
) -> tuple[Floats, Floats]:
    if kind == "pointwise":
        return percentiles(curves, level)
    width = np.quantile(np.abs(curves - mean).max(axis=1), level)
    return np.clip(mean - width, 0, 1), np.clip(mean + width, 0, 1)


def _imagined_band(
    truth: Bools,
    score: Floats,
    grid: Floats,
    plan: Resampling,
    drawn: tuple[int, np.random.Generator],
    level: float,
) -> tuple[Floats, Floats]:
    """Lower the curve by a positive below and a negative above all, lift it by the reverse."""
    joined = np.append(truth, [True, False])
    ends = np.array([score.min() - 1, score.max() + 1])

    def heights(weights: Floats, imagined: Floats, lifted: bool) -> Floats:
        placed = np.append(score, ends[::-1] if lifted else ends)
        return _heights(joined, placed, grid, np.hstack([weights, imagined]))

    return curve_limits(heights, 2, plan, *drawn, level)


def _rectangles(
    truth: Bools, score: Floats, grid: Floats, plan: Resampling, level: float
) -> tuple[Floats, Floats]:
    """Shift the curve by both classes' limits, each at the root of the level."""
    sizes = class_sizes(truth, plan.codes)
    up, right = (float(stats.kstwo.ppf(math.sqrt(level), size)) for size in sizes)
    fpf, tpf, _ = roc_points(truth, score)
    x, y = fpf[0], tpf[0]
    first = np.searchsorted(x, grid - right - ROUNDING, side="left")
    last = np.searchsorted(x, grid + right + ROUNDING, side="right") - 1
    return np.clip(y[first] - up, 0, 1), np.clip(y[last] + up, 0, 1)
