"""Rates against R's poisson.test, and how often the interval holds."""

import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.rate import incidence_rate

# R 4.2.2: poisson.test(events, time): estimate and conf.int
FROM_R = [
    (0, 3.2, 0, 0, 1.15277482941),
    (1, 2.5, 0.4, 0.0101271231937, 2.22865735638),
    (22, 1.85, 11.8918918919, 7.45258533634, 18.0044672363),
    (113, 3.7, 30.5405405405, 25.1697279625, 36.7181527652),
]


@pytest.mark.parametrize(("events", "time", "value", "low", "high"), FROM_R)
def test_rate_and_interval_are_rs(events, time, value, low, high):
    found = incidence_rate(events, time)
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high), rel=1e-7)


def test_the_interval_holds_at_least_as_often_as_it_says():
    drawn = np.random.default_rng(0).poisson(3.0, 2000)
    holds = [r.low <= 3.0 <= r.high for r in (incidence_rate(int(k), 1.0) for k in drawn)]
    assert np.mean(holds) >= 0.94


def test_no_time_is_no_rate_and_negative_counts_are_refused():
    assert not incidence_rate(0, 0.0).is_defined
    with pytest.raises(DataError, match="at least 0"):
        incidence_rate(-1, 2.0)
