import numpy as np
import pytest

from osteon.statistics.restricted_mean import restricted_mean


def test_without_censoring_it_is_the_mean_of_what_was_lived():
    time = np.random.default_rng(0).exponential(size=200)
    found = restricted_mean(time, np.ones(200), 1.0)
    assert found.value == pytest.approx(np.minimum(time, 1).mean())
    half = 1.96 * np.minimum(time, 1).std() / np.sqrt(200)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_without_an_event_there_is_still_an_interval():
    found = restricted_mean(np.full(30, 2.0), np.zeros(30), 1.0)
    assert found.low < found.value == found.high == 1
    assert found.low == pytest.approx(1 - (1 - 0.025 ** (1 / 30)), abs=0.001)
    named = restricted_mean(np.full(30, 2.0), np.zeros(30), 1.0, method="log")
    assert "no variance" in named.reason


def test_the_two_intervals_meet_in_large_studies_also_with_late_entry():
    rng = np.random.default_rng(1)
    time, censored = rng.exponential(size=4000), rng.uniform(0.2, 2, 4000)
    late = np.where(rng.random(4000) < 0.5, 0.3 * np.minimum(time, censored), 0.0)
    for entry in (None, late):
        new, old = (
            restricted_mean(
                np.minimum(time, censored), time <= censored, 1.0, entry=entry, method=method
            )
            for method in ("gaffke", "log")
        )
        assert new.value == old.value
        assert new.low == pytest.approx(old.low, abs=0.002)
        assert new.high == pytest.approx(old.high, abs=0.002)
