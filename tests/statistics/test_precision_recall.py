import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from osteon.errors import UsageError
from osteon.statistics.precision_recall import (
    average_precision,
    average_precision_replicates,
    precision_recall_curve,
)


def data(seed=0, n=300):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.25
    return truth, np.round(truth + rng.normal(size=n), 1)


def test_second_opinion_ties_included():
    truth, score = data()
    got = average_precision(truth, score)
    assert got.value == pytest.approx(average_precision_score(truth, score), abs=1e-12)
    assert got.low < got.value < got.high
    curve = precision_recall_curve(truth, score)
    steps = np.sum(np.diff(curve.x, prepend=0) * curve.y)
    assert steps == pytest.approx(got.value, abs=1e-12)


def test_replicates_are_of_repeated_rows():
    truth, score = data(1, 60)
    weights = np.random.default_rng(0).integers(0, 3, (10, 60)).astype(float)
    got = average_precision_replicates(truth, score, weights=weights)
    for row, value in zip(weights.astype(int), got, strict=True):
        rows = np.repeat(np.arange(60), row)
        assert value == pytest.approx(average_precision_score(truth[rows], score[rows]))


def test_logit_interval_is_near_the_bootstrap():
    truth, score = data(2, 800)
    analytic = average_precision(truth, score)
    drawn = average_precision(truth, score, method="bootstrap", rng=np.random.default_rng(0))
    assert drawn.low == pytest.approx(analytic.low, abs=0.03)
    assert drawn.high == pytest.approx(analytic.high, abs=0.03)


def test_copies_of_a_patient_narrow_no_interval():
    truth, score = data(3, 60)
    ids = np.arange(60)
    once = average_precision(truth, score, cluster=ids)
    copies = average_precision(np.tile(truth, 3), np.tile(score, 3), cluster=np.tile(ids, 3))
    assert copies.value == pytest.approx(once.value)
    assert (copies.low, copies.high) == (pytest.approx(once.low), pytest.approx(once.high))
    alone = average_precision(truth, score)
    assert once.low <= alone.low + 1e-12
    assert once.high >= alone.high - 1e-12


def test_trouble():
    assert "no row is positive" in average_precision([0, 0], [0.1, 0.2]).reason
    perfect = average_precision([0, 1], [0.1, 0.2])
    assert perfect.value == 1
    assert (perfect.low, perfect.high) == (pytest.approx(0.025), 1.0)  # Clopper-Pearson of 1 of 1
    with pytest.raises(UsageError, match="no rows"):
        precision_recall_curve([], [])
