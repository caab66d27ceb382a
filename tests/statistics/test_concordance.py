import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.errors import DataError, UsageError
from osteon.statistics.concordance import (
    concordance_difference,
    concordance_index_harrell,
    concordance_index_uno,
    concordance_replicates,
)
from osteon.statistics.dominance import sums_below
from osteon.statistics.roc import auroc


def data(seed=0, n=60, ties=True):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    t, c = rng.exponential(np.exp(-score)), rng.exponential(1.5, n)
    time, event = np.minimum(t, c), (t <= c).astype(int)
    if ties:
        time, score = np.ceil(time * 5), np.round(score, 1)
    return time, event, score


def by_pairs(time, event, score, tau=np.inf, uno=False):
    """Every pair, one after the other; G by its definition."""

    def g_before(t):
        g = 1.0
        for u in sorted(set(time[(event == 0) & (time < t)])):
            risk = (time > u).sum() + ((time == u) & (event == 0)).sum()
            g *= 1 - ((time == u) & (event == 0)).sum() / risk
        return g

    won = pairs = 0.0
    for i in np.flatnonzero((event == 1) & (time <= tau)):
        weight = 1 / g_before(time[i]) ** 2 if uno else 1.0
        for j in range(len(time)):
            later = time[j] > time[i] or (time[j] == time[i] and event[j] == 0)
            if later and j != i:
                pairs += weight
                won += weight * ((score[i] > score[j]) + (score[i] == score[j]) / 2)
    return won / pairs


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_by_all_pairs(seed, ties, uno):
    time, event, score = data(seed, 40, ties)
    tau = float(np.quantile(time, 0.8))
    got = concordance_replicates(time, event, score, tau=tau, uno=uno)[0]
    assert got == pytest.approx(by_pairs(time, event, score, tau, uno), rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70))
def test_sums_below_by_counting(seed, n):
    rng = np.random.default_rng(seed)
    rank, weights = rng.integers(0, 6, n), rng.random((3, n))
    before, asked = rng.integers(0, n + 1, 12), rng.integers(0, 7, 12)
    lower, equal = sums_below(rank, weights, before, asked)
    for q in range(12):
        rows = np.arange(n) < before[q]
        np.testing.assert_allclose(lower[:, q], weights[:, rows & (rank < asked[q])].sum(axis=1))
        np.testing.assert_allclose(
            equal[:, q], weights[:, rows & (rank == asked[q])].sum(axis=1), atol=1e-12
        )


def test_weights_are_repeated_rows():
    time, event, score = data(1)
    weights = np.random.default_rng(0).integers(0, 3, (5, 60)).astype(float)
    for uno in (False, True):
        got = concordance_replicates(time, event, score, uno=uno, weights=weights)
        for row, value in zip(weights.astype(int), got, strict=True):
            rows = np.repeat(np.arange(60), row)
            again = concordance_replicates(time[rows], event[rows], score[rows], uno=uno)[0]
            assert value == pytest.approx(again, rel=1e-9)


def test_two_times_make_it_the_area():
    rng = np.random.default_rng(2)
    truth = rng.random(80) < 0.4
    score = np.round(truth + rng.normal(size=80), 1)
    time, event = np.where(truth, 1.0, 2.0), truth.astype(int)
    harrell, area = concordance_index_harrell(time, event, score), auroc(truth, score)
    assert harrell.value == pytest.approx(area.value)
    # the jackknife divides by m and n, DeLong by m - 1 and n - 1
    assert harrell.high - harrell.low == pytest.approx(area.high - area.low, rel=0.04)


def test_invariances():
    time, event, score = data(3)
    order = np.random.default_rng(0).permutation(60)
    one = concordance_index_uno(time, event, score)
    other = concordance_index_uno(time[order] * 365, event[order], np.exp(score[order]))
    assert (other.value, other.low) == pytest.approx((one.value, one.low))
    turned = concordance_index_harrell(time, event, -score).value
    assert turned == pytest.approx(1 - concordance_index_harrell(time, event, score).value)
    complete = np.ones(60, int)
    plain = concordance_index_harrell(time, complete, score).value
    assert concordance_index_uno(time, complete, score).value == pytest.approx(plain)


def test_copies_narrow_nothing():
    time, event, score = data(4)
    ids = np.arange(60)
    once = concordance_index_harrell(time, event, score, cluster=ids)
    copies = concordance_index_harrell(
        np.tile(time, 4), np.tile(event, 4), np.tile(score, 4), cluster=np.tile(ids, 4)
    )
    assert copies.value == pytest.approx(once.value, abs=0.01)
    assert copies.high - copies.low == pytest.approx(once.high - once.low, rel=0.1)


def test_jackknife_is_near_the_bootstrap():
    time, event, score = data(5, 300)
    jackknife = concordance_index_harrell(time, event, score)
    drawn = concordance_index_harrell(
        time, event, score, method="bootstrap", rng=np.random.default_rng(0)
    )
    assert drawn.low == pytest.approx(jackknife.low, abs=0.01)


def test_difference_is_paired():
    time, event, score = data(6, 200)
    noisy = score + 0.1 * np.random.default_rng(0).normal(size=200)
    test = concordance_difference(time, event, score, noisy)
    alone = concordance_index_harrell(time, event, score)
    assert test.difference.high - test.difference.low < 0.5 * (alone.high - alone.low)
    back = concordance_difference(time, event, noisy, score)
    assert back.statistic == pytest.approx(-test.statistic)
    same = concordance_difference(time, event, score, 2 * score)
    assert same.p_value == 1.0


def test_trouble_has_reasons():
    assert "no pair compares" in concordance_index_harrell([1, 2], [0, 0], [1, 2]).reason
    assert "no pair compares" in concordance_index_harrell([], [], []).reason
    assert "no pair" in concordance_difference([1, 2], [0, 0], [1, 2], [2, 1]).reason
    late = concordance_index_uno([1, 2, 3], [1, 1, 0], [3, 2, 1], tau=9)
    assert late.reason == "follow-up ends at 3: nothing is known until tau 9"
    perfect = concordance_index_harrell([1, 2, 3], [1, 1, 1], [3, 2, 1])
    assert perfect.value == 1
    assert "no variance" in perfect.reason
    constant = concordance_index_harrell([1, 2, 3], [1, 1, 1], [5, 5, 5])
    assert constant.value == 0.5
    with pytest.raises(DataError, match="event holds"):
        concordance_index_harrell([1, 2], [1, 3], [1, 2])
    with pytest.raises(UsageError, match="tau"):
        concordance_index_uno([1, 2], [1, 0], [1, 2], tau=0)
