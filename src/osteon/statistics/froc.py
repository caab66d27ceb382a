"""Free-response detection: figures of merit of marks; AFROC, wAFROC and their relatives.

Sources: Chakraborty and Berbaum 2004 (Med Phys 31:2313); Chakraborty
2017, Observer Performance Methods for Diagnostic Imaging (figures of merit; also RJafroc); Rao and
Scott 1999 (Stat Med 18:1373, counts that vary more than Poisson's).
"""

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from osteon.core.records import Estimate
from osteon.statistics.area_limits import AREA_METHODS, area_estimate
from osteon.statistics.bootstrap import Resampling, bootstrap
from osteon.statistics.checks import (
    Codes,
    Floats,
    require_choice,
    require_level,
    safe_ratio,
    weight_matrix,
)
from osteon.statistics.marks import Marks
from osteon.statistics.proportion import clustered_variance, proportion
from osteon.statistics.rate import garwood_limits

__all__ = [
    "FIGURES",
    "FigureOfMerit",
    "figure_of_merit",
    "figure_of_merit_replicates",
]

FigureOfMerit = Literal[
    "AFROC", "AFROC1", "wAFROC", "wAFROC1", "HrAuc", "HrSe", "HrSp", "MaxLLF", "MaxNLF"
]
FIGURES: tuple[FigureOfMerit, ...] = get_args(FigureOfMerit)


def _weighted_wins(low: Floats, w_low: Floats, high: Floats, w_high: Floats) -> Floats:
    """Share of weighted pairs in which ``high`` is higher, ties half; weights (replicates, k)."""
    values = np.unique(np.concatenate([low, high]))
    place_low, place_high = np.searchsorted(values, low), np.searchsorted(values, high)
    result = np.full(len(w_low), np.nan)
    for r, (a, b) in enumerate(zip(w_low, w_high, strict=True)):
        below = np.bincount(place_low, a, minlength=values.size)
        total = a.sum() * b.sum()
        if total > 0:
            wins = (np.cumsum(below) - below / 2)[place_high]
            result[r] = np.sum(wins * b) / total
    return result


def figure_of_merit_replicates(
    marks: Marks, figure: FigureOfMerit, *, weights: Floats | None = None
) -> Floats:
    """Figure of merit for every row of case weights; weights (replicates, n), result likewise."""
    w = weight_matrix(weights, marks.n_lesions.size)
    diseased = marks.diseased
    if figure == "MaxNLF":
        false = np.bincount(marks.case[marks.lesion < 0], minlength=diseased.size)
        healthy = w[:, ~diseased].sum(axis=1)
        total = w[:, ~diseased] @ false[~diseased].astype(np.float64)
        return safe_ratio(total, healthy)
    if figure in ("HrSe", "HrSp"):
        chosen = diseased if figure == "HrSe" else ~diseased
        right = (marks.highest() > -np.inf) == diseased
        total = w[:, chosen] @ right[chosen].astype(np.float64)
        return safe_ratio(total, w[:, chosen].sum(axis=1))
    if figure == "HrAuc":
        top = marks.highest()
        return _weighted_wins(top[~diseased], w[:, ~diseased], top[diseased], w[:, diseased])
    case, rating = marks.lesions()
    by_lesion = w[:, case]
    if figure == "MaxLLF":
        total = by_lesion.sum(axis=1)
        found = by_lesion @ (rating > -np.inf).astype(np.float64)
        return safe_ratio(found, total)
    if figure.startswith("w"):
        by_lesion = by_lesion / marks.n_lesions[case]
    chosen = np.ones(diseased.size, bool) if figure.endswith("1") else ~diseased
    return _weighted_wins(marks.highest_false()[chosen], w[:, chosen], rating, by_lesion)


