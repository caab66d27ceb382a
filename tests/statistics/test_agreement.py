import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from osteon.errors import DataError, UsageError
from osteon.statistics.agreement import (
    agreement_weights,
    cohen_kappa,
    cohen_kappa_replicates,
    kappa_difference,
)
from osteon.statistics.bootstrap import bootstrap


def ratings(seed=0, n=200, k=4, agree=0.7):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, k, n)
    second = np.where(rng.random(n) < agree, first, rng.integers(0, k, n))
    return first, second


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["unweighted", "linear", "quadratic"]))
def test_value_is_sklearns(seed, weighting):
    first, second = ratings(seed, 60)
    name = None if weighting == "unweighted" else weighting
    labels = [0, 1, 2, 3]
    wanted = cohen_kappa_score(first, second, weights=name, labels=labels)
    got = cohen_kappa(first, second, weighting=weighting, categories=labels)
    assert got.value == pytest.approx(wanted, abs=1e-12)
    turned = cohen_kappa(second, first, weighting=weighting, categories=labels)
    assert (turned.value, turned.low) == pytest.approx((got.value, got.low))


def test_relabelling_changes_nothing():
    first, second = ratings(1)
    names = np.array(["zeta", "alpha", "mid", "beta"])
    assert cohen_kappa(names[first], names[second]).low == pytest.approx(
        cohen_kappa(first, second).low
    )


def test_an_empty_class_matters_only_with_weights():
    first, second = ratings(2, k=3)
    plain = cohen_kappa(first, second)
    padded = cohen_kappa(first, second, categories=[0, 1, 2, 3])
    assert padded == plain
    shifted_first, shifted_second = np.where(first == 2, 3, first), np.where(second == 2, 3, second)
    linear = cohen_kappa(shifted_first, shifted_second, weighting="linear", categories=[0, 1, 2, 3])
    squeezed = cohen_kappa(shifted_first, shifted_second, weighting="linear")
    assert linear.value != pytest.approx(squeezed.value, abs=1e-3)


def test_large_sample_interval_is_near_the_bootstrap():
    first, second = ratings(3, n=400)
    agreement = agreement_weights(4, "unweighted")

    def statistic(a, b, *, weights=None):
        return cohen_kappa_replicates(a, b, agreement=agreement, weights=weights)

    drawn = bootstrap(statistic, first, second, rng=np.random.default_rng(0))
    analytic = cohen_kappa(first, second)
    assert drawn.low == pytest.approx(analytic.low, abs=0.01)
    ids = np.repeat(np.arange(100), 4)
    drawn = bootstrap(statistic, first, second, cluster=ids, rng=np.random.default_rng(0))
    clustered = cohen_kappa(first, second, cluster=ids)
    assert drawn.low == pytest.approx(clustered.low, abs=0.015)


def test_copies_narrow_nothing():
    first, second = ratings(4, n=80)
    ids = np.arange(80)
    once = cohen_kappa(first, second, cluster=ids)
    copies = cohen_kappa(np.tile(first, 3), np.tile(second, 3), cluster=np.tile(ids, 3))
    assert (copies.low, copies.high) == pytest.approx((once.low, once.high))


def test_one_category_and_perfect_agreement_have_reasons():
    assert "one category" in cohen_kappa([1, 1, 1], [1, 1, 1]).reason
    perfect = cohen_kappa([0, 1, 0, 1], [0, 1, 0, 1])
    assert perfect.value == 1
    assert np.isnan(perfect.low)
    assert "perfect agreement" in perfect.reason
    assert cohen_kappa([], []).reason == "no rows"
    constant = cohen_kappa([0, 0, 0, 0], [0, 1, 0, 1])
    assert constant.value == pytest.approx(0)


