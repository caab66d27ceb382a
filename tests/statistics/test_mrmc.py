import math

import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.comparison import delong_test
from osteon.statistics.mrmc import analyse_readers, obuchowski_rockette
from osteon.statistics.mrmc_covariance import areas_left_out, reader_covariance
from osteon.statistics.mrmc_standalone import standalone_against_readers
from osteon.statistics.roc import auroc


def study(seed=0, n=80, readers=4, gain=0.0, treatments=2):
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2
    case = rng.normal(size=n) * 0.7
    skill = 1.2 + 0.2 * rng.normal(size=readers)
    arm = np.arange(treatments)[:, None, None] * gain
    noise = rng.normal(size=(treatments, readers, n))
    return truth, (skill[None, :, None] + arm) * truth + case + noise


def test_names_of_readers_and_order_of_cases_do_not_matter():
    truth, ratings = study()
    order = np.random.default_rng(1).permutation(80)
    one = obuchowski_rockette(truth, ratings)
    other = obuchowski_rockette(truth[order], ratings[:, ::-1][..., order])
    assert other.equality.statistic == pytest.approx(one.equality.statistic)
    turned = obuchowski_rockette(truth, ratings[::-1])
    gap, back = one.differences[0, 1].difference, turned.differences[0, 1].difference
    assert (back.low, back.high) == pytest.approx((-gap.high, -gap.low))


def test_f_is_t_squared_for_two_treatments():
    truth, ratings = study(2, gain=0.5)
    for options in ({}, {"cases": "fixed"}, {"method": "hillis"}):
        found = obuchowski_rockette(truth, ratings, **options)
        test = found.differences[0, 1]
        assert test.statistic**2 == pytest.approx(found.equality.statistic)
        assert test.p_value == pytest.approx(found.equality.p_value)


def test_covariances_are_near_one_another():
    truth, ratings = study(3, n=200)
    _, jackknife = reader_covariance(truth, ratings)
    _, delong = reader_covariance(truth, ratings, method="delong")
    _, unbiased = reader_covariance(truth, ratings, method="unbiased")
    np.testing.assert_allclose(delong, jackknife, atol=0.03 * jackknife.max())
    np.testing.assert_allclose(unbiased, jackknife, atol=0.05 * jackknife.max())


@pytest.mark.parametrize("size", [1, 2, 5])
def test_areas_left_out_are_areas_of_the_rest(size):
    rng = np.random.default_rng(size)
    truth, codes = rng.random(31) < 0.4, np.arange(31) // size
    rating = np.round(truth + rng.normal(size=31), 1)
    rating[::7] = np.nan
    found = areas_left_out(truth, rating, codes)
    for code, area in enumerate(found):
        rest = (codes != code) & ~np.isnan(rating)
        assert area == pytest.approx(auroc(truth[rest], rating[rest]).value)
    alone = areas_left_out(np.array([True, False, False]), np.array([2.0, 1.0, 3.0]), np.arange(3))
    assert np.isnan(alone[0])


def test_jackknife_leaves_patients_out():
    truth, ratings = study(4, n=60)
    ids = np.tile(np.arange(60), 3)
    _, once = reader_covariance(truth, ratings, cluster=np.arange(60))
    copies = np.tile(ratings, 3)
    _, clustered = reader_covariance(np.tile(truth, 3), copies, cluster=ids)
    np.testing.assert_allclose(clustered, once, rtol=1e-9)
    _, naive = reader_covariance(np.tile(truth, 3), copies)
    assert naive[0, 0] < 0.5 * once[0, 0]


def test_variance_of_one_reader_is_delongs():
    truth, ratings = study(5)
    _, delong = reader_covariance(truth, ratings, method="delong")
    area = auroc(truth, ratings[0, 0], method="delong")
    half = (area.high - area.value) if area.high < 1 else area.value - area.low
    assert math.sqrt(delong[0, 0]) == pytest.approx((area.value - area.low) / 1.959963984540054)
    assert half > 0


@pytest.mark.slow
def test_level_of_the_test_without_a_difference():
    rejected = [
        obuchowski_rockette(*study(seed, n=60, readers=5), covariance="delong").equality.p_value
        < 0.05
        for seed in range(600)
    ]
    assert 0.02 < np.mean(rejected) < 0.075


