"""Smooth calibration: the loess curve of outcomes, and how far probabilities lie from it.

The smoother is Cleveland's loess (degree 2, span 0.75, as R's ``loess``) from scikit-misc, which
wraps his own program. Sources: Cleveland, Grosse and Shyu 1992 (loess); Austin and Steyerberg 2019
(Stat Med 38:4051, ICI, E50, E90).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from skmisc.loess import loess

from osteon.core.records import Curve, Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.bootstrap import DISTANCE_METHODS, distance_limits, summarise
from osteon.statistics.checks import (
    Floats,
    outcome_and_probability,
    require_choice,
    require_generator,
    require_level,
)
from osteon.statistics.limits import DISTANCE_WARNING, smaller_class, warning
from osteon.statistics.resampling import Resampling, replicate_values
from osteon.statistics.smooth_limits import smooth_limits

__all__ = [
    "CalibrationErrors",
    "calibration_errors",
    "calibration_errors_of",
    "integrated_calibration_index",
    "smooth_calibration_curve",
    "smooth_calibration_of",
    "smoothed",
]

DEGREE = 2
GRID = 101  # points of the curve
LEAST = 10  # distinct probabilities that a local parabola needs
BAND_METHODS = ("effective", "bootstrap")
FEW = 50  # patients with the event, or without: below it percentiles hold less than they say
FEWEST = 2  # patients with the event, and without: with fewer, replicates hardly vary


def smoothed(outcome: Floats, probability: Floats, at: Floats, *, span: float = 0.75) -> Floats:
    """Smooth outcomes against probabilities by loess, and read the curve off.

    Parameters
    ----------
    outcome, probability
        Outcomes (0 or 1, or pseudo-values) and probabilities, shape (n,).
    at
        Where the curve is wanted, inside the range of the probabilities, shape (m,).
    span
        Share of the rows that each local fit sees.

    Returns
    -------
    ndarray
        Shape (m,), not cut to [0, 1]; NaN throughout with fewer than ten distinct probabilities,
        or where they are so few that no local parabola can be fitted.
    """
    nothing = np.full(at.size, np.nan)
    if np.unique(probability).size < LEAST:
        return nothing
    # the trace serves standard errors, which are not used here; exactly it would take O(n**2)
    model = loess(probability, outcome, span=span, degree=DEGREE, trace_hat="approximate")
    try:
        model.fit()
        return np.asarray(model.predict(at).values, dtype=np.float64)
    except ValueError:  # too few distinct neighbours for a parabola
        return nothing


def _require_span(span: float) -> None:
    if not 0 < span <= 1:
        raise UsageError(f"span is {span}, wanted a number in (0, 1]")


def smooth_calibration_curve(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    span: float = 0.75,
    cluster: ArrayLike | None = None,
    replicates: int = 500,
    level: float = 0.95,
    method: str = "effective",
) -> Curve:
    """Loess curve of the outcome against the probability, with a pointwise band.

    Parameters
    ----------
    reference_standard
        0 or 1, shape (n,).
    probability
        In [0, 1], shape (n,).
    span
        Share of the rows that each local fit sees.
    cluster, level
        As in :func:`osteon.statistics.bootstrap`.
    method
        ``effective``: the limits of :mod:`osteon.statistics.smooth_limits`. ``bootstrap``:
        percentiles over ``replicates``, which needs ``rng``; too narrow with few events, and says
        so.

    Returns
    -------
    Curve
        101 points over the range of the probabilities; NaN with fewer than ten distinct ones.
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    plan = Resampling.of(truth.size, cluster)
    return smooth_calibration_of(
        truth.astype(np.float64), chance, plan, smaller_class(truth, plan.codes), rng=rng,
        span=span, replicates=replicates, level=level, method=method,
    )  # fmt: skip


def smooth_calibration_of(
    outcome: Floats,
    chance: Floats,
    plan: Resampling,
    few: int,
    *,
    rng: np.random.Generator | None,
    span: float,
    replicates: int,
    level: float,
    method: str,
) -> Curve:
    """Curve and band of outcomes or pseudo-values; as :func:`smooth_calibration_curve`.

    ``few`` counts the patients with the event or without, whichever are fewer.
    """
    require_level(level)
    _require_span(span)
    require_choice("method", method, BAND_METHODS)
    if outcome.size == 0:
        raise DataError("a calibration curve got no rows")
    grid = np.linspace(chance.min(), chance.max(), GRID)

    def statistic(y: Floats, p: Floats) -> Floats:
        inside = (grid >= p.min()) & (grid <= p.max())
        found = np.full(grid.size, np.nan)
        found[inside] = np.clip(smoothed(y, p, grid[inside], span=span), 0, 1)
        return found

    y = statistic(outcome, chance)
    told = f"loess of degree {DEGREE}, span {span:g}, pointwise {level:.0%} band, {method}"
    if method == "bootstrap":
        told += f", {replicates} replicates{warning(few, FEW)}"
    low, high = np.full(GRID, np.nan), np.full(GRID, np.nan)
    if not np.isnan(y).all() and method == "effective":
        low, high = smooth_limits(outcome, chance, plan.codes, grid, y, span, level)
    elif not np.isnan(y).all():
        drawn = replicate_values(
            statistic, (outcome, chance), plan, replicates, require_generator(rng)
        )
        enough = np.flatnonzero((~np.isnan(drawn)).mean(axis=0) >= 0.5)
        tails = [(1 - level) / 2, (1 + level) / 2]
        low[enough], high[enough] = np.nanquantile(drawn[:, enough], tails, axis=0)
    return Curve(grid, y, low, high, "probability", "observed share", told, outcome.size)


