"""Our likelihoods beside those of pycox (BSD) and torchsurv (MIT), which are not dependencies.

``pip install --no-deps pycox torchtuples torchsurv torchmetrics lightning-utilities`` brings them.
With pycox 0.3.0 and torchsurv 0.2.0 all agree, as far as theirs are computed: to 1e-12 (logistic
hazard), 1e-6 (piecewise exponential) and 2e-8 (Cox, in float32 there). They differ from ours where
they must: pycox ignores the interval in which a patient is censored, so patients are censored on
cut points here; neither knows delayed entry.
"""

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

import osteon.models.torchvision_ready  # noqa: F401 - torchsurv imports torchvision by the way
from osteon.models.hazards import locate
from osteon.training.survival_losses import (
    FollowUp,
    cox_loss,
    logistic_hazard_loss,
    piecewise_exponential_loss,
)

pytestmark = [pytest.mark.referee, pytest.mark.filterwarnings("ignore")]
CUTS = tuple(np.linspace(0, 3650, 13))
PATIENTS = 400


@pytest.fixture
def pycox_losses(monkeypatch):
    """pycox's module of losses; the package itself does not import beside a recent scipy."""
    pytest.importorskip("torchtuples", reason="torchtuples is not installed, and pycox needs it")
    found = importlib.util.find_spec("pycox")
    if found is None:
        pytest.skip("pycox is not installed")
    folder = Path(found.submodule_search_locations[0])
    for name, place in (("pycox", folder), ("pycox.models", folder / "models")):
        package = types.ModuleType(name)
        package.__path__ = [str(place)]
        monkeypatch.setitem(sys.modules, name, package)
    return importlib.import_module("pycox.models.loss")


def drawn(seed, *, censored_on_cuts):
    rng = np.random.default_rng(seed)
    time = rng.uniform(1, 3650, PATIENTS)
    event = rng.random(PATIENTS) < 0.4
    if censored_on_cuts:
        time = np.where(event, time, np.asarray(CUTS)[rng.integers(1, 13, PATIENTS)])
    parts = (torch.tensor(time), torch.tensor(event.astype(np.int64)))
    raw = torch.tensor(rng.normal(-1, 1, (PATIENTS, 1, 12)))
    return FollowUp(torch.zeros(PATIENTS, dtype=torch.float64), *parts), raw


@pytest.mark.parametrize("seed", range(5))
def test_logistic_hazard_is_pycoxs_where_censorings_lie_on_cuts(pycox_losses, seed):
    follow_up, raw = drawn(seed, censored_on_cuts=True)
    place, _ = locate(follow_up.time_days, CUTS)
    theirs = pycox_losses.nll_logistic_hazard(raw[:, 0], place, follow_up.cause.double())
    assert logistic_hazard_loss(raw, follow_up, CUTS).item() == pytest.approx(theirs.item(), 1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_piecewise_exponential_is_pycoxs_pc_hazard(pycox_losses, seed):
    follow_up, raw = drawn(seed, censored_on_cuts=False)
    place, share = locate(follow_up.time_days, CUTS)
    events = follow_up.cause.double()
    theirs = pycox_losses.nll_pc_hazard_loss(raw[:, 0], place, events, share)
    ours = piecewise_exponential_loss(functional.softplus(raw).log(), follow_up, CUTS)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)  # theirs adds an epsilon


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_coxs_partial_likelihood_is_torchsurvs(seed, ties):
    cox = pytest.importorskip("torchsurv.loss.cox", reason="torchsurv is not installed")
    follow_up, raw = drawn(seed, censored_on_cuts=False)
    tied = FollowUp(follow_up.entry_days, (follow_up.time_days / 60).ceil(), follow_up.cause)
    theirs = cox.neg_partial_log_likelihood(
        raw[:, 0, 0], tied.cause.bool(), tied.time_days, ties_method=ties, reduction="sum"
    )
    ours = PATIENTS * cox_loss(raw[..., 0], tied, ties)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)  # theirs is computed in float32
