"""Agreement of measurements: intraclass correlation, Bland-Altman, Lin's concordance.

Sources: Shrout and Fleiss 1979 (Psychol Bull 86:420); McGraw and Wong 1996 (Psychol Methods 1:30,
intervals); Bland and Altman 1986 (Lancet 327:307); Carkeet 2015 (Optom Vis Sci 92:e71, exact
intervals of the limits); Lin 1989 (Biometrics 45:255).
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError, UsageError
from osteon.statistics.checks import (
    finite_array,
    number_table,
    require_choice,
    require_level,
    same_length,
)

__all__ = [
    "BlandAltman",
    "IccForm",
    "RatingSquares",
    "bland_altman",
    "intraclass_correlation",
    "lin_concordance",
    "mean_squares",
]

IccForm = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]


@dataclass(frozen=True, slots=True)
class RatingSquares:
    """Mean squares of a two-way layout of n subjects and k raters."""

    n: int
    k: int
    rows: float
    columns: float
    error: float
    within: float


def mean_squares(ratings: ArrayLike) -> RatingSquares:
    """Mean squares of complete ratings, shape (subjects, raters), at least two of each.

    Raises
    ------
    DataError
        If ratings are missing, or there are fewer than two subjects or raters.
    """
    table = number_table("ratings", ratings, "(subjects, raters)", missing=True)
    if min(table.shape) < 2:
        raise DataError(f"ratings have shape {table.shape}, wanted (subjects, raters), 2 or more")
    if np.isnan(table).any():
        raise DataError("ratings hold missing values", remedy="leave these subjects out")
    n, k = table.shape
    mean = table.mean()
    rows = k * float(np.sum((table.mean(axis=1) - mean) ** 2))
    columns = n * float(np.sum((table.mean(axis=0) - mean) ** 2))
    total = float(np.sum((table - mean) ** 2))
    return RatingSquares(
        n=n,
        k=k,
        rows=rows / (n - 1),
        columns=columns / (k - 1),
        error=max(total - rows - columns, 0.0) / ((n - 1) * (k - 1)),
        within=(total - rows) / (n * (k - 1)),
    )


def intraclass_correlation(
    ratings: ArrayLike, *, form: IccForm = "2,1", level: float = 0.95
) -> Estimate:
    """Intraclass correlation in the forms of Shrout and Fleiss.

    Parameters
    ----------
    ratings
        Shape (subjects, raters), complete, at least two of each.
    form
        ``1,1`` each subject has its own raters; ``2,1`` random raters, absolute agreement;
        ``3,1`` these raters, consistency; ``1,k``, ``2,k``, ``3,k`` the mean of the k raters.
    level
        Confidence level.

    Returns
    -------
    Estimate
        F-based interval (McGraw and Wong 1996; ``2,1`` with Satterthwaite's degrees of freedom).
        Undefined when all ratings are equal.

    Examples
    --------
    >>> shrout_fleiss = [
    ...     [9, 2, 5, 8],
    ...     [6, 1, 3, 2],
    ...     [8, 4, 6, 8],
    ...     [7, 1, 2, 6],
    ...     [10, 5, 6, 9],
    ...     [6, 2, 4, 7],
    ... ]
    >>> intraclass_correlation(shrout_fleiss, form="2,1").formatted(2)
    '0.29 (0.02, 0.76)'
    """
    require_level(level)
    require_choice("form", form, ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k"))
    name = f"ICC({form}), F"
    squares = mean_squares(ratings)
    if squares.rows + squares.error + squares.columns == 0:
        reason = "all ratings are equal: there is no variance to share"
        return Estimate.undefined(reason, level=level, method=name, n=squares.n)
    value, low, high = _single(squares, form[0], level)
    if form[2] == "k":
        value, low, high = (_stepped_up(r, squares.k) for r in (value, low, high))
    if math.isnan(low):
        reason = "no variance within subjects: no interval"
        return Estimate(value, math.nan, math.nan, level, name, squares.n, reason)
    return Estimate(value, low, high, level, name, squares.n)


def _stepped_up(single: float, k: int) -> float:
    """Reliability of the mean of k raters (Spearman-Brown)."""
    below = 1 + (k - 1) * single
    return k * single / below if below > 0 else -math.inf


def _single(s: RatingSquares, model: str, level: float) -> tuple[float, float, float]:
    """Value and limits for a single rater; NaN limits without error variance."""
    tail = (1 + level) / 2
    if model == "2":
        return _absolute(s, tail)
    noise, df = (s.within, s.n * (s.k - 1)) if model == "1" else (
        s.error, (s.n - 1) * (s.k - 1))  # fmt: skip
    value = (s.rows - noise) / (s.rows + (s.k - 1) * noise)
    if noise == 0:
        return value, math.nan, math.nan
    ratio = s.rows / noise
    lower = ratio / float(special.fdtri(s.n - 1, df, tail))
    upper = ratio * float(special.fdtri(df, s.n - 1, tail))
    return value, (lower - 1) / (lower + s.k - 1), (upper - 1) / (upper + s.k - 1)


def _absolute(s: RatingSquares, tail: float) -> tuple[float, float, float]:
    n, k = s.n, s.k
    value = (s.rows - s.error) / (s.rows + (k - 1) * s.error + k * (s.columns - s.error) / n)
    if s.error == 0 or value >= 1:
        return value, math.nan, math.nan
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    df = (a * s.columns + b * s.error) ** 2 / (
        (a * s.columns) ** 2 / (k - 1) + (b * s.error) ** 2 / ((n - 1) * (k - 1))
    )
    spread = k * s.columns + (k * n - k - n) * s.error
    lower = float(special.fdtri(n - 1, df, tail))
    upper = float(special.fdtri(df, n - 1, tail))
    low = n * (s.rows - lower * s.error) / (lower * spread + n * s.rows)
    high = n * (upper * s.rows - s.error) / (spread + n * upper * s.rows)
    return value, low, high


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Bias and limits of agreement, each with its interval, in the unit of the values."""

    bias: Estimate
    sd: float
    lower: Estimate
    upper: Estimate


def bland_altman(
    first: ArrayLike,
    second: ArrayLike,
    *,
    multiple: float = 1.96,
    method: str = "exact",
    level: float = 0.95,
) -> BlandAltman:
    """Bias (mean of first - second) and limits ``bias -+ multiple * sd`` of paired measurements.

    Parameters
    ----------
    first, second
        Measurements of the same things, shape (n,), rows independent.
    multiple
        Standard deviations from the bias to a limit, above 0.
    method
        The limits' intervals: ``exact`` takes the noncentral t distribution (Carkeet 2015), and
        holds in small samples of normal differences; ``approximate`` has the standard error
        ``sd * sqrt(3 / n)`` (Bland and Altman 1986) with Student's quantile: too narrow there.
    level
        Confidence level.

    Examples
    --------
    >>> found = bland_altman([1, 2, 3, 4, 5, 6.0], [1.1, 1.8, 3.3, 4.0, 4.6, 6.3])
    >>> found.upper.formatted(2)
    '0.53 (0.26, 1.41)'
    """
    require_level(level)
    require_choice("method", method, ("approximate", "exact"))
    if not multiple > 0:
        raise UsageError(f"multiple is {multiple}, wanted a number above 0")
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(first=a, second=b)
    if n < 2:
        raise DataError(f"got {n} pairs, wanted at least 2")
    gap = a - b
    bias, sd = float(gap.mean()), float(gap.std(ddof=1))
    half = float(special.stdtrit(n - 1, (1 + level) / 2)) * sd / math.sqrt(n)
    if method == "exact":
        shift = multiple * math.sqrt(n)
        inner, outer = (
            float(special.nctdtrit(n - 1, shift, tail)) / math.sqrt(n) * sd
            for tail in ((1 - level) / 2, (1 + level) / 2)
        )
        name = "Carkeet 2015, noncentral t"
    else:
        wide = half * math.sqrt(3)
        inner, outer, name = multiple * sd - wide, multiple * sd + wide, "Bland-Altman 1986"
    return BlandAltman(
        bias=Estimate(bias, bias - half, bias + half, level, "Student", n),
        sd=sd,
        lower=Estimate(bias - multiple * sd, bias - outer, bias - inner, level, name, n),
        upper=Estimate(bias + multiple * sd, bias + inner, bias + outer, level, name, n),
    )


def lin_concordance(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Lin's concordance correlation of paired measurements, interval on Fisher's z scale.

    Shapes (n,), rows independent; moments with divisor n (Lin 1989).
    """
    require_level(level)
    a, b = finite_array("first", first), finite_array("second", second)
    n = same_length(first=a, second=b)
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        reason = "fewer than three pairs, or one of the two does not vary"
        return Estimate.undefined(reason, level=level, method="Fisher z", n=n)
    sa, sb = float(a.std()), float(b.std())
    shift = float((b.mean() - a.mean()) ** 2 / (sa * sb))
    r = float(np.corrcoef(a, b)[0, 1])
    value = 2 * r * sa * sb / (sa**2 + sb**2 + (a.mean() - b.mean()) ** 2)
    if abs(r) >= 1 or abs(value) >= 1 or value == 0:
        reason = "the measurements are in line: no interval on Fisher's scale"
        return Estimate(float(value), math.nan, math.nan, level, "Fisher z", n, reason)
    first_term = (1 - r**2) * value**2 / ((1 - value**2) * r**2)
    second_term = 2 * value**3 * (1 - value) * shift / (r * (1 - value**2) ** 2)
    third_term = value**4 * shift**2 / (2 * r**2 * (1 - value**2) ** 2)
    se = math.sqrt((first_term + second_term - third_term) / (n - 2))
    half = float(special.ndtri((1 + level) / 2)) * se
    centre = math.atanh(value)
    return Estimate(
        float(value), math.tanh(centre - half), math.tanh(centre + half), level, "Fisher z", n
    )
