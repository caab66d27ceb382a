import math

import numpy as np
import pytest

from osteon.core.records import Estimate
from osteon.errors import UsageError
from osteon.statistics.comparison import (
    conclude,
    delong_test,
    delong_test_unpaired,
    krogue_margin,
    noninferiority,
    superior_to_reader,
    superiority,
)


def gap(low, value, high):
    return Estimate(value, low, high, 0.95, "test", 100)


def test_krogues_tables(reference):
    """The printed intervals lead to the printed conclusions."""
    facts = reference("krogue_2020.json")
    margin = facts["margin"]
    for row in facts["kappa_differences"]:
        value, low, high = row["model_minus_group"]
        assert conclude(gap(low, value, high), margin) == row["conclusion"], row["name"]


def test_conclusions():
    assert conclude(gap(0.01, 0.1, 0.2), 0.1) == "superior"
    assert conclude(gap(-0.05, 0.1, 0.2), 0.1) == "non_inferior"
    assert conclude(gap(-0.3, -0.2, -0.01), 0.1) == "inferior"
    assert conclude(gap(-0.3, 0.0, 0.3), 0.1) == "inconclusive"
    undefined = Estimate.undefined("no rows", level=0.95, method="x", n=0)
    assert conclude(undefined, 0.1) == "inconclusive"
    assert noninferiority(undefined, 0.1).reason == "no rows"
    with pytest.raises(UsageError, match="margin"):
        noninferiority(gap(0, 0.1, 0.2), -0.1)
    with pytest.raises(UsageError, match="margin"):
        conclude(gap(0, 0.1, 0.2), -0.1)


def test_p_value_and_interval_agree():
    se = 0.05
    estimate = gap(0.02 - 1.959963984540054 * se, 0.02, 0.02 + 1.959963984540054 * se)
    test = noninferiority(estimate, 0.1)
    assert test.statistic == pytest.approx(0.12 / se)
    assert (test.p_value < 0.025) == test.method.startswith("shown")
    edge = noninferiority(estimate, 1.959963984540054 * se - 0.02)
    assert edge.p_value == pytest.approx(0.025, abs=1e-9)
    assert superiority(estimate).method.startswith("not shown: superior")


def test_margin_from_the_readers_carries_its_warning():
    margin = krogue_margin([0.1, -0.2, 0.0])
    assert margin.value == pytest.approx(0.1)
    assert "same readers" in margin.reason
    assert krogue_margin([]).reason == "no pairs"


def test_rule_for_binary_superiority_needs_both():
    grid, low = np.linspace(0, 1, 11), np.linspace(0.5, 1, 11)
    good = gap(0.05, 0.1, 0.2)
    assert superior_to_reader(good, (0.1, 0.3), grid, low).method.startswith("shown")
    assert superior_to_reader(good, (0.1, 0.9), grid, low).method.startswith("not shown")
    weak = gap(-0.05, 0.1, 0.2)
    assert superior_to_reader(weak, (0.1, 0.3), grid, low).method.startswith("not shown")


def test_delong_test_with_itself_and_turned():
    rng = np.random.default_rng(0)
    truth = rng.random(80) < 0.5
    a, b = truth + rng.normal(size=80), truth + rng.normal(size=80)
    same = delong_test(truth, a, np.exp(a))
    assert (same.p_value, same.difference.value) == (1.0, 0.0)
    one, other = delong_test(truth, a, b), delong_test(truth, b, a)
    assert one.statistic == pytest.approx(-other.statistic)
    ids = np.repeat(np.arange(20), 4)
    clustered = delong_test(truth, a, b, cluster=ids)
    assert "Obuchowski" in clustered.method
    assert clustered.difference.value == pytest.approx(one.difference.value)
    none = delong_test(np.zeros(80), a, b)
    assert "both classes" in none.reason
    assert math.isnan(none.p_value)


def test_unpaired_areas():
    rng = np.random.default_rng(1)
    groups = []
    for n in (60, 90):
        truth = rng.random(n) < 0.5
        groups.append((truth, truth + rng.normal(size=n)))
    one, other = delong_test_unpaired(*groups), delong_test_unpaired(*groups[::-1])
    assert one.statistic == pytest.approx(-other.statistic)
    ids = (np.arange(60) // 3, np.arange(90) // 3)
    assert delong_test_unpaired(*groups, cluster=ids).difference.value == pytest.approx(
        one.difference.value
    )
    assert "both classes" in delong_test_unpaired(groups[0], ([1, 1], [0.1, 0.2])).reason
    small = delong_test_unpaired(([0, 1], [1, 2]), ([0, 1], [1, 2]))
    assert "no variance" in small.reason
    assert small.difference.value == 0


def test_two_perfect_scores_are_equal():
    truth = np.r_[np.zeros(10), np.ones(10)]
    perfect = delong_test(truth, truth, np.arange(20))
    assert perfect.p_value == 1.0
    assert perfect.difference.low < 0 < perfect.difference.high  # ten rows do not prove it
    worst = delong_test(truth, truth, -truth)
    assert (worst.difference.value, worst.difference.high) == (1, 1)
    assert worst.p_value < 0.01
    plain = delong_test(truth, truth, -truth, method="wald")
    assert "variance of the difference is zero" in plain.reason
