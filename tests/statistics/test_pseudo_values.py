"""Pseudo-values against leaving each row out, and the limits of their means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.statistics.competing import cumulative_incidence_replicates
from osteon.statistics.proportion import proportion_from_counts
from osteon.statistics.pseudo_values import followed_weight, pseudo_mean_limits, pseudo_values

FOLLOWED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=2, max_size=15)


@given(FOLLOWED, st.sampled_from([0.5, 2.0, 3.5, 6.0]))
def test_they_are_what_each_row_adds(rows, horizon):
    t, event = np.array(rows, dtype=float).T
    event, n = event.astype(int), len(t)
    weights = np.vstack([np.ones(n), 1 - np.eye(n)])
    found = cumulative_incidence_replicates(t, event, horizon=horizon, weights=weights)
    wanted = n * found[0] - (n - 1) * found[1:]
    np.testing.assert_allclose(pseudo_values(t, event, horizon), wanted, atol=1e-9)


def test_without_censoring_the_limits_are_clopper_and_pearsons():
    t, event = np.r_[np.full(4, 1.0), np.full(26, 3.0)], np.r_[np.ones(4, int), np.zeros(26, int)]
    weight = followed_weight(t, event, 2.0)
    limits = pseudo_mean_limits(
        pseudo_values(t, event, 2.0), np.arange(30), (0.0, 1.0), weight, 0.95
    )
    wanted = proportion_from_counts(4, 30, method="clopper-pearson")
    assert weight == 1
    assert limits == pytest.approx((wanted.low, wanted.high), abs=2e-3)


def test_without_an_event_those_followed_count():
    t, event = np.r_[np.full(10, 1.0), np.full(20, 3.0)], np.zeros(30, int)
    weight = followed_weight(t, event, 2.0)
    low, high = pseudo_mean_limits(np.zeros(30), np.arange(30), (0.0, 1.0), weight, 0.95)
    assert (weight, low) == (pytest.approx(1.5), 0)
    assert high > 0.97 * (1 - 0.025 ** (1 / 20))
    nothing = pseudo_mean_limits(np.zeros(30), np.arange(30), (0.0, 1.0), np.inf, 0.95)
    assert np.isnan(nothing).all()
