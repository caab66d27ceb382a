import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.hazard_update import hazard_update

EVENT = [1, 0, 0, 1, 1, 0, 0, 1, 0, 0]
EXPECTED = [0.50, 0.21, 0.10, 0.22, 0.40, 0.08, 0.31, 0.35, 0.05, 0.12]
LOG_HAZARD = [0.9, -0.2, -1.1, 0.1, 0.7, -1.3, 0.4, 0.3, -1.6, -0.5]
Z = 1.959963984540054


def test_numbers_of_r():
    """R 4.2.2, glm(d ~ z, poisson, offset = log(L), epsilon = 1e-14) and its HC0 sandwich."""
    level = hazard_update(EVENT, EXPECTED, LOG_HAZARD, with_slope=False, method="sandwich")
    assert level.intercept.value == pytest.approx(0.53614343175, abs=1e-9)
    assert (level.intercept.high - level.intercept.value) / Z == pytest.approx(0.27142640185)
    assert (level.slope.value, level.slope.reason) == (1.0, "held at 1, not fitted")
    both = hazard_update(EVENT, EXPECTED, LOG_HAZARD, with_slope=True, method="sandwich")
    assert both.intercept.value == pytest.approx(0.0145504958288, abs=1e-9)
    assert both.slope.value == pytest.approx(1.8422311020098, abs=1e-9)
    assert (both.intercept.high - both.intercept.value) / Z == pytest.approx(0.557041007127)
    assert (both.slope.high - both.slope.value) / Z == pytest.approx(0.468747373923)


def test_few_events_widen_the_default_and_one_has_none():
    plain, default = (
        hazard_update(EVENT, EXPECTED, LOG_HAZARD, with_slope=True, method=method)
        for method in ("sandwich", "mancl-derouen")
    )
    assert "may be too narrow: 4" in plain.slope.method
    assert "narrow" not in default.slope.method
    assert default.slope.value == plain.slope.value
    assert default.slope.low < plain.slope.low
    one = hazard_update([1, 0, 0], [0.1, 0.2, 0.3], [0.0, 1.0, 0.5], with_slope=False).intercept
    assert not np.isnan(one.value)
    assert np.isnan(one.low)
    assert "patients with an event: 1, wanted 2" in one.reason
    assert "method='sandwich'" in one.reason


def test_the_truth_is_found_and_used():
    rng = np.random.default_rng(3)
    z = rng.normal(size=20_000)
    hazard = 0.1 * np.exp(z)
    time = rng.exponential(1 / (0.4 * 0.1 * np.exp(0.5 * z)))
    event, until = (time < 1).astype(int), np.minimum(time, 1)
    found = hazard_update(event, hazard * until, np.log(hazard), with_slope=True)
    assert found.slope.low < 0.5 < found.slope.high
    right = 0.4 * 0.1 * np.exp(0.5 * z)
    assert np.median(found.factor(np.log(hazard)) * hazard / right) == pytest.approx(1, abs=0.1)


def test_what_cannot_be_fitted_is_told():
    none = hazard_update([0, 0], [0.1, 0.2], [0.0, 1.0], with_slope=True)
    assert none.intercept.reason == "no event: nothing to fit"
    assert np.isnan(none.factor([0.0])).all()
    flat = hazard_update([1, 0], [0.1, 0.2], [0.5, 0.5], with_slope=True)
    assert flat.slope.reason == "all log hazards are equal: no slope"
    empty = hazard_update([1, 0], [0.0, 0.0], [0.5, 0.7], with_slope=False)
    assert empty.intercept.reason == "no event is expected: no ratio"
    with pytest.raises(DataError, match="at least 0"):
        hazard_update([1, 0], [-0.1, 0.2], [0.5, 0.7], with_slope=False)
