"""Limits of heights by an imagined patient: Clopper and Pearson's where there is no cut."""

import numpy as np
import pytest

from osteon.statistics.curve_limits import curve_limits
from osteon.statistics.proportion import proportion_from_counts
from osteon.statistics.resampling import Resampling


def share(good):
    def heights(weights, imagined, lifted):
        won = weights @ good + (imagined[:, 0] if lifted else 0)
        return (won / (weights.sum(axis=1) + imagined[:, 0]))[:, None]

    return heights


@pytest.mark.parametrize("successes", [0, 3, 12])
def test_of_a_share_they_are_clopper_and_pearsons(successes):
    good, rng = (np.arange(12) < successes).astype(float), np.random.default_rng(0)
    low, high = curve_limits(share(good), 1, Resampling.of(12, None), 20_000, rng, 0.95)
    exact = proportion_from_counts(successes, 12, method="clopper-pearson")
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_patients_with_several_rows_count_once():
    good, rng = np.repeat([1.0, 0, 1, 1, 0, 1], 3), np.random.default_rng(1)
    plan = Resampling.of(18, np.repeat(np.arange(6), 3))
    low, high = curve_limits(share(good), 1, plan, 20_000, rng, 0.95)
    exact = proportion_from_counts(4, 6, method="clopper-pearson")
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high), abs=0.01)
