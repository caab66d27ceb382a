"""Several tests at once: adjusted p values.

Sources: Holm 1979 (Scand J Stat 6:65); Hochberg 1988 (Biometrika 75:800); Benjamini and Hochberg
1995 (JRSS B 57:289); Benjamini and Yekutieli 2001 (Ann Stat 29:1165).
"""

import numpy as np
from numpy.typing import ArrayLike

from osteon.statistics.checks import Floats, probability_array

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "bonferroni", "hochberg", "holm"]


def bonferroni(p_values: ArrayLike) -> Floats:
    """Multiply by the number of tests; controls the chance of any false rejection; shape (m,)."""
    p = probability_array("p_values", p_values)
    return np.minimum(1.0, p * p.size)


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p values step down (Holm): any dependence, never weaker than Bonferroni; shape (m,).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    p = probability_array("p_values", p_values)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _put(np.minimum(1.0, steps), order)


def hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p values step up (Hochberg): for independent or positively dependent tests."""
    p = probability_array("p_values", p_values)
    return _step_up(p, np.arange(1, p.size + 1, dtype=np.float64))


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p values for the false discovery rate; independent or positively dependent tests."""
    p = probability_array("p_values", p_values)
    return _step_up(p, p.size / np.arange(p.size, 0, -1))


def benjamini_yekutieli(p_values: ArrayLike) -> Floats:
    """Adjust p values for the false discovery rate under any dependence."""
    p = probability_array("p_values", p_values)
    harmonic = float(np.sum(1 / np.arange(1, p.size + 1)))
    return _step_up(p, harmonic * p.size / np.arange(p.size, 0, -1))


def _step_up(p: Floats, factors: Floats) -> Floats:
    """Cumulative minimum from the largest p value down, each times its factor."""
    order = np.argsort(-p, kind="stable")
    return _put(np.minimum(1.0, np.minimum.accumulate(p[order] * factors)), order)


def _put(values: Floats, order: np.ndarray) -> Floats:
    result = np.empty_like(values)
    result[order] = values
    return result
