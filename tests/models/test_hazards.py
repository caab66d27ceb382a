from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from osteon.models.hazards import (
    cumulative_incidence,
    event_free,
    interpolation_of,
    interval_hazards,
    locate,
)

CUTS = (0.0, 10.0, 30.0, 40.0)
KINDS = ["linear", "exponential"]


def hazards(seed=0, patients=3, causes=2):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.uniform(0, 0.9, (patients, causes, len(CUTS) - 1)))


def by_quadrature(row, cause, until, kind):
    """Integral of the cause's density times the other's event-free probability, by hand."""

    def free(t, own):
        place = min(np.searchsorted(CUTS, t) - 1, 2) if t > 0 else 0
        share = (t - CUTS[place]) / (CUTS[place + 1] - CUTS[place])
        before = np.prod(1 - own[:place])
        return before * (1 - share * own[place] if kind == "linear" else (1 - own[place]) ** share)

    def density(t):
        step = 1e-5
        return (free(t - step, row[cause]) - free(t + step, row[cause])) / (2 * step)

    edges = [*(cut for cut in CUTS if cut < until), until]
    return sum(
        quad(lambda t: density(t) * free(t, row[1 - cause]), low + 1e-4, high - 1e-4)[0]
        for low, high in pairwise(edges)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_event_free_starts_at_one_and_is_the_product_at_the_cuts(kind):
    given_hazards = hazards()
    free = event_free(given_hazards, CUTS, torch.tensor(CUTS), kind)
    assert (free[..., 0] == 1).all()
    np.testing.assert_allclose(free[..., 1:], np.cumprod(1 - given_hazards.numpy(), axis=-1))


def test_between_cuts_it_is_a_line_or_a_constant_hazard():
    one = torch.tensor([[[0.2, 0.6, 0.1]]])
    at = torch.tensor([10.0, 15, 20, 25, 30])
    line = event_free(one, CUTS, at, "linear")[0, 0]
    np.testing.assert_allclose(np.diff(line), [-0.12] * 4)
    curve = event_free(one, CUTS, at, "exponential")[0, 0]
    np.testing.assert_allclose(np.diff(curve.log()), [np.log(0.4) / 4] * 4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("until", [4.0, 10.0, 23.0, 40.0])
def test_incidence_is_the_integral_of_density_times_the_others_survival(kind, until):
    given_hazards = hazards(seed=4)
    found = cumulative_incidence(given_hazards, CUTS, torch.tensor([until]), kind)[:, :, 0]
    for patient, row in enumerate(given_hazards.numpy()):
        for cause in (0, 1):
            wanted = by_quadrature(row, cause, until, kind)
            assert float(found[patient, cause]) == pytest.approx(wanted, abs=2e-4)


@given(st.integers(0, 10_000), st.sampled_from(KINDS), st.sampled_from([1, 2]))
def test_curves_fall_incidence_rises_and_all_adds_up(seed, kind, causes):
    given_hazards, times = hazards(seed, causes=causes), torch.linspace(0, 40, 17)
    free = event_free(given_hazards, CUTS, times, kind)
    incidence = cumulative_incidence(given_hazards, CUTS, times, kind)
    assert (free.diff(dim=-1) <= 1e-12).all()
    assert (incidence.diff(dim=-1) >= -1e-12).all()
    np.testing.assert_allclose(incidence.sum(dim=1), 1 - free.prod(dim=1), atol=1e-12)
    assert (incidence <= 1 - free + 1e-12).all()  # competing can only lower it


def test_nothing_is_known_beyond_the_last_cut():
    late = torch.tensor([40.0, 40.1])
    for curve in (event_free, cumulative_incidence):
        assert curve(hazards(), CUTS, late, "linear").isnan().tolist() == [[[False, True]] * 2] * 3


def test_no_hazard_and_certain_hazard():
    extreme = torch.tensor([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]])
    for kind in KINDS:
        found = cumulative_incidence(extreme, CUTS, torch.tensor([30.0, 40.0]), kind)
        np.testing.assert_allclose(found[0], [[0, 0.5], [0, 0.5]], atol=1e-12)


def test_outputs_become_hazards():
    raw = torch.tensor([[[-2.0, 0.0, 3.0]]])
    np.testing.assert_allclose(
        interval_hazards(raw, "logistic_hazard")[0, 0], 1 / (1 + np.exp([2, 0, -3]))
    )
    np.testing.assert_allclose(
        interval_hazards(raw, "cox")[0, 0], 1 - np.exp(-np.exp([-2.0, 0, 3]))
    )
    assert interpolation_of("logistic_hazard") == "linear"
    assert interpolation_of("cox") == interpolation_of("piecewise_exponential") == "exponential"


def test_a_cut_belongs_to_the_interval_that_ends_there():
    place, share = locate(torch.tensor([0.0, 10.0, 10.001, 40.0, 99.0]), CUTS)
    assert place.tolist() == [0, 0, 1, 2, 2]
    assert share[:2].tolist() == [0, 1]
    assert share[3:].tolist() == [1, 1]
