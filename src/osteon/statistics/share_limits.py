"""Limits of a share of successes, by name.

Sources: Wilson 1927 (J Am Stat Assoc 22:209); Clopper and Pearson 1934 (Biometrika 26:404);
Agresti and Coull 1998 (Am Stat 52:119); Brown, Cai and DasGupta 2001 (Stat Sci 16:101).
"""

import math

from scipy import special

__all__ = ["share_limits", "symmetric_limits"]


def share_limits(x: float, n: float, level: float, method: str) -> tuple[float, float]:
    """Limits of a share.

    Parameters
    ----------
    x, n
        Successes among so many; need not be whole where they are effective numbers.
    level
        Confidence level.
    method
        As in :func:`osteon.statistics.proportion.proportion_from_counts`.

    Examples
    --------
    >>> low, high = share_limits(9, 10, 0.95, "clopper-pearson")
    >>> round(low, 3), round(high, 3)
    (0.555, 0.997)
    """
    z = float(special.ndtri((1 + level) / 2))
    tail, p = (1 - level) / 2, x / n
    if method == "clopper-pearson":
        low = 0.0 if x == 0 else float(special.betaincinv(x, n - x + 1, tail))
        return low, 1.0 if x == n else float(special.betaincinv(x + 1, n - x, 1 - tail))
    if method == "jeffreys":
        low = 0.0 if x == 0 else float(special.betaincinv(x + 0.5, n - x + 0.5, tail))
        return low, 1.0 if x == n else float(special.betaincinv(x + 0.5, n - x + 0.5, 1 - tail))
    if method == "agresti-coull":
        centre = (x + z * z / 2) / (n + z * z)
        half = z * math.sqrt(centre * (1 - centre) / (n + z * z))
        return centre - half, centre + half  # as published: may leave [0, 1]
    if method == "wilson":
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return (0.0 if x == 0 else centre - half), (1.0 if x == n else centre + half)
    if x in (0, n):
        return math.nan, math.nan
    return symmetric_limits(p, math.sqrt(p * (1 - p) / n), z, method)


def symmetric_limits(p: float, se: float, quantile: float, method: str) -> tuple[float, float]:
    """Limits ``quantile`` standard errors from a share: as it is (``wald``), else on the logit."""
    if method == "wald":
        return p - quantile * se, p + quantile * se
    centre, half = special.logit(p), quantile * se / (p * (1 - p))
    return float(special.expit(centre - half)), float(special.expit(centre + half))
