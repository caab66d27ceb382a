"""Summaries, association, multiplicity, measurement: small modules, one file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from osteon.errors import DataError, UsageError
from osteon.statistics.association import (
    chi_square_test,
    fisher_exact_test,
    standardised_mean_difference,
    standardised_share_difference,
)
from osteon.statistics.measurement import bland_altman, intraclass_correlation, lin_concordance
from osteon.statistics.multiplicity import benjamini_hochberg, bonferroni, hochberg, holm
from osteon.statistics.summary import mean_interval, outliers_iqr, summarise_values

CELLS = st.integers(0, 25)


@given(CELLS, CELLS, CELLS, CELLS)
def test_fisher_is_scipys(a, b, c, d):
    got = fisher_exact_test([[a, b], [c, d]]).p_value
    assert got == pytest.approx(stats.fisher_exact([[a, b], [c, d]]).pvalue, rel=1e-6, abs=1e-12)


@given(st.lists(st.lists(st.integers(1, 40), min_size=3, max_size=3), min_size=2, max_size=5))
def test_chi_square_is_scipys(table):
    got = chi_square_test(table)
    wanted = stats.chi2_contingency(table, correction=False)
    assert got.statistic == pytest.approx(wanted.statistic, abs=1e-9)
    assert got.p_value == pytest.approx(wanted.pvalue, abs=1e-12)


def test_chi_square_leaves_empty_classes_out():
    full, padded = [[30, 20], [20, 30]], [[30, 0, 20], [20, 0, 30], [0, 0, 0]]
    assert chi_square_test(padded).statistic == chi_square_test(full).statistic
    assert "fewer than two" in chi_square_test([[3, 4]]).reason
    assert "expected count" in chi_square_test([[1, 2], [3, 4]]).method
    yates = stats.chi2_contingency(full, correction=True)
    assert chi_square_test(full, correction=True).p_value == pytest.approx(yates.pvalue)
    with pytest.raises(DataError, match="table of counts"):
        chi_square_test([[-1, 2], [3, 4]])
    with pytest.raises(DataError, match="wanted \\(2, 2\\)"):
        fisher_exact_test([[1, 2, 3], [1, 2, 3]])


def test_standardised_differences():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 4000), rng.normal(0.5, 1, 4000)
    assert standardised_mean_difference(b, a) == pytest.approx(0.5, abs=0.06)
    p, q = 0.3, 0.45
    wanted = abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    got = standardised_share_difference([700, 300], [55, 45])
    assert got == pytest.approx(wanted)
    three = standardised_share_difference([10, 20, 30], [30, 20, 10])
    assert three == pytest.approx(standardised_share_difference([30, 20, 10], [10, 20, 30]))
    assert standardised_share_difference([1, 1], [5, 5]) == 0
    assert np.isnan(standardised_share_difference([0, 0], [1, 2]))
    assert np.isinf(standardised_share_difference([5, 0], [0, 5]))
    assert np.isnan(standardised_mean_difference([1.0], [2.0, 3.0]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_p_values_are_ordered(p):
    values = np.array(p)
    weak, strong = hochberg(values), bonferroni(values)
    assert (benjamini_hochberg(values) <= weak + 1e-12).all()
    assert (weak <= holm(values) + 1e-12).all()
    assert (holm(values) <= strong + 1e-12).all()
    assert (values <= benjamini_hochberg(values) + 1e-12).all()
    order = np.argsort(values)
    assert (np.diff(holm(values)[order]) >= -1e-12).all()
    shuffled = holm(values[::-1])[::-1]
    np.testing.assert_allclose(shuffled, holm(values))


def test_outliers_and_summary():
    times = np.r_[np.arange(20.0), 1e6]
    assert outliers_iqr(times).tolist() == [False] * 20 + [True]
    assert not outliers_iqr([1, 2, 1e9]).any()
    assert not outliers_iqr(np.ones(50)).any()
    kept = summarise_values(times, without_outliers=True)
    assert (kept.n, kept.n_outliers, kept.maximum) == (20, 1, 19.0)
    assert kept.mean.value == 9.5
    empty = summarise_values([])
    assert empty.n == 0
    assert np.isnan(empty.median)
    one = mean_interval([3.0])
    assert one.reason == "one value: no variance"
    student = stats.t.interval(0.95, 19, 9.5, stats.sem(np.arange(20.0)))
    assert (kept.mean.low, kept.mean.high) == pytest.approx(student)


def test_measurement_invariances():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=40)
    table = truth[:, None] + rng.normal(scale=0.3, size=(40, 3)) + [0, 0.5, 0]
    for form in ("1,1", "2,1", "3,1", "2,k", "3,k"):
        one = intraclass_correlation(table, form=form)
        other = intraclass_correlation(table[::-1] * 10 + 3, form=form)
        assert (other.value, other.low) == pytest.approx((one.value, one.low))
    shifted = np.add(table, [0, 10, 0])
    assert intraclass_correlation(shifted, form="3,1").value == pytest.approx(
        intraclass_correlation(table, form="3,1").value
    )
    assert intraclass_correlation(shifted, form="2,1").value < 0.1
    assert "all ratings are equal" in intraclass_correlation(np.ones((4, 2))).reason
    assert intraclass_correlation([[1, 1], [2, 2], [3, 3]], form="3,1").value == 1
    with pytest.raises(DataError, match="missing"):
        intraclass_correlation([[1, np.nan], [2, 3]])
    with pytest.raises(DataError, match="2 or more"):
        intraclass_correlation([[1], [2]])
    both = bland_altman(table[:, 0], table[:, 1])
    turned = bland_altman(table[:, 1], table[:, 0])
    assert turned.bias.value == pytest.approx(-both.bias.value)
    assert turned.lower.value == pytest.approx(-both.upper.value)
    assert lin_concordance(truth, truth).value == pytest.approx(1)
    assert "does not vary" in lin_concordance(truth, np.ones(40)).reason
    with pytest.raises(DataError, match="at least 2"):
        bland_altman([1], [1])


def test_exact_limits_hold_in_small_samples_where_the_approximate_do_not():
    rng = np.random.default_rng(3)
    held = {"exact": 0, "approximate": 0}
    for _ in range(3000):
        gaps = rng.normal(size=8)
        for method in held:
            upper = bland_altman(gaps, np.zeros(8), method=method).upper
            held[method] += upper.low <= 1.96 <= upper.high
    assert held["exact"] / 3000 == pytest.approx(0.95, abs=0.012)
    assert held["approximate"] < held["exact"]


def test_exact_limits_meet_the_approximate_in_large_samples():
    gaps = np.random.default_rng(4).normal(size=3000)
    exact, near = (bland_altman(gaps, np.zeros(3000), method=m) for m in ("exact", "approximate"))
    assert (exact.lower.low, exact.lower.high) == pytest.approx(
        (near.lower.low, near.lower.high), abs=0.01
    )
    with pytest.raises(UsageError, match="multiple"):
        bland_altman([1, 2], [1, 3], multiple=0)
