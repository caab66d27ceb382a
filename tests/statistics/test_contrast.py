import numpy as np
import pytest

from osteon.statistics.comparison import delong_test
from osteon.statistics.contrast import Arm, contrast_test, mover_limits


@pytest.mark.parametrize("seed", range(8))
def test_the_p_value_is_where_the_interval_touches_zero(seed):
    rng = np.random.default_rng(seed)
    truth = np.arange(40) < (3, 6, 20)[seed % 3]
    first, second = rng.normal(size=(2, 40)) + np.outer([1.2, 0.4], truth)
    test = delong_test(truth, first, second)
    touching = delong_test(truth, first, second, level=1 - test.p_value).difference
    nearer = touching.low if touching.value > 0 else touching.high
    assert nearer == pytest.approx(0, abs=1e-6)
    assert (test.p_value < 0.05) == (test.difference.low > 0 or test.difference.high < 0)
    other = delong_test(truth, second, first)
    assert other.statistic == pytest.approx(-test.statistic)
    assert other.difference.low == pytest.approx(-test.difference.high)


def test_mover_is_near_delong_in_large_studies_and_wider_in_small_ones():
    rng = np.random.default_rng(5)
    for n, near in ((2000, True), (30, False)):
        truth = np.arange(n) < n // 6
        scores = rng.normal(size=(2, n)) + truth
        mover, wald = (delong_test(truth, *scores, method=m) for m in ("mover", "wald"))
        widths = [t.difference.high - t.difference.low for t in (mover, wald)]
        assert widths[0] > widths[1]
        assert (widths[0] < 1.02 * widths[1]) == near
        assert ("may be too narrow" in wald.method) != near


def test_without_correlation_it_is_newcombes_square_and_add():
    arms = [Arm(0.9, 0.001, 30, 50), Arm(0.8, 0.002, 30, 50)]
    low, high = mover_limits(arms, np.eye(2), np.array([1.0, -1.0]), 0.025)
    (l1, u1), (l2, u2) = (arm.limits(0.025) for arm in arms)
    assert low == pytest.approx(0.1 - np.hypot(0.9 - l1, u2 - 0.8))
    assert high == pytest.approx(0.1 + np.hypot(u1 - 0.9, 0.8 - l2))


def test_a_contrast_of_several_and_one_patient_on_a_side():
    arms = [Arm(v, 0.002, 30, 50) for v in (0.9, 0.8, 0.7)]
    covariance = 0.002 * (0.5 + 0.5 * np.eye(3))
    told = {"method": "mover", "name": "x", "level": 0.95, "n": 80}
    test = contrast_test(arms, covariance, (1, -0.5, -0.5), **told)
    assert test.difference.value == pytest.approx(0.15)
    assert test.difference.low < 0.15 < test.difference.high
    assert (test.p_value < 0.05) == (test.difference.low > 0)
    one = contrast_test([Arm(0.9, 0.1, 1, 9)] * 2, np.full((2, 2), 0.1), (1, -1), **told)
    assert one.difference.value == 0
    assert np.isnan(one.difference.low)
    assert "smaller side: 1, wanted 2" in one.reason
