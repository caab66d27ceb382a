"""Describing numbers: quartiles, the 1.5 IQR rule, mean and median with intervals.

Sources: Tukey 1977 (fences); Hyndman and Fan 1996 (quantiles, type 7); Conover 1999 (median's
interval from order statistics).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.statistics.checks import Bools, finite_array, require_level

__all__ = ["Summary", "mean_interval", "outliers_iqr", "summarise_values"]


def outliers_iqr(values: ArrayLike, *, factor: float = 1.5) -> Bools:
    """Mark values further than ``factor`` interquartile ranges outside the quartiles.

    Returns shape (n,), bool. Fewer than four values mark nothing.

    Examples
    --------
    >>> outliers_iqr([1, 2, 3, 4, 100]).tolist()
    [False, False, False, False, True]
    """
    array = finite_array("values", values)
    if array.size < 4:
        return np.zeros(array.size, dtype=bool)
    q1, q3 = np.quantile(array, [0.25, 0.75])
    reach = factor * (q3 - q1)
    return np.asarray((array < q1 - reach) | (array > q3 + reach), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Summary:
    """Numbers of a table row: all in the unit of the values; NaN when there are too few."""

    n: int
    n_outliers: int
    mean: Estimate
    sd: float
    minimum: float
    q1: float
    median: float
    q3: float
    maximum: float


def summarise_values(
    values: ArrayLike, *, without_outliers: bool = False, level: float = 0.95
) -> Summary:
    """Summarise numbers; with ``without_outliers`` after the 1.5 IQR rule (their count is kept).

    Examples
    --------
    >>> summary = summarise_values([1, 2, 3, 4, 100], without_outliers=True)
    >>> summary.n, summary.n_outliers, summary.median
    (4, 1, 2.5)
    """
    array = finite_array("values", values)
    marked = outliers_iqr(array)
    kept = array[~marked] if without_outliers else array
    if kept.size == 0:
        nan = math.nan
        return Summary(0, 0, mean_interval(kept, level=level), nan, nan, nan, nan, nan, nan)
    low, q1, median, q3, high = np.quantile(kept, [0, 0.25, 0.5, 0.75, 1]).tolist()
    sd = float(kept.std(ddof=1)) if kept.size > 1 else math.nan
    mean = mean_interval(kept, level=level)
    return Summary(kept.size, int(marked.sum()), mean, sd, low, q1, median, q3, high)


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Estimate the mean of independent values with Student's interval; shape (n,)."""
    require_level(level)
    array = finite_array("values", values)
    if array.size == 0:
        return Estimate.undefined("no values", level=level, method="Student", n=0)
    mean = float(array.mean())
    if array.size == 1:
        return Estimate(mean, math.nan, math.nan, level, "Student", 1, "one value: no variance")
    se = float(array.std(ddof=1)) / math.sqrt(array.size)
    half = float(special.stdtrit(array.size - 1, (1 + level) / 2)) * se
    return Estimate(mean, mean - half, mean + half, level, "Student", array.size)
