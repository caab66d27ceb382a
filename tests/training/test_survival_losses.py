import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from osteon.models.hazards import interval_hazards
from osteon.models.spec import SurvivalSpec
from osteon.statistics.cox import cox_regression
from osteon.training.survival_losses import (
    FollowUp,
    breslow_increments,
    calibration_shift,
    cox_loss,
    life_table,
    logistic_hazard_loss,
    piecewise_exponential_loss,
    survival_loss,
)

CUTS = (0.0, 100.0, 250.0, 300.0)
HEADS = {
    "logistic_hazard": logistic_hazard_loss,
    "piecewise_exponential": piecewise_exponential_loss,
}


def drawn(seed, patients=9, *, entry=True, step=10.0):
    """Follow-up with ties, times on cut points and beyond them, and delayed entry."""
    rng = np.random.default_rng(seed)
    time = step * np.ceil(rng.uniform(0, 350, patients) / step)
    start = np.floor(rng.uniform(0, 1, patients) * time / step) * step if entry else 0 * time
    start = np.where(rng.random(patients) < 0.5, 0, np.minimum(start, time - step))
    cause = rng.integers(0, 3, patients)
    parts = (torch.tensor(start), torch.tensor(time), torch.tensor(cause))
    return FollowUp(*parts), torch.tensor(rng.normal(-1, 1, (patients, 2, 3)))


def by_hand(head, raw, follow_up):
    """Log-likelihood from survival as a function of time, read off with numpy's interpolation."""
    total = 0.0
    for row, entry, time, cause in zip(raw.numpy(), *(p.numpy() for p in follow_up), strict=True):
        for number, values in enumerate(row, start=1):
            if head == "logistic_hazard":
                hazard = 1 / (1 + np.exp(-values))
                curve = np.concatenate([[1.0], np.cumprod(1 - hazard)])
                free, logged = (lambda t, c=curve: np.interp(t, CUTS, c)), False
            else:
                curve = np.concatenate([[0.0], np.cumsum(np.exp(values))])
                free, logged = (lambda t, c=curve: np.exp(-np.interp(t, CUTS, c))), True
            end = free(time)
            if cause == number and time <= CUTS[-1]:
                place = next(k for k in range(3) if time <= CUTS[k + 1])
                drop = (
                    curve[place + 1] - curve[place] if logged else curve[place] - curve[place + 1]
                )
                end = end * drop if logged else drop
            total += math.log(end) - math.log(free(entry))
    return total


@pytest.mark.parametrize("head", HEADS)
@given(seed=st.integers(0, 10_000))
def test_interval_likelihoods_agree_with_curves_read_off_by_numpy(head, seed):
    follow_up, raw = drawn(seed)
    loss = HEADS[head](raw, follow_up, CUTS)
    assert float(loss) == pytest.approx(-by_hand(head, raw, follow_up) / 9, rel=1e-9)


def test_logistic_hazard_by_hand():
    raw = torch.logit(torch.tensor([[[0.1, 0.2, 0.5]]]).expand(5, 1, 3).double())
    time = torch.tensor([100.0, 175.0, 300.0, 250.0, 400.0])
    follow_up = FollowUp(torch.zeros(5), time, torch.tensor([1, 0, 1, 0, 1]))
    likelihood = [0.1, 0.9 * (1 - 0.5 * 0.2), 0.9 * 0.8 * 0.5, 0.9 * 0.8, 0.9 * 0.8 * 0.5]
    loss = logistic_hazard_loss(raw, follow_up, CUTS)
    assert float(loss) == pytest.approx(-np.log(likelihood).mean())


def test_piecewise_exponential_by_hand():
    raw = torch.tensor([[[0.1, 0.2, 0.5]]]).log().expand(4, 1, 3).double()
    follow_up = FollowUp(
        torch.tensor([0.0, 0.0, 100.0, 0.0]),
        torch.tensor([50.0, 175.0, 275.0, 999.0]),
        torch.tensor([1, 0, 1, 0]),
    )
    minus = [0.05 - math.log(0.1), 0.1 + 0.1, 0.2 + 0.25 - math.log(0.5), 0.8]
    loss = piecewise_exponential_loss(raw, follow_up, CUTS)
    assert float(loss) == pytest.approx(np.mean(minus))


def cox_by_hand(risk, follow_up, ties):
    entry, time, cause = (part.numpy() for part in follow_up)
    total = 0.0
    for number in (1, 2):
        hazard = np.exp(risk[:, number - 1].numpy())
        for at in np.unique(time[cause == number]):
            dead = (cause == number) & (time == at)
            there = ((entry < at) | (entry == 0)) & (time >= at)
            for lth in range(dead.sum()):
                gone = lth / dead.sum() if ties == "efron" else 0.0
                total -= math.log(hazard[there].sum() - gone * hazard[dead].sum())
            total += np.log(hazard[dead]).sum()
    return total


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@given(seed=st.integers(0, 10_000))
def test_coxs_loss_agrees_with_loops_over_risk_sets(ties, seed):
    follow_up, raw = drawn(seed)
    risk = raw[..., 0]
    wanted = -cox_by_hand(risk, follow_up, ties) / 9
    assert float(cox_loss(risk, follow_up, ties)) == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_coxs_loss_and_breslows_baseline_agree_with_the_regression(ties):
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    follow_up, _ = drawn(3, 60, entry=False)
    time, event = follow_up.time_days.numpy(), (follow_up.cause == 1).numpy().astype(int)
    model = cox_regression(time, event, x, ties=ties)
    risk = torch.tensor(model.coefficients[0] * x)[:, None]
    one = FollowUp(follow_up.entry_days, follow_up.time_days, torch.tensor(event))
    assert float(cox_loss(risk, one, ties)) == pytest.approx(-model.log_likelihood / 60)
    if ties == "breslow":
        gained = breslow_increments(risk, one, CUTS).exp()[0]
        at = np.searchsorted(model.baseline_time, CUTS, side="right")
        steps = np.r_[0, model.baseline_hazard][at]
        np.testing.assert_allclose(gained, np.diff(steps), rtol=1e-6)


