import sys

import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.bootstrap import (
    Resampling,
    bootstrap,
    one_image_per_patient,
    percentile_interval,
    whole_patient,
)
from osteon.statistics.roc import auroc_replicates


def mean(values, *, weights=None):
    return values.mean() if weights is None else weights @ values / weights.sum(axis=1)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_whole_patients_are_drawn_together():
    codes = np.array([0, 0, 1, 2, 2, 2])
    weights = Resampling(codes).weights(200, rng())
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_one_row_of_each_patient_is_kept():
    codes = np.array([0, 0, 1, 2, 2, 2])
    weights = Resampling(codes, one_per_cluster=True).weights(2000, rng())
    assert (weights.sum(axis=1) == 3).all()
    assert ((weights[:, :2] > 0).sum(axis=1) <= 1).all()
    assert ((weights[:, 3:] > 0).sum(axis=1) <= 1).all()
    np.testing.assert_allclose(weights.mean(axis=0), [0.5, 0.5, 1, 1 / 3, 1 / 3, 1 / 3], atol=0.08)


def test_strata_keep_their_sizes():
    plan = Resampling.of(6, [0, 1, 2, 3, 4, 5], strata=[0, 0, 0, 0, 1, 1])
    weights = plan.weights(300, rng())
    assert (weights[:, 4:].sum(axis=1) == 2).all()
    assert weights[:, 0].std() > 0


def test_vectorised_and_one_by_one_agree():
    values = rng(3).normal(size=40)
    ids = np.repeat(np.arange(10), 4)
    fast = bootstrap(mean, values, cluster=ids, rng=rng(5), replicates=300)
    slow = bootstrap(lambda x: x.mean(), values, cluster=ids, rng=rng(5), replicates=300)
    np.testing.assert_allclose([fast.low, fast.high], [slow.low, slow.high], rtol=1e-12)


@pytest.mark.parametrize("one_per_cluster", [False, True])
def test_same_seed_same_interval_whatever_the_chunks(monkeypatch, one_per_cluster):
    values, ids = rng(3).normal(size=60), np.repeat(np.arange(20), 3)
    options = {"cluster": ids, "one_per_cluster": one_per_cluster, "replicates": 500}
    once = bootstrap(mean, values, rng=rng(5), **options)
    monkeypatch.setattr(sys.modules[Resampling.__module__], "CHUNK_ELEMENTS", 1 << 20)
    again = bootstrap(mean, values, rng=rng(5), **options)
    assert (once.low, once.high) == pytest.approx((again.low, again.high), rel=1e-12)
    assert bootstrap(mean, values, rng=rng(6), **options).low != once.low


def test_permuting_patients_changes_little_and_relabelling_nothing():
    values, ids = rng(3).normal(size=60), np.repeat(np.arange(20), 3)
    renamed = np.array([f"p{i:02d}" for i in range(20)])[ids]
    once = bootstrap(mean, values, cluster=ids, rng=rng(5), replicates=500)
    assert once == bootstrap(mean, values, cluster=renamed, rng=rng(5), replicates=500)
    order = rng(1).permutation(60)
    moved = bootstrap(mean, values[order], cluster=ids[order], rng=rng(5), replicates=500)
    np.testing.assert_allclose([moved.low, moved.high], [once.low, once.high], rtol=1e-12)


def test_duplicated_images_do_not_narrow_a_cluster_interval():
    values, ids = rng(3).normal(size=30), np.arange(30)
    once = bootstrap(mean, values, cluster=ids, rng=rng(5))
    copies = bootstrap(mean, np.tile(values, 5), cluster=np.tile(ids, 5), rng=rng(5))
    np.testing.assert_allclose([copies.low, copies.high], [once.low, once.high], rtol=1e-12)
    rows = bootstrap(mean, np.tile(values, 5), rng=rng(5))
    assert rows.high - rows.low < (once.high - once.low) * 0.6


def test_krogue_estimate_is_the_mean_of_the_replicates():
    values, ids = np.array([0.0, 0, 0, 1]), np.array([0, 0, 0, 1])
    estimate = one_image_per_patient(mean, values, cluster=ids, rng=rng(), replicates=20_000)
    assert estimate.value == pytest.approx(0.5, abs=0.01)  # patients count alike, not images
    assert whole_patient(mean, values, cluster=ids, rng=rng()).value == 0.25


