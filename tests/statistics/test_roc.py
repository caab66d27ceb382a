import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from osteon.errors import DataError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.roc import (
    auroc,
    auroc_covariance,
    auroc_replicates,
    clustered_auroc,
    newcombe_limits,
    placements,
)


def data(seed=0, n=120, grid=None):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    score = truth + rng.normal(size=n)
    return truth, score if grid is None else np.round(score * grid) / grid


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 1, 3]))
def test_value_is_the_share_of_pairs_won(seed, grid):
    truth, score = data(seed, 40, grid)
    if truth.all() or not truth.any():
        return
    gap = score[truth][:, None] - score[~truth][None, :]
    by_pairs = np.mean((gap > 0) + (gap == 0) / 2)
    assert auroc(truth, score).value == pytest.approx(by_pairs, abs=1e-12)
    assert auroc(truth, score).value == pytest.approx(roc_auc_score(truth, score), abs=1e-12)


def test_monotone_transforms_and_order_change_nothing():
    truth, score = data()
    order = np.random.default_rng(1).permutation(truth.size)
    one = auroc(truth, score)
    for other in (
        auroc(truth, np.exp(3 * score)),
        auroc(truth[order], score[order]),
    ):
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))
    turned = auroc(truth, -score)
    assert turned.value == pytest.approx(1 - one.value)
    assert turned.low == pytest.approx(1 - one.high)


def test_delong_by_its_definition():
    truth, score = data(3, 50, 2)
    psi = score[truth][:, None] - score[~truth][None, :]
    psi = (psi > 0) + (psi == 0) / 2
    variance = (
        psi.mean(axis=1).var(ddof=1) / truth.sum() + psi.mean(axis=0).var(ddof=1) / (~truth).sum()
    )
    _, covariance = auroc_covariance(truth, score[None, :])
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-12)
    v10, v01 = placements(score[truth], score[~truth])
    np.testing.assert_allclose(v10, psi.mean(axis=1))
    np.testing.assert_allclose(v01, psi.mean(axis=0))


def obuchowski_by_loops(truth, score, cluster):
    """The formulas of Obuchowski 1997, section 2, cluster by cluster and pair by pair."""
    x, y = score[truth], score[~truth]
    m, n = len(x), len(y)

    def psi(a, b):
        return 1.0 if a > b else 0.5 if a == b else 0.0

    v10 = [sum(psi(a, b) for b in y) / n for a in x]
    v01 = [sum(psi(a, b) for a in x) / m for b in y]
    area = sum(v10) / m
    ids = sorted(set(cluster.tolist()))
    cx, cy = cluster[truth].tolist(), cluster[~truth].tolist()
    d10 = {k: sum(v - area for v, c in zip(v10, cx, strict=True) if c == k) for k in ids}
    d01 = {k: sum(v - area for v, c in zip(v01, cy, strict=True) if c == k) for k in ids}
    i10, i01, i = len(set(cx)), len(set(cy)), len(ids)
    s10 = i10 / ((i10 - 1) * m) * sum(v**2 for v in d10.values())
    s01 = i01 / ((i01 - 1) * n) * sum(v**2 for v in d01.values())
    s11 = i / (i - 1) * sum(d10[k] * d01[k] for k in ids)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def test_obuchowski_by_another_route():
    rng = np.random.default_rng(5)
    cluster = rng.integers(0, 25, 80)
    truth = rng.random(80) < 0.5
    score = np.round(truth + rng.normal(size=25)[cluster] + rng.normal(size=80), 1)
    codes = np.unique(cluster, return_inverse=True)[1]
    _, covariance = auroc_covariance(truth, score[None, :], codes)
    assert covariance[0, 0] == pytest.approx(obuchowski_by_loops(truth, score, cluster), rel=1e-12)


def test_clusters_of_one_are_delong():
    truth, score = data(7)
    plain, single = auroc(truth, score), clustered_auroc(truth, score, np.arange(truth.size))
    assert single.low == pytest.approx(plain.low, abs=1e-12)


