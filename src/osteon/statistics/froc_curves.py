"""FROC curves: lesions found against false marks for each case, with limits at every point.

Sources: Bunch et al. 1977 (FROC); Chakraborty 2017, Observer Performance Methods for Diagnostic
Imaging (also RJafroc).
"""

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Curve, Estimate
from osteon.statistics.bootstrap import summarise
from osteon.statistics.checks import (
    Codes,
    Floats,
    finite_array,
    require_choice,
    require_generator,
    require_level,
)
from osteon.statistics.curve_limits import CURVE_METHODS, averaged, curve_limits, percentiles
from osteon.statistics.limits import warning
from osteon.statistics.marks import Marks
from osteon.statistics.resampling import Resampling, replicate_values

__all__ = ["froc_curve", "froc_points", "froc_sensitivity"]

FEW = 20  # patients with a lesion: below it percentiles hold less than they say


def froc_points(marks: Marks, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Count false marks for each case and lesions found at every cut; (replicates, cuts)."""
    case, rating = marks.lesions()
    false = marks.lesion < 0
    there = rating > -np.inf
    cuts = np.unique(np.concatenate([marks.rating[false], rating[there]]))[::-1]
    place_false = np.searchsorted(-cuts, -marks.rating[false])
    place_true = np.searchsorted(-cuts, -rating[there])
    cases = w.sum(axis=1)
    lesions = w @ marks.n_lesions.astype(np.float64)
    rows = len(w)
    x, y = np.zeros((rows, cuts.size)), np.zeros((rows, cuts.size))
    w_false, w_true = w[:, marks.case[false]], w[:, case[there]]
    for r in range(rows):
        x[r] = np.cumsum(np.bincount(place_false, w_false[r], minlength=cuts.size))
        y[r] = np.cumsum(np.bincount(place_true, w_true[r], minlength=cuts.size))
    with np.errstate(invalid="ignore", divide="ignore"):
        return x / cases[:, None], y / lesions[:, None], cuts


def froc_curve(
    marks: Marks,
    *,
    rng: np.random.Generator | None,
    grid: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "imagined",
) -> Curve:
    """FROC curve by vertical averaging over bootstrap replicates, with a pointwise band.

    ``x`` is the mean number of false marks for each case (0 to the most that occur, 101 points, or
    ``grid``), ``y`` the share of lesions found, as replicates' mean; beyond a replicate's last
    mark its share stays.

    Parameters
    ----------
    marks
        The marks of one reader.
    cluster
        Patient of every case, shape (n,).
    rng, replicates, level
        As in :func:`osteon.statistics.bootstrap`.
    method
        ``imagined``: the limits of :mod:`osteon.statistics.curve_limits`; the imagined case has as
        many lesions as one with disease has, none of them found, and above all ratings as many
        false marks as a case has at most, or has all found and no false mark. ``bootstrap``:
        percentiles over patients, too narrow with few lesions, and says so.
    """
    generator = require_generator(rng)
    require_level(level)
    require_choice("method", method, CURVE_METHODS)
    plan = Resampling.of(marks.n_lesions.size, cluster)
    top = float(froc_points(marks, np.ones((1, marks.n_lesions.size)))[0].max(initial=0.0)) or 1.0
    points = np.linspace(0, top, 101) if grid is None else finite_array("grid", grid)
    curves = _replicates(marks, points, plan, replicates, generator)

    def band(defined: Floats, _: Floats) -> tuple[Floats, Floats]:
        if method == "bootstrap":
            return percentiles(defined, level)
        return _limits(marks, points, plan, (replicates, generator), level)

    mean, low, high, defined = averaged(curves, band)
    told = f"vertical averaging, {replicates} replicates, pointwise {level:.0%} band"
    told += _told(marks, plan, method)
    if defined < replicates:
        told += f", {replicates - defined} replicates undefined (no lesion)"
    n = marks.n_lesions.size
    return Curve(points, mean, low, high, "false marks per case", "lesions found", told, n)


def froc_sensitivity(
    marks: Marks,
    false_marks_per_case: float,
    *,
    rng: np.random.Generator | None,
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "imagined",
) -> Estimate:
    """Share of lesions found at no more than so many false marks for each case.

    The cut is chosen in every replicate anew. Arguments as in :func:`froc_curve`.
    """
    generator = require_generator(rng)
    require_level(level)
    require_choice("method", method, CURVE_METHODS)
    points = finite_array("false_marks_per_case", [false_marks_per_case])
    n = marks.n_lesions.size
    plan = Resampling.of(n, cluster)
    told = f"{replicates} replicates" + _told(marks, plan, method)
    if not marks.diseased.any():
        return Estimate.undefined("no case has a lesion", level=level, method=told, n=n)
    value = float(_heights(marks, points, np.ones((1, n)))[0, 0])
    if method == "bootstrap":
        drawn = _replicates(marks, points, plan, replicates, generator)[:, 0]
        return summarise(drawn, value, level=level, method=told, n=n)
    low, high = _limits(marks, points, plan, (replicates, generator), level)
    return Estimate(value, min(float(low[0]), value), max(float(high[0]), value), level, told, n)


def _told(marks: Marks, plan: Resampling, method: str) -> str:
    patients = np.unique(plan.codes[marks.diseased]).size
    few = warning(patients, FEW, "patients with a lesion") if method == "bootstrap" else ""
    return f", {method}{few}"


def _heights(marks: Marks, grid: Floats, weights: Floats) -> Floats:
    x, y, _ = froc_points(marks, weights)
    rows = []
    for a, b in zip(x, y, strict=True):
        place = np.searchsorted(a, grid * (1 + 1e-12), side="right")
        rows.append(np.concatenate([[np.nan if np.isnan(b).any() else 0.0], b])[place])
    return np.stack(rows)


def _replicates(
    marks: Marks, grid: Floats, plan: Resampling, replicates: int, rng: np.random.Generator
) -> Floats:
    def statistic(_: Codes, *, weights: Floats) -> Floats:
        return _heights(marks, grid, weights)

    return replicate_values(statistic, (marks.n_lesions,), plan, replicates, rng)


def _limits(
    marks: Marks,
    grid: Floats,
    plan: Resampling,
    drawn: tuple[int, np.random.Generator],
    level: float,
) -> tuple[Floats, Floats]:
    joined = {lifted: _with_imagined_case(marks, lifted) for lifted in (False, True)}

    def heights(weights: Floats, imagined: Floats, lifted: bool) -> Floats:
        return _heights(joined[lifted], grid, np.hstack([weights, imagined]))

    return curve_limits(heights, 1, plan, *drawn, level)


def _with_imagined_case(marks: Marks, lifted: bool) -> Marks:
    """Add a case whose lesions are all found first, or that has false marks above all others."""
    case, highest = marks.n_lesions.size, float(marks.rating.max(initial=0.0)) + 1
    lesions = round(float(marks.n_lesions[marks.diseased].mean()))
    false = np.bincount(marks.case[marks.lesion < 0])
    added = np.arange(lesions) if lifted else np.full(max(1, int(false.max(initial=0))), -1)
    return Marks(
        np.append(marks.n_lesions, lesions),
        np.append(marks.case, np.full(added.size, case)),
        np.append(marks.rating, np.full(added.size, highest)),
        np.append(marks.lesion, added),
    )
