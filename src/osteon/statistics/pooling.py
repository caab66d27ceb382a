"""One answer from several imputations: Rubin's rules.

Sources: Rubin 1987, Multiple Imputation for Nonresponse in Surveys, 3.1; Barnard and Rubin 1999
(Biometrika 86:948, degrees of freedom in small samples).
"""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import number_table, require_level

__all__ = ["Pooled", "pool_imputations"]


@dataclass(frozen=True, slots=True)
class Pooled:
    """One quantity over ``m`` imputations.

    Parameters
    ----------
    estimate
        Mean with its interval (Student's quantile with ``df`` degrees of freedom).
    within, between
        Mean of the variances, and variance of the estimates (m - 1 below the line).
    df
        Degrees of freedom.
    fraction_missing
        Fraction of information that is missing, in [0, 1].
    """

    estimate: Estimate
    within: float
    between: float
    df: float
    fraction_missing: float


def pool_imputations(
    values: ArrayLike,
    variances: ArrayLike,
    *,
    n: int,
    complete_df: float = math.inf,
    level: float = 0.95,
) -> tuple[Pooled, ...]:
    """Pool estimates of several imputed data sets.

    Parameters
    ----------
    values, variances
        Estimates and their squared standard errors, shapes (m, k), m at least 2.
    n
        Rows behind each estimate.
    complete_df
        Degrees of freedom if nothing were missing; infinite for large samples.
    level
        Confidence level.

    Returns
    -------
    tuple
        One :class:`Pooled` for each of the k quantities. Total variance:
        ``within + (1 + 1 / m) * between``.

    Raises
    ------
    DataError
        If there are fewer than two imputations or the shapes differ.

    Examples
    --------
    >>> (pooled,) = pool_imputations([[1.0], [1.2], [0.8]], [[0.04], [0.05], [0.03]], n=100)
    >>> pooled.estimate.formatted(2)
    '1.00 (0.26, 1.74)'
    """
    require_level(level)
    q = number_table("values", values, "(m, k)")
    u = number_table("variances", variances, "(m, k)")
    m = q.shape[0]
    if m < 2 or q.shape != u.shape:
        raise DataError(f"got shapes {q.shape} and {u.shape}, wanted two alike with m at least 2")
    means, within = q.mean(axis=0), u.mean(axis=0)
    between = q.var(axis=0, ddof=1)
    return tuple(
        _pooled(float(a), float(b), float(c), (m, n, complete_df, level))
        for a, b, c in zip(means, within, between, strict=True)
    )


def _pooled(
    value: float, within: float, between: float, how: tuple[int, int, float, float]
) -> Pooled:
    m, n, complete_df, level = how
    spread = (1 + 1 / m) * between
    total = within + spread
    share = spread / total if total > 0 else 0.0
    df = _degrees_of_freedom(share, m, complete_df)
    relative = spread / within if within > 0 else math.inf
    missing = 1.0 if math.isinf(relative) else (relative + 2 / (df + 3)) / (1 + relative)
    quantile = float(
        special.ndtri((1 + level) / 2) if math.isinf(df) else special.stdtrit(df, (1 + level) / 2)
    )
    half = quantile * math.sqrt(total)
    name = f"Rubin's rules, {m} imputations"
    return Pooled(
        Estimate(value, value - half, value + half, level, name, n), within, between, df, missing
    )


def _degrees_of_freedom(share: float, m: int, complete_df: float) -> float:
    """Barnard and Rubin's; Rubin's where nothing limits the complete sample."""
    old = (m - 1) / share**2 if share > 0 else math.inf
    if math.isinf(complete_df):
        return old
    seen = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    return seen if math.isinf(old) else old * seen / (old + seen)