def test_undefined_replicates_are_counted():
    truth = np.array([1, 0, 0, 0, 0, 0])
    score = np.array([0.9, 0.1, 0.2, 0.95, 0.3, 0.2])
    estimate = bootstrap(auroc_replicates, truth, score, rng=rng(), replicates=1000)
    assert "of 1000 bootstrap replicates were undefined" in estimate.reason
    assert not np.isnan(estimate.low)


def test_mostly_undefined_replicates_give_no_interval():
    estimate = bootstrap(
        lambda x: np.nan if x.sum() < 100 else 1.0,
        np.r_[100.0, [0] * 9],
        rng=rng(1),
        replicates=200,
    )
    assert estimate.value == 1.0
    always = bootstrap(
        lambda x: np.nan if np.ptp(x) < 5 else 1.0,
        np.r_[[0.0] * 30, 9.0],
        rng=rng(1),
        replicates=200,
    )
    assert always.value == 1.0
    rare = bootstrap(
        lambda x: np.nan if len(set(x)) < 10 else 1.0, np.arange(10.0), rng=rng(1), replicates=200
    )
    assert np.isnan(rare.low)
    assert "200 of 200" in rare.reason


def test_one_giant_patient():
    truth = np.r_[np.ones(500), np.zeros(500), [1, 0, 1, 0]]
    score = np.r_[np.linspace(0.4, 1, 500), np.linspace(0, 0.6, 500), [0.6, 0.5, 0.2, 0.9]]
    ids = np.r_[np.zeros(1000), [1, 2, 3, 4]]
    estimate = bootstrap(auroc_replicates, truth, score, cluster=ids, rng=rng())
    assert estimate.low < 0.5  # without the giant little is left
    alone = bootstrap(auroc_replicates, truth, score, rng=rng())
    assert alone.low > 0.9


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_city_ratio(reference_data, reference, interval):
    facts = reference("bootstrap.json")["city_ratio"]
    u, x = np.loadtxt(
        reference_data / "statistics/data/boot_city.csv", delimiter=",", skiprows=1, unpack=True
    )

    def ratio(a, b, *, weights):
        return (weights @ b) / (weights @ a)

    estimate = bootstrap(ratio, u, x, rng=rng(9), replicates=100_000, method=interval)
    assert estimate.value == pytest.approx(facts["value"], abs=5e-8)
    got = [estimate.low, estimate.high]
    np.testing.assert_allclose(got, facts[interval], atol=facts["tolerance"])


def test_bad_input_is_named():
    with pytest.raises(DataError, match="one length"):
        bootstrap(mean, [1.0, 2], [1.0], rng=rng())
    with pytest.raises(DataError, match="cluster has shape"):
        bootstrap(mean, [1.0, 2], cluster=[1], rng=rng())
    with pytest.raises(DataError, match="without an id"):
        bootstrap(mean, [1.0, 2], cluster=[1, np.nan], rng=rng())
    with pytest.raises(UsageError, match="generator"):
        bootstrap(mean, [1.0, 2], rng=None)
    assert "no rows" in bootstrap(mean, [], rng=rng()).reason
    assert np.isnan(percentile_interval(np.array([np.nan]), 0.95)[0])


@pytest.mark.parametrize("one_per_cluster", [False, True])
def test_workers_change_nothing(one_per_cluster):
    rng = np.random.default_rng(0)
    truth = rng.random(300) < 0.4
    score, ids = truth + rng.normal(size=300), np.arange(300) // 3
    found = [
        bootstrap(
            auroc_replicates, truth, score, cluster=ids, replicates=500, workers=workers,
            one_per_cluster=one_per_cluster, rng=np.random.default_rng(7),
        )
        for workers in (1, 2)
    ]  # fmt: skip
    assert found[0] == found[1]
    after = [np.random.default_rng(7) for _ in range(2)]
    for workers, generator in zip((1, 2), after, strict=True):
        bootstrap(auroc_replicates, truth, score, replicates=40, workers=workers, rng=generator)
    assert after[0].random() == after[1].random()
