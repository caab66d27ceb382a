import numpy as np
import pytest

from osteon.errors import DataError, UsageError
from osteon.statistics.thresholds import at_threshold, choose_threshold


def data(seed=0, n=300):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.3
    return truth, truth + rng.normal(size=n)


def best_by_force(truth, score, quality):
    cuts = np.unique(score)
    middles = np.r_[np.inf, (cuts[:-1] + cuts[1:]) / 2, -np.inf]
    rates = [((score >= c)[truth].mean(), (score < c)[~truth].mean()) for c in middles]
    return max(quality(se, sp) for se, sp in rates)


@pytest.mark.parametrize(
    ("rule", "quality"),
    [
        ("youden", lambda se, sp: se + sp),
        ("closest_to_corner", lambda se, sp: -((1 - se) ** 2) - (1 - sp) ** 2),
    ],
)
def test_rules_by_brute_force(rule, quality):
    truth, score = data()
    point = choose_threshold(truth, score, rule=rule, chosen_on="tuning")
    got = quality(point.sensitivity.value, point.specificity.value)
    assert got == pytest.approx(best_by_force(truth, score, quality), abs=1e-12)


@pytest.mark.parametrize("target", [0.5, 0.9, 0.95, 1.0])
def test_fixed_rules_reach_their_target_and_no_more_than_needed(target):
    truth, score = data(1)
    point = choose_threshold(
        truth, score, rule="fixed_sensitivity", target=target, chosen_on="tuning"
    )
    assert point.sensitivity.value >= target
    higher = np.nextafter(score[score >= point.threshold].min(), np.inf)
    assert (score[truth] >= higher).mean() < target
    point = choose_threshold(
        truth, score, rule="fixed_specificity", target=target, chosen_on="tuning"
    )
    assert point.specificity.value >= target
    lower = score[score < point.threshold].max()
    assert (score[~truth] < lower).mean() < target


def test_threshold_is_frozen_on_other_data():
    truth, score = data(2)
    point = choose_threshold(truth, score, rule="youden", chosen_on="tuning, 300 hips")
    other, shifted = data(3)
    test = at_threshold(other, shifted + 1, point, measured_on="external test")
    assert test.threshold == point.threshold
    assert (test.chosen_on, test.measured_on) == ("tuning, 300 hips", "external test")
    assert test.sensitivity.value == pytest.approx((shifted[other] + 1 >= point.threshold).mean())
    assert test.specificity.value < point.specificity.value


def test_ties_and_constant_scores():
    point = choose_threshold([0, 1, 0, 1], [0.5] * 4, rule="youden", chosen_on="tuning")
    assert point.threshold == np.inf
    clustered = choose_threshold(
        [0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], cluster=[1, 1, 2, 2], chosen_on="tuning"
    )
    assert "clustered" in clustered.sensitivity.method


def test_bad_input_is_named():
    with pytest.raises(DataError, match="needs both classes"):
        choose_threshold([1, 1], [0.1, 0.2], chosen_on="tuning")
    with pytest.raises(UsageError, match="only the fixed rules"):
        choose_threshold([0, 1], [0.1, 0.2], target=0.9, chosen_on="tuning")
    with pytest.raises(UsageError, match="only the fixed rules"):
        choose_threshold([0, 1], [0.1, 0.2], rule="fixed_sensitivity", chosen_on="tuning")
    with pytest.raises(UsageError, match="chooses nothing"):
        choose_threshold([0, 1], [0.1, 0.2], rule="given", chosen_on="tuning")
    with pytest.raises(UsageError, match="in \\(0, 1\\]"):
        choose_threshold([0, 1], [0.1, 0.2], rule="fixed_sensitivity", target=95, chosen_on="x")
