import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from tests.statistics.test_agreement import ratings

from osteon.errors import DataError
from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.agreement_groups import group_kappa, kappa_difference


def test_group_kappa_is_the_mean_of_its_raters():
    truth, one = ratings(6)
    _, two = ratings(7)
    ids = np.repeat(np.arange(100), 2)
    found = group_kappa(truth, [one, two], cluster=ids, rng=np.random.default_rng(0))
    mean = (cohen_kappa(truth, one).value + cohen_kappa(truth, two).value) / 2
    assert found.value == pytest.approx(mean)
    assert found.low < mean < found.high
    with pytest.raises(DataError, match="raters has shape"):
        group_kappa(truth, np.zeros((0, 200)), rng=np.random.default_rng(0))


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
    found = kappa_difference(
        truth, model, group, cluster=ids, rng=rng, replicates=4000, method="bootstrap"
    )
    assert (found.low, found.high) == pytest.approx(tuple(wanted), abs=0.02)
    assert "may be too narrow: 60" in found.method
    adjusted = kappa_difference(truth, model, group, cluster=ids)
    assert adjusted.value == pytest.approx(found.value)
    assert adjusted.low < found.low + 0.02
    assert adjusted.high > found.high - 0.02


def test_one_rater_s_group_has_cohens_limits():
    truth, one = ratings(6)
    found, alone = group_kappa(truth, one), cohen_kappa(truth, one)
    assert (found.low, found.value, found.high) == pytest.approx(
        (alone.low, alone.value, alone.high)
    )
    same = kappa_difference(truth, one, one)
    assert same.low < same.value == 0 < same.high
    assert same.high < 0.3 * (alone.high - alone.low)


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
        gap = kappa_difference(truth, a, b, cluster=ids)
        held += gap.low <= wanted <= gap.high
    assert held / 400 > 0.925
