import numpy as np
import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.errors import DataError
from osteon.statistics.multiclass import confusion_matrix, confusion_replicates, per_class


def data(seed=0, n=300, k=6, missing=None):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    if missing is not None:
        truth[truth == missing] = 0
    logits = rng.normal(size=(n, k)) + 2 * np.eye(k)[truth]
    table = np.exp(logits)
    return truth, table / table.sum(axis=1, keepdims=True)


def test_counts_and_shares():
    truth, table = data()
    called = table.argmax(axis=1)
    matrix = confusion_matrix(truth, called, HIP_CLASSES.classes)
    assert matrix.counts.sum() == 300
    for i in range(6):
        assert sum(share.value for share in matrix.shares[i]) == pytest.approx(1)
        assert matrix.shares[i][i].value == pytest.approx((called[truth == i] == i).mean())
    weights = np.ones((2, 300))
    np.testing.assert_allclose(confusion_replicates(truth, called, 6, weights)[1], matrix.counts)


def test_class_without_rows_has_reasons():
    truth, table = data(1, missing=2)
    rows = per_class(truth, table, HIP_CLASSES.classes, cluster=np.arange(300) // 2)
    assert rows[2].n_positive == 0
    assert rows[2].sensitivity.reason == "no observations"
    assert "no row is positive" in rows[2].auroc.reason
    assert rows[2].specificity.is_defined
    matrix = confusion_matrix(truth, table.argmax(axis=1), HIP_CLASSES.classes)
    assert matrix.shares[2][0].reason == "no observations"
    assert rows[0].auroc.value > 0.8
    assert "Obuchowski" in rows[0].auroc.method


def test_relabelling_permutes_the_table():
    truth, table = data(2)
    order = np.array([3, 1, 5, 0, 2, 4])
    place = np.argsort(order)
    rows = per_class(truth, table, HIP_CLASSES.classes)
    moved = per_class(place[truth], table[:, order], [HIP_CLASSES.classes[i] for i in order])
    assert moved[0] == rows[3]


def test_bad_classes_are_named():
    with pytest.raises(DataError, match="wanted 0 to 1"):
        confusion_matrix([0, 2], [0, 1], ["a", "b"])
    with pytest.raises(DataError, match="class numbers"):
        confusion_matrix([0.5, 1], [0, 1], ["a", "b"])
    with pytest.raises(DataError, match="wanted \\(n, 2\\)"):
        per_class([0, 1], [[1.0], [0.0]], ["a", "b"])