def test_a_batch_without_an_event_pulls_at_nothing():
    risk = torch.ones(3, 2, requires_grad=True)
    loss = cox_loss(
        risk, FollowUp(torch.zeros(3), torch.ones(3), torch.zeros(3, dtype=torch.int64))
    )
    loss.backward()
    assert loss.item() == 0
    assert (risk.grad == 0).all()


@pytest.mark.parametrize("head", [*HEADS, "cox"])
def test_gradients_are_those_of_finite_differences(head):
    follow_up, raw = drawn(11, 5)
    spec = SurvivalSpec(head=head, cut_points=4, last_cut_days=300.0)
    raw = raw.clone().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda r: survival_loss(r, follow_up, spec, "efron"), (raw,))


@pytest.mark.parametrize("head", HEADS)
def test_a_shifted_baseline_is_shifted_back(head):
    follow_up, _ = simulated(3000, seed=9, late=True)
    spec = SurvivalSpec(head=head, cut_points=4, last_cut_days=300.0)
    off = life_table(follow_up, spec)[None] + torch.tensor([0.7, -0.4])[None, :, None]
    shift = calibration_shift(off.expand(len(follow_up.cause), 2, 3), follow_up, spec)
    np.testing.assert_allclose(shift, [-0.7, 0.4], atol=0.02)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("size", [40.0, -40.0])
def test_extreme_outputs_keep_finite_gradients(head, size):
    follow_up, raw = drawn(2)
    raw = torch.full_like(raw, size if head == "logistic_hazard" else size / 4).requires_grad_(True)
    loss = HEADS[head](raw, follow_up, CUTS)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(raw.grad).all()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("entry", [False, True])
def test_known_hazards_are_recovered(head, entry):
    """Constant hazards, censoring inside intervals, late entry: the truth within 4 deviations."""
    follow_up, truth = simulated(6000, seed=5, late=entry)
    spec = SurvivalSpec(head=head, cut_points=4, last_cut_days=300.0)
    raw = life_table(follow_up, spec)[None].clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([raw], max_iter=60, line_search_fn="strong_wolfe")
    patients = len(follow_up.cause)

    def step():
        optimiser.zero_grad()
        loss = HEADS[head](raw.expand(patients, 2, 3), follow_up, spec.cuts_days)
        loss.backward()
        return loss

    optimiser.step(step)
    found = interval_hazards(raw.detach(), head)[0]
    error = np.sqrt(truth * (1 - truth) / (0.2 * patients))
    assert (np.abs(found.numpy() - truth) < 4 * error).all()
    start = interval_hazards(life_table(follow_up, spec)[None], head)[0]
    assert (np.abs(start.numpy() - truth) < 5 * error).all()


def simulated(patients, seed, late):
    """Cause-specific hazards 0.1/0.05, 0.3/0.1 and 0.2/0.2 of three intervals of 100 days."""
    rng = np.random.default_rng(seed)
    truth = np.array([[0.1, 0.3, 0.2], [0.05, 0.1, 0.2]])
    gained = np.concatenate([np.zeros((2, 1)), np.cumsum(-np.log1p(-truth), axis=1)], axis=1)
    grid = [0.0, 100, 200, 300]
    drawn_hazards = rng.exponential(size=(patients, 2))
    latent = np.stack(
        [np.interp(drawn_hazards[:, c], gained[c], grid, right=np.inf) for c in (0, 1)], axis=1
    )
    lost = rng.uniform(20, 600, patients)
    time = np.minimum(latent.min(axis=1), lost)
    cause = np.where(latent.min(axis=1) <= lost, latent.argmin(axis=1) + 1, 0)
    entry = np.where(rng.random(patients) < 0.5, 0.0, rng.uniform(0, 150, patients)) * late
    seen = time > entry
    parts = (torch.tensor(entry[seen]), torch.tensor(time[seen]), torch.tensor(cause[seen]))
    return FollowUp(*parts), truth


def test_ignoring_late_entry_would_be_seen():
    follow_up, truth = simulated(6000, seed=5, late=True)
    spec = SurvivalSpec(cut_points=4, last_cut_days=300.0)
    blind = FollowUp(torch.zeros_like(follow_up.entry_days), *follow_up[1:])
    found = [
        interval_hazards(life_table(f, spec)[None], spec.head)[0, 0, 0] for f in (follow_up, blind)
    ]
    assert abs(float(found[0]) - truth[0, 0]) < 0.01 < truth[0, 0] - float(found[1])


def test_coxs_coefficient_is_recovered_from_batches():
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000)
    time = rng.exponential(1 / np.exp(0.8 * x))
    event = rng.random(4000) < 0.7
    beta = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.Adam([beta], lr=0.02)
    for batch in itertools.chain.from_iterable([np.split(rng.permutation(4000), 125)] * 3):
        own = (torch.tensor(part[batch]) for part in (0 * time, time, event.astype(np.int64)))
        loss = cox_loss(beta * torch.tensor(x[batch])[:, None], FollowUp(*own))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert beta.item() == pytest.approx(0.8, abs=0.08)