@dataclass(frozen=True, slots=True)
class CalibrationErrors:
    """Absolute distances of probabilities from the smooth curve.

    Parameters
    ----------
    ici
        Their mean: the integrated calibration index.
    e50, e90, emax
        Median, 90th percentile and largest.
    """

    ici: Estimate
    e50: Estimate
    e90: Estimate
    emax: Estimate


def calibration_errors(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    rng: np.random.Generator | None,
    span: float = 0.75,
    cluster: ArrayLike | None = None,
    replicates: int = 500,
    level: float = 0.95,
    method: str = "upper",
) -> CalibrationErrors:
    """ICI, E50, E90 and Emax (Austin and Steyerberg 2019), with intervals by bootstrap.

    They are distances, at least 0, and biased upwards in small samples. ``method`` is ``upper``
    (from 0 to the upper percentile) or ``percentile`` (both percentiles: misses truths that are
    small for the sample, and says so); there is none with fewer than two patients with the event,
    or without. Other arguments as in :func:`smooth_calibration_curve`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chance = rng.uniform(0.05, 0.95, 400)
    >>> found = calibration_errors(rng.random(400) < chance**2, chance, rng=rng, replicates=50)
    >>> found.ici.formatted(2)
    '0.17 (0.00, 0.21)'
    """
    truth, chance = outcome_and_probability(reference_standard, probability)
    plan = Resampling.of(truth.size, cluster)
    return calibration_errors_of(
        truth.astype(np.float64), chance, plan, smaller_class(truth, plan.codes), rng=rng,
        span=span, replicates=replicates, level=level, method=method,
    )  # fmt: skip


def calibration_errors_of(
    outcome: Floats,
    chance: Floats,
    plan: Resampling,
    few: int,
    *,
    rng: np.random.Generator | None,
    span: float,
    replicates: int,
    level: float,
    method: str,
) -> CalibrationErrors:
    """Distances from the curve of outcomes or pseudo-values; as :func:`calibration_errors`.

    ``few`` counts the patients with the event or without, whichever are fewer.
    """
    require_level(level)
    _require_span(span)
    require_choice("method", method, DISTANCE_METHODS)
    name = f"loess of degree {DEGREE}, span {span:g}"

    def statistic(y: Floats, p: Floats) -> Floats:
        gap = np.abs(p - smoothed(y, p, p, span=span))
        return np.array([gap.mean(), *np.quantile(gap, [0.5, 0.9]), gap.max()])

    if np.unique(chance).size < LEAST:
        reason = f"fewer than {LEAST} distinct probabilities: nothing to smooth"
        nothing = Estimate.undefined(reason, level=level, method=name, n=chance.size)
        return CalibrationErrors(nothing, nothing, nothing, nothing)
    points = statistic(outcome, chance)
    told = f"{name}; bootstrap, {replicates} replicates, {method}"
    told += DISTANCE_WARNING if method == "percentile" else ""
    if few < FEWEST:
        reason = f"patients with the event (or without): {few}, wanted {FEWEST} for an interval"
        return CalibrationErrors(*(
            Estimate(point, np.nan, np.nan, level, told, chance.size, reason)
            for point in points.tolist()
        ))  # fmt: skip
    drawn = replicate_values(statistic, (outcome, chance), plan, replicates, require_generator(rng))
    return CalibrationErrors(
        *(
            summarise(
                column,
                point,
                level=level,
                method=told,
                n=chance.size,
                limits=distance_limits(column, level, method),
            )
            for column, point in zip(drawn.T, points.tolist(), strict=True)
        )
    )


def integrated_calibration_index(
    reference_standard: ArrayLike,
    probability: ArrayLike,
    *,
    rng: np.random.Generator | None,
    span: float = 0.75,
    cluster: ArrayLike | None = None,
    replicates: int = 500,
    level: float = 0.95,
    method: str = "upper",
) -> Estimate:
    """Mean absolute distance of probabilities from the smooth curve: :func:`calibration_errors`."""
    return calibration_errors(
        reference_standard, probability, rng=rng, span=span, cluster=cluster,
        replicates=replicates, level=level, method=method,
    ).ici  # fmt: skip
