"""Events in a time at risk: the incidence rate with its exact interval.

Source: Garwood 1936 (Biometrika 28:437).
"""

import math

from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import require_level

__all__ = ["garwood_limits", "incidence_rate"]


def garwood_limits(count: float, level: float) -> tuple[float, float]:
    """Exact limits of the mean of a Poisson count; an effective count need not be whole.

    Examples
    --------
    >>> [round(limit, 3) for limit in garwood_limits(3, 0.95)]
    [0.619, 8.767]
    """
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(special.gammaincinv(count, tail))
    return low, float(special.gammaincinv(count + 1, 1 - tail))


def incidence_rate(events: int, time_at_risk: float, *, level: float = 0.95) -> Estimate:
    """Estimate the rate of events in a unit of time.

    Estimand: the constant rate of a Poisson process; a mean over the time at risk otherwise.

    Parameters
    ----------
    events
        How many, at least 0.
    time_at_risk
        Sum over patients, in the unit the rate is wanted in (1,000 person-years, for example).
    level
        Confidence level of the exact interval (Garwood): quantiles of chi-square / 2, the lower
        with ``2 * events`` degrees of freedom, the upper with ``2 * events + 2``.

    Returns
    -------
    Estimate
        ``n`` is the number of events; undefined without time at risk.

    Examples
    --------
    >>> incidence_rate(22, 1.85).formatted(1)
    '11.9 (7.5, 18.0)'
    """
    require_level(level)
    if events < 0 or time_at_risk < 0 or math.isnan(time_at_risk):
        raise DataError(f"got {events} events in {time_at_risk}, wanted both at least 0")
    name = "exact Poisson (Garwood)"
    if time_at_risk == 0:
        return Estimate.undefined("no time at risk", level=level, method=name, n=events)
    low, high = garwood_limits(events, level)
    return Estimate(
        events / time_at_risk, low / time_at_risk, high / time_at_risk, level, name, events
    )
