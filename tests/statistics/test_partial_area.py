import numpy as np
import pytest

from osteon.statistics.partial_area import (
    partial_auroc,
    partial_auroc_replicates,
    partial_placements,
)
from osteon.statistics.resampling import Resampling, cluster_influence
from osteon.statistics.roc import auroc, placements


@pytest.mark.parametrize("top", [0.1, 0.37, 1.0])
@pytest.mark.parametrize("decimals", [None, 0])
def test_placements_are_the_derivative_of_the_area(top, decimals):
    rng = np.random.default_rng(2)
    truth = rng.random(60) < 0.4
    score = rng.normal(size=60) + truth
    score = score if decimals is None else score.round(decimals)

    def area(w):
        return partial_auroc_replicates(truth, score, max_false_positive_fraction=top, weights=w)

    v10, v01 = partial_placements(truth, score, top)
    assert v10.mean() == pytest.approx(float(area(None)[0]))
    assert v01.mean() == pytest.approx(v10.mean())
    own = np.empty(60)
    own[truth], own[~truth] = (v10 - v10.mean()) / v10.size, (v01 - v01.mean()) / v01.size
    influence = cluster_influence(area, Resampling(np.arange(60))) * np.sqrt(59 / 60)
    np.testing.assert_allclose(own, influence, atol=1e-9)
    if top == 1:
        whole = placements(score[truth], score[~truth])
        np.testing.assert_allclose(v10, whole[0])
        np.testing.assert_allclose(v01, whole[1])


def test_the_whole_area_has_nearly_its_own_interval():
    rng = np.random.default_rng(3)
    truth = np.arange(400) < 150
    score = rng.normal(size=400) + truth
    part = partial_auroc(truth, score, max_false_positive_fraction=1.0, standardised=False)
    area = auroc(truth, score)
    assert part.value == pytest.approx(area.value)
    assert part.high == pytest.approx(area.high)
    assert part.low == pytest.approx(area.low, abs=0.005)  # half a negative more


def test_a_perfect_part_and_a_single_positive():
    truth = np.r_[np.zeros(20), np.ones(5)]
    perfect = partial_auroc(truth, truth)
    assert perfect.low < perfect.value == pytest.approx(perfect.high) == pytest.approx(1)
    assert perfect.low > 0.5
    one = partial_auroc([0, 0, 0, 1], [1, 2, 3, 2.5], max_false_positive_fraction=0.5)
    assert np.isnan(one.low)
    assert "no variance" in one.reason
    drawn = partial_auroc(
        truth, np.arange(25) % 7, method="bootstrap", rng=np.random.default_rng(0)
    )
    assert "may be too narrow: 5" in drawn.method
