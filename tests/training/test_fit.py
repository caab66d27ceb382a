import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from osteon.errors import DataError, SettingsError
from osteon.models.checkpoint import read_tensors
from osteon.training.fit import RESUME_NAME, fit
from osteon.training.settings import FitSpec


class Halves:
    """A tiny task: is the left or the right half brighter? Dropout makes randomness matter."""

    def __init__(self, size=22, stop_at=None, how=None):
        generator = torch.Generator().manual_seed(5)
        self.labels = torch.randint(0, 2, (size,), generator=generator)
        self.images = torch.rand(size, 1, 4, 8, generator=generator)
        for image, label in zip(self.images, self.labels, strict=True):
            image[..., 4:] += 0.5 * label
        self.calls, self.stop_at, self.how = 0, stop_at, how
        self.training_size = size

    def load(self, index, epoch):
        noise = torch.Generator().manual_seed(1000 * epoch + index)
        return self.images[index] + 0.1 * torch.rand(1, 4, 8, generator=noise), self.labels[index]

    def loss(self, model, batch):
        if self.calls == self.stop_at:
            self.how()
        self.calls += 1
        return nn.functional.cross_entropy(model(batch[0]), batch[1])

    def evaluate(self, model, device):
        logits = model(self.images.to(device)).cpu()
        right = (logits.argmax(1) == self.labels).double().mean().item()
        return {"accuracy": right, "loss": nn.functional.cross_entropy(logits, self.labels).item()}


def network(seed=0, dropout=0.2):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(dropout),
            nn.Flatten(), nn.Linear(192, 2),
        )  # fmt: skip


SPEC = FitSpec(
    optimiser="adamw", learning_rate=0.01, weight_decay=0.01, batch_size=5, epochs=4,
    warmup_steps=2, metric="loss", average_decay=0.9, checkpoint_every_steps=2, device="cpu",
)  # fmt: skip


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def kill():
    raise Killed


def same(one, other):
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(name == again and torch.equal(a, b) for (name, a), (again, b) in pairs)


def test_it_learns_and_leaves_its_trace(tmp_path):
    model = network()
    result = fit(model, Halves(), SPEC.changed({"epochs": 12}), tmp_path, seed=1)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows == list(result.history)
    assert rows[0]["tuning_loss"] > 1.5 * result.best
    assert result.best == min(row["tuning_loss"] for row in rows)
    assert rows[result.best_epoch]["tuning_loss"] == result.best
    assert Halves().evaluate(model, torch.device("cpu"))["loss"] == pytest.approx(result.best)
    assert not model.training


@pytest.mark.parametrize("stop_at", [0, 1, 4, 5, 7, 13, 19])
def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path, stop_at):
    whole, killed = network(), network()
    fit(whole, Halves(), SPEC, tmp_path / "whole", seed=3, key="k")
    with pytest.raises(Killed):
        fit(killed, Halves(stop_at=stop_at, how=kill), SPEC, tmp_path / "killed", seed=3, key="k")
    again = network(seed=99)  # other random weights: everything must come from the state
    task = Halves()
    if stop_at < 2:
        again = network()  # nothing was kept yet, so the start is the start
    fit(again, task, SPEC, tmp_path / "killed", seed=3, key="k")
    assert same(whole, again)
    assert task.calls == 20 - 2 * (stop_at // 2) or stop_at % 5 == 0  # it did not begin anew
    texts = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "killed")]
    assert texts[0] == texts[1]


def test_a_state_of_other_settings_is_not_taken_up(tmp_path):
    with pytest.raises(Killed):
        fit(network(), Halves(stop_at=9, how=kill), SPEC, tmp_path, seed=3, key="one")
    task = Halves()
    fit(network(), task, SPEC, tmp_path, seed=3, key="two")
    assert task.calls == 20


@pytest.mark.parametrize("content", [b"", b"half a file"])
def test_a_damaged_state_is_not_taken_up(tmp_path, content):
    (tmp_path / RESUME_NAME).write_bytes(content)
    task = Halves()
    fit(network(), task, SPEC, tmp_path, seed=3)
    assert task.calls == 20


def test_the_seed_decides(tmp_path):
    models = [network() for _ in range(3)]
    for number, (model, seed) in enumerate(zip(models, (1, 1, 2), strict=True)):
        fit(model, Halves(), SPEC, tmp_path / str(number), seed=seed)
    assert same(models[0], models[1])
    assert not same(models[0], models[2])


def test_torchs_random_state_and_flags_are_left_alone(tmp_path):
    before = torch.get_rng_state(), torch.are_deterministic_algorithms_enabled()
    fit(network(), Halves(), SPEC, tmp_path, seed=1)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.are_deterministic_algorithms_enabled()