def test_duplicated_images_do_not_narrow():
    truth, score = data(8, 60)
    ids = np.arange(60)
    once = auroc(truth, score, cluster=ids)
    copies = auroc(np.tile(truth, 4), np.tile(score, 4), cluster=np.tile(ids, 4))
    assert copies.value == pytest.approx(once.value)
    assert copies.high - copies.low == pytest.approx(once.high - once.low, rel=0.02)
    naive = auroc(np.tile(truth, 4), np.tile(score, 4))
    assert naive.high - naive.low < 0.6 * (once.high - once.low)


@pytest.mark.parametrize("method", ["delong", "logit"])
def test_perfect_area_has_a_lower_limit(method):
    truth, score = np.r_[np.zeros(30), np.ones(20)], np.arange(50.0)
    estimate = auroc(truth, score, method=method)
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert 0.85 < estimate.low < 1
    assert "Newcombe" in estimate.method
    clustered = auroc(truth, score, method=method, cluster=np.arange(50) // 10)
    assert clustered.low < estimate.low
    constant = auroc(truth, np.zeros(50))
    assert constant.value == 0.5
    assert constant.low < 0.4


def test_newcombe_limits_solve_their_equation():
    low, high = newcombe_limits(0.8, 30, 40, 0.95)
    for theta in (low, high):
        spread = 1 + 34 * (1 - theta) / (2 - theta) + 34 * theta / (1 + theta)
        wanted = 1.959963984540054**2 * theta * (1 - theta) * spread / 1200
        assert (0.8 - theta) ** 2 == pytest.approx(wanted, rel=1e-9)
    assert low < 0.8 < high


def test_missing_class_is_a_reason():
    for truth in ([0, 0, 0], [1, 1, 1], []):
        estimate = auroc(truth, np.arange(len(truth)))
        assert not estimate.is_defined
        assert "class" in estimate.reason or estimate.reason == "no rows"
    lonely = auroc([1, 0, 0, 0], [0.5, 0.1, 0.9, 0.2])
    assert lonely.value == pytest.approx(2 / 3)
    assert "one row" in lonely.reason


def test_replicates_are_the_area_of_repeated_rows():
    truth, score = data(9, 50, 2)
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 3, size=(20, 50)).astype(float)
    got = auroc_replicates(truth, score, weights=weights)
    for row, value in zip(weights.astype(int), got, strict=True):
        repeated = np.repeat(np.arange(50), row)
        assert value == pytest.approx(roc_auc_score(truth[repeated], score[repeated]), abs=1e-12)
    none = auroc_replicates(truth, score, weights=np.zeros((1, 50)))
    assert np.isnan(none).all()


def test_bootstrap_interval_is_near_delong():
    truth, score = data(10, 400)
    analytic = auroc(truth, score)
    drawn = auroc(truth, score, method="bootstrap", rng=np.random.default_rng(0))
    assert drawn.low == pytest.approx(analytic.low, abs=0.01)
    assert drawn.high == pytest.approx(analytic.high, abs=0.01)
    bca = auroc(truth, score, method="bca", rng=np.random.default_rng(0))
    assert bca.low == pytest.approx(analytic.low, abs=0.02)


def test_the_bootstrap_takes_a_loop_too():
    truth, score = data(11, 40)
    fast = bootstrap(auroc_replicates, truth, score, rng=np.random.default_rng(0), replicates=50)
    slow = bootstrap(roc_auc_score, truth, score, rng=np.random.default_rng(0), replicates=50)
    assert fast.low == pytest.approx(slow.low, abs=1e-12)


def test_bad_input_is_named():
    with pytest.raises(DataError, match="not finite"):
        auroc([0, 1], [np.nan, 1])
    with pytest.raises(DataError, match="one length"):
        auroc([0, 1], [1])
    with pytest.raises(DataError, match="compare with the positive class"):
        auroc([1, 2], [0.1, 0.2])
