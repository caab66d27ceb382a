"""Cochran's weighted quantile: between the two it weighs, and at one with the p value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from tests.statistics.test_mrmc import study

from osteon.errors import DataError, UsageError
from osteon.statistics.mrmc import analyse_readers, obuchowski_rockette
from osteon.statistics.mrmc_covariance import deciding_cases, reader_covariance
from osteon.statistics.mrmc_error import ErrorTerm, cochran_quantile, cochran_tail
from osteon.statistics.mrmc_standalone import standalone_against_readers

TAILS = st.floats(1e-8, 0.499)
PARTS = st.tuples(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3))
FREEDOM = st.tuples(st.integers(1, 400), st.integers(1, 400) | st.just(math.inf))


@given(TAILS, PARTS, FREEDOM)
def test_the_quantile_lies_between_the_two_and_the_tail_undoes_it(tail, variances, df):
    found = cochran_quantile(tail, variances, df)
    ends = sorted(float(stats.t.isf(tail, freedom)) for freedom in df)
    assert ends[0] * (1 - 1e-9) <= found <= ends[1] * (1 + 1e-9)
    assert cochran_tail(found, variances, df) == pytest.approx(tail, rel=1e-6)


@given(TAILS, st.integers(1, 400), st.integers(1, 400), st.floats(1e-4, 10))
def test_without_a_part_of_cases_it_is_hillis(tail, readers_df, cases_df, square):
    plain = ErrorTerm(square, readers_df, 0.5, square, 0.0)
    weighted = ErrorTerm(square, readers_df, 0.5, square, 0.0, readers_df, cases_df)
    one, other = (e.interval(0.1, 1 - 2 * tail, "", 3) for e in (plain, weighted))
    assert other.low == pytest.approx(one.low, rel=1e-9)
    assert weighted.tail(1.3) == pytest.approx(plain.tail(1.3))


def test_far_statistics_and_none():
    assert cochran_tail(0.0, (1.0, 1.0), (2, 30)) == pytest.approx(0.5)
    assert 0 < cochran_tail(1e9, (1.0, 1.0), (3, math.inf)) < 1e-20
    assert cochran_tail(60.0, (1.0, 0.0), (math.inf, math.inf)) == pytest.approx(1e-290)
    assert ErrorTerm(2.0, 9.0, 1.0, 1.0, 1.0, 2, 20).tail(-1.5) > 0.5


@pytest.mark.parametrize("seed", range(4))
def test_by_hand_and_the_p_value_ends_the_interval_at_0(seed):
    truth, ratings = study(seed, n=40, readers=3, gain=0.4)
    found = obuchowski_rockette(truth, ratings)
    test, error = found.differences[0, 1], found.error
    ms, cov = (
        found.mean_squares.interaction,
        3 * max(found.components.cov2 - found.components.cov3, 0),
    )
    t = (ms * stats.t.ppf(0.975, 2) + cov * stats.t.ppf(0.975, 19)) / (ms + cov)
    half = t * math.sqrt((ms + cov) * 2 / 3)
    assert test.difference.high - test.difference.value == pytest.approx(half)
    again = obuchowski_rockette(truth, ratings, level=1 - test.p_value).differences[0, 1].difference
    assert min(abs(again.low), abs(again.high)) == pytest.approx(0, abs=1e-9)
    assert found.equality.p_value == test.p_value
    mean = found.means[0]
    ms, cov = found.mean_errors[0].mean_square, found.mean_errors[0].covariance
    t = (ms * stats.t.ppf(0.975, 2) + cov * stats.t.ppf(0.975, 19)) / (ms + cov)
    half = t * math.sqrt((ms + cov) / 3) / (mean.value * (1 - mean.value))
    assert special.logit([mean.low, mean.high]) == pytest.approx(
        special.logit(mean.value) + half * np.array([-1, 1])
    )
    assert error.cases_df == 19


@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_the_model_alone_has_the_p_value_of_its_interval(margin):
    truth, ratings = study(5, n=40, readers=3)
    model, readers = ratings[1, 0] + truth, ratings[0]
    found = standalone_against_readers(truth, model, readers, margin=margin)
    level = 1 - found.p_value * (2 if margin else 1)
    assert 0 < level < 1
    again = standalone_against_readers(truth, model, readers, margin=margin, level=level)
    assert again.difference.low == pytest.approx(-margin, abs=1e-9)
    named = standalone_against_readers(truth, model, readers, method="hillis").difference
    assert "Hillis' freedom; may be too narrow: 3 readers" in named.method
    assert named.low > standalone_against_readers(truth, model, readers).difference.low


def test_one_reader_and_fixed_readers_have_the_freedom_of_cases():
    truth, ratings = study(6, n=30)
    found = obuchowski_rockette(truth, ratings, readers="fixed")
    named = obuchowski_rockette(truth, ratings, readers="fixed", method="hillis")
    wider = stats.t.ppf(0.975, 14) / stats.norm.ppf(0.975)
    pairs = [
        (found.differences[0, 1], named.differences[0, 1]),
        (found.reader_differences[0, 1, 2], named.reader_differences[0, 1, 2]),
    ]
    for one, other in pairs:
        width = [t.difference.high - t.difference.low for t in (one, other)]
        assert width[0] == pytest.approx(wider * width[1])
        assert one.statistic == pytest.approx(other.statistic)
        assert one.p_value > other.p_value
    assert 0 < found.reader_means[0, 0].low < found.reader_means[0, 0].high < 1


def test_three_treatments_keep_hillis_f():
    truth, ratings = study(7, treatments=3)
    found, named = (obuchowski_rockette(truth, ratings, method=m) for m in ("cochran", "hillis"))
    assert found.equality == named.equality
    assert "Hillis' F" in found.equality.method


def test_figures_and_covariance_alone():
    truth, ratings = study(8, readers=3)
    values, matrix = reader_covariance(truth, ratings)
    told = analyse_readers(values, matrix, smaller_class=40)
    whole = obuchowski_rockette(truth, ratings)
    assert told.means == whole.means
    assert told.differences == whole.differences
    assert "may be too narrow: 3 readers" in analyse_readers(values, matrix).means[0].method
    with pytest.raises(DataError, match="smaller class has 1"):
        analyse_readers(values, matrix, smaller_class=1)


def test_calls_count_the_cases_of_their_class():
    truth, ratings = study(9, n=40)
    truth = np.arange(40) < 8
    calls = (ratings > 0.5).astype(float)
    found = obuchowski_rockette(truth, calls, figure="sensitivity")
    assert found.error.cases_df == 7
    assert deciding_cases("accuracy", truth, np.arange(40) // 2) == 20
    assert deciding_cases("specificity", truth, np.arange(40) // 2) == 16
    sure = np.where(truth, 1.0, calls)
    mean = obuchowski_rockette(truth, sure, figure="sensitivity").means[0]
    assert mean.value == 1
    assert np.isnan(mean.low)
    assert "nothing tells" in mean.reason
    with pytest.raises(UsageError, match="method"):
        obuchowski_rockette(truth, ratings, method="t")
    with pytest.raises(UsageError, match="method"):
        standalone_against_readers(truth, ratings[0, 0], ratings[1], method="t")