def test_pieces_give_the_gradient_of_the_whole_batch(tmp_path):
    plain = SPEC.changed({"epochs": 1, "average_decay": 0.0})
    models = []
    for pieces in (1, 3):
        model = nn.Sequential(nn.Flatten(), network(dropout=0.0)[-1], nn.Linear(2, 2))
        model[1] = nn.Linear(32, 2)
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(torch.linspace(-1, 1, p.numel()).reshape(p.shape))
        spec = plain.changed({"accumulate": pieces})
        fit(model, Halves(), spec, tmp_path / str(pieces), seed=1)
        models.append(model)
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_patience_stops_and_the_best_is_kept(tmp_path):
    spec = SPEC.changed(
        {"learning_rate": 1e-9, "patience": 3, "epochs": 50, "metric": "accuracy"}
    )  # nothing improves
    result = fit(network(), Halves(), spec, tmp_path, seed=1)
    assert result.epochs == result.best_epoch + 4


def test_most_steps_end_it_within_an_epoch_and_evaluate(tmp_path):
    result = fit(network(), Halves(), SPEC.changed({"max_steps": 7}), tmp_path, seed=1)
    assert result.steps == 7
    assert "tuning_loss" in result.history[-1]


def test_workers_change_nothing(tmp_path):
    models = network(), network()
    short = SPEC.changed({"epochs": 1})
    fit(models[0], Halves(), short, tmp_path / "0", seed=1)
    fit(models[1], Halves(), short.changed({"workers": 1}), tmp_path / "1", seed=1)
    assert same(*models)


def test_half_precision_trains_and_keeps_whole_weights(tmp_path):
    model = network()
    result = fit(model, Halves(), SPEC.changed({"precision": "bf16"}), tmp_path, seed=1)
    assert result.history[0]["training_loss"] > result.history[-1]["training_loss"]
    assert model[0].weight.dtype == torch.float32


@pytest.mark.parametrize("native", [True, False])
def test_precision_auto_follows_what_the_device_computes_in(tmp_path, monkeypatch, native):
    monkeypatch.setattr("osteon.training.fit.computes_in_bf16", lambda device_type: native)
    models = network(), network()
    fit(models[0], Halves(), SPEC.changed({"precision": "auto"}), tmp_path / "0", seed=1)
    named = "bf16" if native else "fp32"
    fit(models[1], Halves(), SPEC.changed({"precision": named}), tmp_path / "1", seed=1)
    assert same(*models)


def test_an_unknown_metric_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(SettingsError, match="wanted one of accuracy, loss"):
        fit(network(), Halves(), SPEC.changed({"metric": "auc"}), tmp_path, seed=1)


def test_a_loss_that_runs_away_is_said(tmp_path):
    task = Halves()
    task.images[3] = float("nan")
    with pytest.raises(DataError, match="the loss is nan"):
        fit(network(), task, SPEC, tmp_path, seed=1)


SCRIPT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, "tests/training")
import torch
torch.set_num_threads(1)
from test_fit import Halves, SPEC, network
from osteon.models.checkpoint import save_weights
from osteon.training.fit import fit
folder, stop_at = Path(sys.argv[1]), int(sys.argv[2])
task = Halves(stop_at=stop_at, how=lambda: os.kill(os.getpid(), signal.SIGKILL))
model = network()
fit(model, task, SPEC, folder, seed=3, key="k")
save_weights(folder / "model.safetensors", model)
"""


def test_kill_nine_and_again_gives_the_same_file(tmp_path):
    def run(folder, stop_at):
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / folder), str(stop_at)],
            env={"PYTHONPATH": "src", "OMP_NUM_THREADS": "1", "PATH": ""},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert run("killed", 13).returncode == -9
    finished = run("killed", -1)
    assert finished.returncode == 0, finished.stderr
    assert "taking up the training at epoch 3" in finished.stderr
    assert run("whole", -1).returncode == 0
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("killed", "whole")]
    assert files[0] == files[1]


@pytest.mark.slow
def test_two_processes_train_one_model(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        """
import sys
from pathlib import Path
sys.path.insert(0, "tests/training")
import torch
torch.set_num_threads(1)
from accelerate import PartialState
from test_fit import Halves, SPEC, network
from osteon.models.checkpoint import save_weights
from osteon.training.fit import fit
plain = SPEC.changed({"average_decay": 0.0, "optimiser": "adam"})
model = torch.nn.Sequential(torch.nn.Flatten(), network(dropout=0.0)[-1])
model[1] = torch.nn.Linear(32, 2)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.linspace(-1, 1, p.numel()).reshape(p.shape))
folder = Path(sys.argv[1])
rank, world = PartialState(cpu=True).process_index, PartialState().num_processes
fit(model, Halves(), plain, folder / str(world), seed=3)
save_weights(folder / f"{rank}-of-{world}.safetensors", model)
"""
    )
    environment = {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for arguments in ([], launch):
        result = subprocess.run(
            [sys.executable, *arguments, str(script), str(tmp_path)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
    one, two, same_two = (
        read_tensors(tmp_path / f"{name}.safetensors")[0] for name in ("0-of-1", "0-of-2", "1-of-2")
    )
    for name, tensor in one.items():
        assert torch.equal(two[name], same_two[name])
        assert torch.allclose(tensor, two[name], atol=1e-6)
