import numpy as np
import pytest
from sklearn import metrics

from osteon.errors import UsageError
from osteon.statistics.partial_area import partial_auroc
from osteon.statistics.roc import auroc
from osteon.statistics.roc_curve import hand_till, roc_curve


def data(seed=0, n=200):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    return truth, np.round(truth + rng.normal(size=n), 1)


def test_curve_has_the_area_and_sklearns_points():
    truth, score = data()
    curve = roc_curve(truth, score)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(auroc(truth, score).value, abs=1e-12)
    x, y, _ = metrics.roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, x)
    np.testing.assert_allclose(curve.y, y)
    for cut, x, y in zip(curve.threshold, curve.x, curve.y, strict=True):
        assert (score[~truth] >= cut).mean() == pytest.approx(x)
        assert (score[truth] >= cut).mean() == pytest.approx(y)


def test_cuts_between_neighbours_in_floating_point():
    low = 0.1
    high = np.nextafter(low, 1)
    curve = roc_curve([0, 1], [low, high])
    assert curve.threshold[1] == high


def test_partial_area_limits():
    truth, score = data(4, 500)
    rng = np.random.default_rng(0)
    whole = partial_auroc(
        truth, score, rng=rng, max_false_positive_fraction=1.0, standardised=False, replicates=50
    )
    assert whole.value == pytest.approx(auroc(truth, score).value, abs=1e-12)
    part = partial_auroc(truth, score, rng=rng, max_false_positive_fraction=0.2, replicates=50)
    assert part.value == pytest.approx(metrics.roc_auc_score(truth, score, max_fpr=0.2), abs=1e-9)
    perfect = partial_auroc(truth, truth.astype(float), rng=rng, replicates=20)
    assert perfect.value == pytest.approx(1.0)
    with pytest.raises(UsageError, match="max_false_positive_fraction"):
        partial_auroc(truth, score, rng=rng, max_false_positive_fraction=10)


def test_hand_till_is_sklearns_macro_one_against_one():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 200)
    logits = rng.normal(size=(200, 3)) + np.eye(3)[truth]
    table = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = metrics.roc_auc_score(truth, table, multi_class="ovo")
    got = hand_till(truth, table)
    assert got.value == pytest.approx(wanted, abs=1e-12)
    drawn = hand_till(truth, table, method="bootstrap", rng=rng, replicates=400)
    assert got.high - got.low == pytest.approx(drawn.high - drawn.low, rel=0.15)
    assert "fewer than two" in hand_till(np.zeros(5), np.ones((5, 3)) / 3).reason
    perfect = hand_till([0, 0, 1, 1, 2, 2], np.eye(3)[[0, 0, 1, 1, 2, 2]])
    assert perfect.low < 0.5 < perfect.high == 1
    alone = hand_till([0, 1, 1, 2, 2], rng.normal(size=(5, 3)))
    assert "one patient only" in alone.reason
