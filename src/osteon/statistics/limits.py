"""From a standard error to limits: plain, on the logit scale, and what few events do to them.

Sources: Pepe 2003, The Statistical Evaluation of Medical Tests (logit transform of an area); the
numbers below which an interval warns are read off the simulations of docs/coverage.md.
"""

import numpy as np
from scipy import special

from osteon.statistics.checks import Bools, Codes

__all__ = [
    "DISTANCE_WARNING",
    "WARNING",
    "class_sizes",
    "logit_limits",
    "plain_limits",
    "smaller_class",
    "warning",
]

WARNING = "may be too narrow"
DISTANCE_WARNING = f"; {WARNING}: a distance is biased upwards"


def plain_limits(value: float, se: float, level: float) -> tuple[float, float]:
    """Value plus and minus the normal quantile times its standard error, cut to [0, 1]."""
    half = float(special.ndtri((1 + level) / 2)) * se
    return max(0.0, value - half), min(1.0, value + half)


def logit_limits(value: float, se: float, level: float, df: float) -> tuple[float, float]:
    """Limits of a value inside (0, 1) on the logit scale, by Student's quantile.

    Examples
    --------
    >>> low, high = logit_limits(0.9, 0.03, 0.95, 40)
    >>> round(low, 3), round(high, 3)
    (0.821, 0.946)
    """
    half = float(special.stdtrit(df, (1 + level) / 2)) * se / (value * (1 - value))
    centre = float(special.logit(value))
    return float(special.expit(centre - half)), float(special.expit(centre + half))


def smaller_class(truth: Bools, codes: Codes | None = None) -> int:
    """Rows (or clusters that hold one) of the class that has fewer."""
    return min(class_sizes(truth, codes))


def class_sizes(truth: Bools, codes: Codes | None = None) -> tuple[int, int]:
    """Rows (or clusters that hold one) of the positives and of the negatives."""
    units = np.arange(truth.size) if codes is None else codes
    return int(np.unique(units[truth]).size), int(np.unique(units[~truth]).size)


def warning(count: int, enough: int, what: str = "events or patients with one") -> str:
    """Say in an estimate's method that its interval may hold less often than its level.

    Examples
    --------
    >>> warning(4, 10), warning(12, 10)
    ('; may be too narrow: 4 events or patients with one', '')
    """
    return "" if count >= enough else f"; {WARNING}: {count} {what}"