def figure_of_merit(
    marks: Marks,
    *,
    rng: np.random.Generator | None = None,
    figure: FigureOfMerit = "wAFROC",
    cluster: ArrayLike | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    method: str = "logit",
) -> Estimate:
    """Figure of merit of free-response marks.

    Estimand of ``AFROC``: the chance that a lesion is rated above the highest false mark of a case
    without disease (unmarked counts lowest, ties half); ``wAFROC`` weighs a case's lesions to one;
    ``AFROC1`` and ``wAFROC1`` take false marks of diseased cases too; ``HrAuc`` compares the
    highest rating of cases, ``HrSe`` (``HrSp``) is the share of cases with (without) disease that
    have a mark (none); ``MaxLLF`` is the share of lesions marked, ``MaxNLF`` the mean number
    of false marks of a case without disease.

    Parameters
    ----------
    marks
        The marks of one reader.
    rng, replicates, level
        As in :func:`osteon.statistics.bootstrap`; ``logit`` needs no ``rng``.
    figure
        Which figure.
    cluster
        Patient of every case, shape (n,).
    method
        ``logit``: areas have the limits of :mod:`osteon.statistics.area_limits`, shares those of
        Clopper and Pearson over patients (:func:`proportion`), ``MaxNLF`` Garwood's of a Poisson
        count, the marks divided by their design effect over patients. ``bootstrap``: percentiles
        over patients, too narrow when a class is small.

    Examples
    --------
    >>> marks = Marks.of([0, 0, 1, 2], [0, 2, 3, 3], [2.0, 3.0, 1.0, 4.0], [-1, 0, -1, 1])
    >>> figure_of_merit(marks, figure="wAFROC").value
    0.8125
    """
    require_level(level)
    require_choice("figure", figure, FIGURES)
    require_choice("method", method, AREA_METHODS)
    n = marks.n_lesions.size

    def statistic(_: Codes, *, weights: Floats) -> Floats:
        return figure_of_merit_replicates(marks, figure, weights=weights)

    if method == "bootstrap":
        return bootstrap(
            statistic, marks.n_lesions, cluster=cluster, rng=rng, replicates=replicates, level=level
        )
    plan, diseased = Resampling.of(n, cluster), marks.diseased
    if figure == "MaxNLF":
        return _mean_count(marks, plan.codes, level)
    exact = "clopper-pearson"
    if figure == "MaxLLF":
        case, rating = marks.lesions()
        return proportion(rating > -np.inf, cluster=plan.codes[case], level=level, method=exact)
    if figure in ("HrSe", "HrSp"):
        chosen = diseased if figure == "HrSe" else ~diseased
        right = (marks.highest() > -np.inf) == diseased
        kept = None if cluster is None else plan.codes[chosen]
        return proportion(right[chosen], cluster=kept, level=level, method=exact)
    others = np.ones(n, dtype=bool) if figure.endswith("1") else ~diseased
    sizes = np.unique(plan.codes[diseased]).size, np.unique(plan.codes[others]).size
    if not min(sizes):
        reason = "cases with and without disease are needed, got one kind"
        return Estimate.undefined(reason, level=level, method=method, n=n)
    return area_estimate(
        lambda w: statistic(marks.n_lesions, weights=w), plan, sizes, level, n, single=True
    )


def _mean_count(marks: Marks, codes: Codes, level: float) -> Estimate:
    """Mean number of false marks of a case without disease, with limits by an effective count."""
    healthy, n = ~marks.diseased, marks.n_lesions.size
    number = np.bincount(marks.case[marks.lesion < 0], minlength=n)
    numbers = np.unique(codes[healthy], return_inverse=True)[1]
    totals = np.bincount(numbers, number[healthy]).astype(np.float64)
    sizes = np.bincount(numbers).astype(np.float64)
    name, total, cases = "Garwood, effective count (Rao and Scott 1999)", totals.sum(), sizes.sum()
    if cases == 0:
        return Estimate.undefined("no case is without disease", level=level, method=name, n=n)
    mean = float(total / cases)
    if sizes.size < 2:
        reason = "one patient without disease: no variance"
        return Estimate(mean, math.nan, math.nan, level, name, n, reason)
    effect = float(sizes.mean())
    if total > 0:
        effect = max(1.0, clustered_variance(totals, sizes) * float(cases) / mean)
    low, high = garwood_limits(float(total) / effect, level)
    scale = effect / float(cases)
    return Estimate(mean, low * scale, high * scale, level, name, n)