def test_difference_is_paired():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 300)
    hard = rng.random(300) < 0.25
    model = np.where(hard, 1 - truth, truth)
    reader = np.where(hard ^ (rng.random(300) < 0.04), 1 - truth, truth)
    gap = kappa_difference(truth, model, reader, rng=np.random.default_rng(0))
    alone = cohen_kappa(truth, model)
    assert gap.high - gap.low < 0.7 * (alone.high - alone.low)
    wanted = cohen_kappa(truth, model).value - cohen_kappa(truth, reader).value
    assert gap.value == pytest.approx(wanted, abs=1e-12)
    back = kappa_difference(truth, reader, model, rng=np.random.default_rng(0))
    assert (back.low, back.high) == pytest.approx((-gap.high, -gap.low))


def test_difference_of_groups_is_of_mean_kappas():
    truth, one = ratings(6)
    _, two = ratings(7)
    group = np.stack([one, two])
    model = truth.copy()
    gap = kappa_difference(truth, model, group, rng=np.random.default_rng(0), replicates=50)
    mean = (cohen_kappa(truth, one).value + cohen_kappa(truth, two).value) / 2
    assert gap.value == pytest.approx(1 - mean)
    ids = np.repeat(np.arange(100), 2)
    krogue = kappa_difference(
        truth, model, group, cluster=ids, one_per_cluster=True, rng=np.random.default_rng(0)
    )
    assert "one image per patient" in krogue.method
    assert krogue.value == pytest.approx(1 - mean, abs=0.03)


def test_bad_input_is_named():
    with pytest.raises(DataError, match="uses 7"):
        cohen_kappa([0, 7], [0, 1], categories=[0, 1])
    with pytest.raises(DataError, match="NaN"):
        cohen_kappa([0.0, np.nan], [0.0, 1.0])
    with pytest.raises(UsageError, match="weighting"):
        cohen_kappa([0, 1], [0, 1], weighting="cubic")


def slow_difference(truth, first, second, ids, rng, replicates):
    """Draw patients by name, build the tables of every replicate, take sklearn's kappas."""
    patients = np.unique(ids)
    values = []
    for _ in range(replicates):
        drawn = rng.choice(patients, patients.size)
        rows = np.concatenate([np.flatnonzero(ids == patient) for patient in drawn])
        kappas = [
            np.mean([cohen_kappa_score(truth[rows], one[rows]) for one in group])
            for group in (first, second)
        ]
        values.append(kappas[0] - kappas[1])
    return np.quantile(values, [0.025, 0.975])


def test_difference_by_another_route():
    truth, one = ratings(8, n=120, k=3)
    _, two = ratings(9, n=120, k=3, agree=0.5)
    model = np.where(np.random.default_rng(1).random(120) < 0.9, truth, 0)
    ids = np.repeat(np.arange(60), 2)
    group = np.stack([one, two])
    wanted = slow_difference(truth, [model], group, ids, np.random.default_rng(2), 800)
    rng = np.random.default_rng(3)
    found = kappa_difference(truth, model, group, cluster=ids, rng=rng, replicates=4000)
    assert (found.low, found.high) == pytest.approx(tuple(wanted), abs=0.02)


@pytest.mark.slow
def test_interval_of_the_difference_holds():
    rng = np.random.default_rng(6)

    def pair(n):
        truth = np.repeat(rng.integers(0, 3, n // 2), 2)
        hard = np.repeat(rng.random(n // 2) < 0.3, 2)  # both hips of a patient are hard or easy
        calls = [
            np.where(rng.random(n) < np.where(hard, low, 0.97), truth, rng.integers(0, 3, n))
            for low in (0.8, 0.5)
        ]
        return truth, calls[0], calls[1], np.repeat(np.arange(n // 2), 2)

    truth, a, b, _ = pair(400_000)
    wanted = cohen_kappa(truth, a).value - cohen_kappa(truth, b).value
    held = 0
    for _ in range(400):
        truth, a, b, ids = pair(200)
        gap = kappa_difference(truth, a, b, cluster=ids, rng=rng, replicates=400)
        held += gap.low <= wanted <= gap.high
    assert 0.915 < held / 400 < 0.985