def test_model_against_readers():
    rng = np.random.default_rng(6)
    truth = np.arange(150) % 2
    case = rng.normal(size=150)
    model = 2.5 * truth + case
    readers = truth + 0.7 * case + rng.normal(size=(5, 150))
    found = standalone_against_readers(truth, model, readers)
    mean = np.mean([auroc(truth, r).value for r in readers])
    assert found.difference.value == pytest.approx(auroc(truth, model).value - mean)
    assert found.p_value < 0.01
    rather = standalone_against_readers(truth, model, readers, margin=0.05)
    assert rather.p_value < found.p_value / 2
    assert "one-sided" in rather.method
    one = standalone_against_readers(truth, model, readers[:1])
    paired = delong_test(truth, model, readers[0], method="wald")
    assert one.difference.value == pytest.approx(paired.difference.value)
    assert one.difference.low == pytest.approx(paired.difference.low, abs=0.003)
    same = standalone_against_readers(truth, model, np.stack([model, model]))
    assert math.isnan(same.p_value)
    assert same.reason == "the error term is zero"


def test_calls_need_figures_of_calls():
    truth, ratings = study(7)
    calls = (ratings > 0.6).astype(float)
    found = obuchowski_rockette(truth, calls, figure="sensitivity")
    assert found.values[0, 0] == pytest.approx(calls[0, 0][truth == 1].mean())
    assert obuchowski_rockette(truth, calls, figure="accuracy").values[1, 2] == pytest.approx(
        (calls[1, 2] == truth).mean()
    )
    with pytest.raises(DataError, match="needs 0/1 calls"):
        obuchowski_rockette(truth, ratings, figure="sensitivity")
    with pytest.raises(UsageError, match="use jackknife"):
        obuchowski_rockette(truth, calls, figure="sensitivity", covariance="delong")


def test_bad_designs_are_named():
    truth, ratings = study(8)
    with pytest.raises(DataError, match="both fixed"):
        obuchowski_rockette(truth, ratings, readers="fixed", cases="fixed")
    with pytest.raises(DataError, match="2 or more"):
        obuchowski_rockette(truth, ratings[:1])
    with pytest.raises(DataError, match="wanted finite"):
        obuchowski_rockette(truth, np.where(ratings > 2, np.inf, ratings))
    with pytest.raises(DataError, match="reader 1 has no auroc in treatment 0"):
        gone = ratings.copy()
        gone[0, 1, truth == 1] = np.nan
        obuchowski_rockette(truth, gone)
    with pytest.raises(DataError, match="wanted \\(treatments, readers, cases\\)"):
        obuchowski_rockette(truth, ratings[0])
    with pytest.raises(DataError, match="both classes"):
        obuchowski_rockette(np.ones(80), ratings)
    with pytest.raises(UsageError, match="no clusters"):
        obuchowski_rockette(truth, ratings, covariance="unbiased", cluster=np.arange(80))
    with pytest.raises(DataError, match="covariance has shape"):
        analyse_readers(np.ones((2, 2)), np.eye(3))
    with pytest.raises(DataError, match="model has shape"):
        standalone_against_readers(truth, ratings[0], ratings[1])


def test_areas_of_few_cases_have_no_interval_unless_asked_for():
    _, ratings = study(7, n=30)
    truth = np.arange(30) < 3
    found = obuchowski_rockette(truth, ratings)
    asked = obuchowski_rockette(truth, ratings, least_cases=3)
    for test in (found.equality, found.differences[0, 1], found.reader_differences[0, 1, 0]):
        assert "3, wanted 5" in test.reason
        assert np.isnan(test.p_value)
    for mean in (found.means[0], found.reader_means[0, 0], found.differences[0, 1].difference):
        assert np.isnan(mean.low)
        assert not np.isnan(mean.value)
    gap, wide = found.differences[0, 1].difference, asked.differences[0, 1].difference
    assert gap.value == wide.value
    assert wide.low < wide.high
    assert "may be too narrow: 3 cases" in asked.means[0].method
    assert "too narrow" not in obuchowski_rockette(*study()).means[0].method
    named = obuchowski_rockette(*study(readers=3, n=40), method="hillis")
    assert "Hillis' freedom; may be too narrow: 3 readers" in named.means[0].method
    assert "may be too narrow: 20 cases" in named.reader_means[0, 0].method
    assert "may be too narrow: 3 readers" in named.differences[0, 1].difference.method
    calls = (ratings > 1).astype(float)
    assert obuchowski_rockette(truth, calls, figure="accuracy").means[0].low >= 0
