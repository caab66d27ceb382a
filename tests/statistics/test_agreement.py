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
    analytic = cohen_kappa(first, second, method="large-sample")
    assert drawn.low == pytest.approx(analytic.low, abs=0.01)
    ids = np.repeat(np.arange(100), 4)
    drawn = bootstrap(statistic, first, second, cluster=ids, rng=np.random.default_rng(0))
    clustered = cohen_kappa(first, second, cluster=ids, method="large-sample")
    assert drawn.low == pytest.approx(clustered.low, abs=0.015)


def test_the_adjusted_interval_holds_kappa_and_nears_the_large_sample_one():
    for n, near in ((20, 1.0), (5000, 0.01)):
        first, second = ratings(5, n=n)
        new, old = (cohen_kappa(first, second, method=m) for m in ("adjusted", "large-sample"))
        assert new.low < new.value < new.high
        assert new.value == old.value
        assert new.high - new.low == pytest.approx(old.high - old.low, rel=near)
        assert ("may be too narrow" in old.method) == (n < 150)


def test_copies_narrow_nothing():
    first, second = ratings(4, n=80)
    ids = np.arange(80)
    once = cohen_kappa(first, second, cluster=ids)
    copies = cohen_kappa(np.tile(first, 3), np.tile(second, 3), cluster=np.tile(ids, 3))
    assert (copies.low, copies.high) == pytest.approx((once.low, once.high))


def test_one_category_and_perfect_agreement_have_reasons():
    assert "one category" in cohen_kappa([1, 1, 1], [1, 1, 1]).reason
    perfect = cohen_kappa([0, 1, 0, 1], [0, 1, 0, 1])
    assert perfect.value == perfect.high == 1
    assert -1 < perfect.low < 0.5  # four rows
    plain = cohen_kappa([0, 1, 0, 1], [0, 1, 0, 1], method="large-sample")
    assert np.isnan(plain.low)
    assert "perfect agreement" in plain.reason
    assert cohen_kappa([], []).reason == "no rows"
    constant = cohen_kappa([0, 0, 0, 0], [0, 1, 0, 1])
    assert constant.value == pytest.approx(0)


def test_bad_input_is_named():
    with pytest.raises(DataError, match="uses 7"):
        cohen_kappa([0, 7], [0, 1], categories=[0, 1])
    with pytest.raises(DataError, match="NaN"):
        cohen_kappa([0.0, np.nan], [0.0, 1.0])
    with pytest.raises(UsageError, match="weighting"):
        cohen_kappa([0, 1], [0, 1], weighting="cubic")
