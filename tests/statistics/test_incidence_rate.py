import math

import pytest

from osteon.errors import DataError
from osteon.statistics.incidence_rate import incidence_rate


@pytest.mark.parametrize(
    ("events", "time", "level", "low", "high"),
    [
        (22, 1000, 0.95, 0.01378728287, 0.03330826439),
        (0, 50, 0.95, 0.0, 0.07377758908),
        (3, 41.5, 0.9, 0.01970340837, 0.18683509706),
    ],
)
def test_limits_are_those_of_r(events, time, level, low, high):
    """R 4.2.2, poisson.test(events, time, conf.level = level)."""
    found = incidence_rate(events, time, level=level)
    assert found.value == events / time
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-10), pytest.approx(high, abs=1e-9))


def test_no_time_is_no_rate():
    assert incidence_rate(0, 0.0).reason == "no person-time"
    for events, time in ((-1, 2.0), (1, math.nan), (1, -2.0)):
        with pytest.raises(DataError, match="at least 0"):
            incidence_rate(events, time)
