import math

import pytest

from osteon.core.records import Estimate, TestResult


def test_estimate_refuses_a_nan_without_a_reason():
    with pytest.raises(ValueError, match="needs the reason"):
        Estimate(math.nan, math.nan, math.nan, 0.95, "wilson", 0)


def test_estimate_refuses_crossed_limits():
    with pytest.raises(ValueError, match="is above high"):
        Estimate(0.5, 0.6, 0.4, 0.95, "wilson", 10)


def test_undefined_is_written_as_a_dash():
    empty = Estimate.undefined("no positive cases", level=0.95, method="delong", n=3)
    assert not empty.is_defined
    assert empty.formatted() == "–"


def test_formatted_scales_to_percent():
    assert (
        Estimate(0.937, 0.908, 0.965, 0.95, "x", 9).formatted(1, scale=100) == "93.7 (90.8, 96.5)"
    )


def test_test_result_refuses_a_p_value_outside_its_range():
    with pytest.raises(ValueError, match="wanted a number in"):
        TestResult(1.0, 1.2, "chi-square")
