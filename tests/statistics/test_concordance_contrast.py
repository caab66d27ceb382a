import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.concordance import concordance_difference, concordance_index_harrell
from osteon.statistics.concordance_contrast import concordance_contrast, replicates_as_patients
from osteon.statistics.time_dependent import (
    cumulative_dynamic_auroc,
    cumulative_dynamic_auroc_contrast,
    cumulative_dynamic_auroc_difference,
)


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=160)
    time = rng.exponential(np.exp(-truth))
    limit = rng.uniform(0.1, 2.0, 160)
    scores = np.stack([truth + rng.normal(0, spread, 160) for spread in (0.5, 1.0, 1.5, 2.0)])
    return np.minimum(time, limit), (time <= limit).astype(int), scores


def test_a_difference_is_the_difference_by_the_same_limits(cohort):
    time, event, scores = cohort
    found = concordance_contrast(time, event, scores[:2], (1, -1))
    other = concordance_difference(time, event, scores[0], scores[1])
    gap, same = found.test.difference, other.difference
    assert (gap.value, gap.low, gap.high) == (same.value, same.low, same.high)
    assert (found.test.statistic, found.replicates.size) == (other.statistic, 0)


def test_the_bootstraps_error_is_the_jackknifes(cohort):
    time, event, scores = cohort
    found = concordance_contrast(
        time, event, scores[:2], (1, -1), replicates=800, rng=np.random.default_rng(1),
        method="bootstrap",
    )  # fmt: skip
    other = concordance_difference(time, event, scores[0], scores[1], method="wald")
    assert found.test.difference.value == pytest.approx(other.difference.value, abs=1e-12)
    wide = other.difference.high - other.difference.low
    assert found.test.difference.high - found.test.difference.low == pytest.approx(wide, rel=0.15)
    assert found.test.statistic == pytest.approx(other.statistic, rel=0.15)
    few = np.where(np.cumsum(event) <= 5, event, 0)
    told = concordance_contrast(
        time, few, scores[:2], (1, -1), replicates=5, rng=np.random.default_rng(1),
        method="bootstrap",
    ).test.method  # fmt: skip
    assert "may be too narrow: 5 events" in told


def test_the_mean_of_three_is_the_mean(cohort):
    time, event, scores = cohort
    rng = np.random.default_rng(1)
    shares = (1, -1 / 3, -1 / 3, -1 / 3)
    found = concordance_contrast(time, event, scores, shares, replicates=20, rng=rng)
    values = [concordance_index_harrell(time, event, score).value for score in scores]
    assert found.test.difference.value == pytest.approx(values[0] - np.mean(values[1:]))
    area = [cumulative_dynamic_auroc(time, event, score, 0.5).value for score in scores]
    test = cumulative_dynamic_auroc_contrast(time, event, scores, shares, 0.5)
    assert test.difference.value == pytest.approx(area[0] - np.mean(area[1:]))
    two = cumulative_dynamic_auroc_contrast(time, event, scores[:2], (1, -1), 0.5)
    assert two == cumulative_dynamic_auroc_difference(time, event, scores[0], scores[1], 0.5)


def test_replicates_taken_for_patients_prove_anything(cohort):
    """The valid p value stays with more replicates, the invalid one falls without end."""
    time, event, scores = cohort
    few, many = (
        concordance_contrast(
            time, event, scores[:2], (1, -1), replicates=count, rng=np.random.default_rng(2)
        )
        for count in (50, 800)
    )
    wrong = [replicates_as_patients(found.replicates) for found in (few, many)]
    assert abs(wrong[1].statistic) > 3 * abs(wrong[0].statistic)
    assert wrong[1].p_value < 1e-20 < few.test.p_value
    assert wrong[0].method.startswith("INVALID")


def test_nothing_to_compare_is_told(cohort):
    time, event, scores = cohort
    rng = np.random.default_rng(1)
    none = concordance_contrast(time, event * 0, scores[:2], (1, -1), replicates=5, rng=rng)
    assert none.test.reason == "no event: no pair compares"
    same = concordance_contrast(time, event, scores[[0, 0]], (1, -1), replicates=5, rng=rng)
    assert (same.test.p_value, same.test.difference.value) == (1.0, 0.0)
    assert replicates_as_patients(same.replicates).reason
    with pytest.raises(DataError, match="contrast has shape"):
        concordance_contrast(time, event, scores, (1, -1), replicates=5, rng=rng)
    with pytest.raises(DataError, match="contrast has shape"):
        cumulative_dynamic_auroc_contrast(time, event, scores, (1, -1), 0.5)
