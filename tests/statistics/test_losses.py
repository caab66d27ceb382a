import numpy as np
import pytest

from osteon.statistics.losses import brier_score, log_loss


def test_losses_have_an_interval_without_events():
    chance = np.full(30, 0.05)
    none = brier_score(np.zeros(30), chance)
    assert none.low <= none.value < 0.05 < none.high  # an event may have been missed
    assert "narrow" in brier_score(np.zeros(30), chance, method="student").method


def test_the_two_intervals_of_a_loss_meet_in_large_studies():
    rng = np.random.default_rng(0)
    chance = rng.random(5000)
    truth = rng.random(5000) < chance
    for function in (brier_score, log_loss):
        new, old = (function(truth, chance, method=m) for m in ("gaffke", "student"))
        assert new.low == pytest.approx(old.low, rel=0.01)
        assert new.high == pytest.approx(old.high, rel=0.01)
