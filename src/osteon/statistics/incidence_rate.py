"""Events by person-time.

Source: Garwood 1936 (Biometrika 28:437, exact limits of a Poisson mean).
"""

import math

from scipy import special

from osteon.core.records import Estimate
from osteon.errors import DataError
from osteon.statistics.checks import require_level

__all__ = ["incidence_rate"]


def incidence_rate(events: int, person_time: float, *, level: float = 0.95) -> Estimate:
    """Events for each unit of person-time, with Garwood's exact interval.

    Parameters
    ----------
    events
        At least 0; ``n`` of the estimate.
    person_time
        Above 0 for a rate, e.g. in years.
    level
        Confidence level.

    Examples
    --------
    >>> incidence_rate(22, 1000).formatted(4)
    '0.0220 (0.0138, 0.0333)'
    """
    require_level(level)
    if events < 0 or not person_time >= 0 or math.isinf(person_time):
        raise DataError(f"got {events} events in {person_time}, wanted both at least 0")
    name = "Garwood"
    if person_time == 0:
        return Estimate.undefined("no person-time", level=level, method=name, n=events)
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(special.gammaincinv(events, tail))
    high = float(special.gammainccinv(events + 1, tail))
    value, low, high = (x / person_time for x in (events, low, high))
    return Estimate(value, low, high, level, name, events)
