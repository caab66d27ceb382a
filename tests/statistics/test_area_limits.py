"""Limits of areas from weights: those of the plain area, and what happens at the edges."""

import numpy as np
import pytest

from osteon.statistics.area_limits import area_estimate
from osteon.statistics.resampling import Resampling
from osteon.statistics.roc import auroc, auroc_replicates, newcombe_limits


def estimate(truth, score, cluster=None):
    plan = Resampling.of(truth.size, cluster)
    sizes = tuple(np.unique(plan.codes[part]).size for part in (truth, ~truth))
    return area_estimate(
        lambda w: auroc_replicates(truth, score, weights=w), plan, sizes, 0.95, truth.size
    )


def test_of_one_area_they_are_those_of_delong_on_the_logit_scale():
    rng = np.random.default_rng(0)
    truth = np.arange(400) % 2 == 0
    score = truth + rng.normal(size=400)
    ours, wanted = estimate(truth, score), auroc(truth, score)
    assert ours.value == pytest.approx(wanted.value)
    assert (ours.low, ours.high) == pytest.approx((wanted.low, wanted.high), abs=2e-3)
    pairs = np.arange(400) // 2
    clustered, theirs = estimate(truth, score, pairs), auroc(truth, score, cluster=pairs)
    assert (clustered.low, clustered.high) == pytest.approx((theirs.low, theirs.high), abs=2e-3)


def test_at_the_edge_they_are_newcombes():
    truth = np.arange(20) < 4
    found = estimate(truth, truth.astype(float))
    assert found.value == 1
    assert (found.low, found.high) == pytest.approx(newcombe_limits(1.0, 4, 16))


def test_the_limits_of_a_single_area_are_not_inside_newcombes():
    truth = np.arange(200) < 20
    score = np.where(truth, 1.0, 0.0)
    score[20:80] = 2.0  # every positive loses to the same negatives: positives have no variance
    plan, sizes = Resampling.of(200, None), (20, 180)
    mean, single = (
        area_estimate(
            lambda w: auroc_replicates(truth, score, weights=w), plan, sizes, 0.95, 200, single=one
        )
        for one in (False, True)
    )
    low, high = newcombe_limits(single.value, *sizes)
    assert (single.low, single.high) == pytest.approx((low, high))
    assert single.low < mean.low
    assert single.high > mean.high


def test_one_patient_in_a_class_has_a_value_without_limits():
    truth = np.arange(20) == 7
    found = estimate(truth, np.random.default_rng(1).normal(size=20))
    assert found.is_defined
    assert "one patient only" in found.reason
