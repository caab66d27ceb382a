"""The one training loop, for every model, on whatever devices accelerate finds.

One process per device (``accelerate launch`` starts them); the CPU, one CUDA device or Apple's MPS
need no launcher. The loop is deterministic: what happens in step *n* depends on the seed and *n*
alone, so a training that was killed and taken up again ends with the same weights, on the CPU bit
for bit.
"""

import copy
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, send_to_device
from torch import nn
from torch.utils.data import DataLoader, Dataset

from osteon.core.files import write_text
from osteon.core.progress import say
from osteon.core.rng import seed_for
from osteon.errors import DataError, SettingsError
from osteon.models.device import computes_in_bf16
from osteon.training.optimisation import learning_rate, make_optimiser, total_steps
from osteon.training.sampler import Plan
from osteon.training.settings import FitSpec
from osteon.training.state import TrainingState
from osteon.training.task import METRICS_NAME, Batch, FitResult, Task, summarise

__all__ = ["RESUME_NAME", "fit"]

RESUME_NAME = "resume.safetensors"


def fit(
    model: nn.Module, task: Task, spec: FitSpec, folder: Path, *, seed: int, key: str = ""
) -> FitResult:
    """Train a model; on return it holds the best weights, in evaluation mode, on the CPU.

    Parameters
    ----------
    model
        The network, on the CPU.
    task
        Images, loss and evaluation.
    spec
        The settings.
    folder
        Where ``metrics.jsonl`` and the resume state are written.
    seed
        Decides order, augmentation and dropout.
    key
        Fingerprint of inputs and settings. A resume state with another key is not taken up.

    Returns
    -------
    FitResult
        Best epoch and history.

    Raises
    ------
    SettingsError
        If the metric is not one the task gives.
    DataError
        If the loss is no longer a finite number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(cpu=spec.device == "cpu", mixed_precision="no")
    with _isolated_and_repeatable():
        run = _Run(model, task, spec, folder, accelerator, seed)
        run.take_up(key)
        while not run.is_finished:
            run.one_epoch(key)
    return run.finish()


class _Run:
    """One training: the state and what drives it."""

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        spec: FitSpec,
        folder: Path,
        accelerator: Accelerator,
        seed: int,
    ) -> None:
        self.task, self.spec, self.folder, self.seed = task, spec, folder, seed
        self.accelerator = accelerator
        self.plan = Plan(task.training_size, spec.batch_size, seed)
        self.steps = total_steps(spec, self.plan.batches_per_epoch)
        self.layout = torch.channels_last if spec.channels_last else torch.contiguous_format
        model = model.to(accelerator.device, memory_format=self.layout)
        average = copy.deepcopy(model).requires_grad_(False) if spec.average_decay else None
        self.state = TrainingState(model, make_optimiser(model, spec), average)
        self.wrapped = accelerator.prepare(model)
        native = computes_in_bf16(accelerator.device.type)
        self.uses_bf16 = spec.precision == "bf16" or (spec.precision == "auto" and native)

    @property
    def is_finished(self) -> bool:
        progress = self.state.progress
        return progress.stopped or progress.step >= self.steps

    def take_up(self, key: str) -> None:
        if self.state.read(self.folder / RESUME_NAME, key):
            progress = self.state.progress
            self._say(f"taking up the training at epoch {progress.epoch + 1}, step {progress.step}")

    def one_epoch(self, key: str) -> None:
        progress, every = self.state.progress, self.spec.checkpoint_every_steps
        self.state.model.train()
        for batch, pieces in self._loaded():
            progress.loss_sum += self._step(batch, pieces) * len(batch)
            progress.seen += len(batch)
            progress.batch += 1
            progress.step += 1
            if every is not None and progress.step % every == 0:
                self._write(key)
            if progress.step >= self.steps:
                break
        self._close_epoch()
        self._write(key)

    def _loaded(self) -> Iterator[tuple[list[int], list[Batch]]]:
        """Walk over the epoch's remaining batches, each with this process's pieces of it."""
        epoch = self.state.progress.epoch
        batches = self.plan.batches(epoch)[self.state.progress.batch :]
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        pieces = [Plan.share(batch, world * self.spec.accumulate)[rank::world] for batch in batches]
        loader = DataLoader(
            _Images(self.task),
            batch_sampler=[[(i, epoch) for i in part] for parts in pieces for part in parts],
            num_workers=self.spec.workers,
            generator=torch.Generator(),
        )
        loaded = iter(loader)
        for batch, parts in zip(batches, pieces, strict=True):
            yield batch, [tuple(next(loaded)) for _ in parts]

    def _step(self, batch: list[int], pieces: Sequence[Batch]) -> float:
        """Take one step; give the mean loss of this process's share."""
        accelerator, progress = self.accelerator, self.state.progress
        world, rank = accelerator.num_processes, accelerator.process_index
        weights = Plan.weights(batch, world * self.spec.accumulate)[rank::world]
        torch.manual_seed(seed_for(self.seed, "step", progress.step, rank))
        rate = learning_rate(self.spec, progress.step, self.plan.batches_per_epoch)
        for group in self.state.optimiser.param_groups:
            group["lr"] = rate
        self.state.optimiser.zero_grad()
        total = 0.0
        for number, (piece, weight) in enumerate(zip(pieces, weights, strict=True), start=1):
            is_last = number == len(pieces)
            with nullcontext() if is_last else accelerator.no_sync(self.wrapped):
                with self._autocast():
                    loss = self.task.loss(self.wrapped, self._moved(piece))
                accelerator.backward(loss * (weight * world))
            total += float(loss.detach()) * weight * world
        if not math.isfinite(total):
            raise DataError(
                f"the loss is {total} in step {progress.step}",
                remedy="lower learning_rate, set clip_norm=1, or train with precision=fp32",
            )
        if self.spec.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.state.model.parameters(), self.spec.clip_norm)
        self.state.optimiser.step()
        self._average()
        return total

    def _moved(self, piece: Batch) -> Batch:
        images, *rest = send_to_device(piece, self.accelerator.device)
        return (images.contiguous(memory_format=self.layout), *rest)

    def _autocast(self) -> Any:
        return torch.autocast(
            self.accelerator.device.type,
            dtype=torch.bfloat16,
            enabled=self.uses_bf16,
        )

    @torch.no_grad()
    def _average(self) -> None:
        average = self.state.average
        if average is None:
            return
        step = self.state.progress.step
        keep = min(self.spec.average_decay, (1 + step) / (10 + step))
        current = self.state.model.state_dict()
        for name, tensor in average.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(current[name], 1 - keep)
            else:
                tensor.copy_(current[name])

    def _close_epoch(self) -> None:
        progress, spec = self.state.progress, self.spec
        row: dict[str, Any] = {
            "epoch": progress.epoch,
            "step": progress.step,
            "learning_rate": float(self.state.optimiser.param_groups[0]["lr"]),
            "training_loss": progress.loss_sum / progress.seen,
        }
        is_last = progress.step >= self.steps
        if is_last or (progress.epoch + 1) % spec.evaluate_every == 0:
            metrics = self._evaluated()
            row |= {f"tuning_{name}": value for name, value in metrics.items()}
            self._judge(metrics)
        progress.history.append(row)
        progress.epoch, progress.batch, progress.loss_sum, progress.seen = (
            progress.epoch + 1, 0, 0.0, 0,
        )  # fmt: skip
        self._say(_line(row))

    def _evaluated(self) -> dict[str, float]:
        metrics: list[Any] = [None]
        if self.accelerator.is_main_process:
            model = self.state.judged.eval()
            with torch.inference_mode():
                metrics = [self.task.evaluate(model, self.accelerator.device)]
        found: dict[str, float] = broadcast_object_list(metrics)[0]
        if self.spec.metric not in found:
            raise SettingsError(
                f"metric is {self.spec.metric!r}, wanted one of {', '.join(sorted(found))}"
            )
        return found

    def _judge(self, metrics: dict[str, float]) -> None:
        progress = self.state.progress
        sign = -1.0 if self.spec.metric == "loss" else 1.0
        value = metrics[self.spec.metric]
        if progress.best is None or sign * value > sign * progress.best:
            progress.best, progress.best_epoch, progress.without_gain = value, progress.epoch, 0
            self.state.keep_best()
        else:
            progress.without_gain += 1
            patience = self.spec.patience
            progress.stopped = patience is not None and progress.without_gain >= patience

    def _write(self, key: str) -> None:
        if self.accelerator.is_main_process:
            lines = [json.dumps(row, allow_nan=False) for row in self.state.progress.history]
            write_text(self.folder / METRICS_NAME, "".join(f"{line}\n" for line in lines))
            self.state.write(self.folder / RESUME_NAME, key)
        self.accelerator.wait_for_everyone()

    def finish(self) -> FitResult:
        model = self.state.model
        model.load_state_dict(self.state.best)
        model.to("cpu", memory_format=torch.contiguous_format).eval()
        return summarise(self.folder, self.spec, self.state.progress.history)

    def _say(self, line: str) -> None:
        if self.accelerator.is_main_process:
            say(line)


class _Images(Dataset[Batch]):
    """A task's training images by (index, epoch)."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __getitem__(self, key: tuple[int, int]) -> Batch:
        index, epoch = key
        return self.task.load(index, epoch)


@contextmanager
def _isolated_and_repeatable() -> Iterator[None]:
    """Leave torch's random state and flags as they were; repeatable kernels in between."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    with torch.random.fork_rng():
        try:
            torch.backends.cudnn.benchmark = False
            torch.use_deterministic_algorithms(True, warn_only=True)
            yield
        finally:
            torch.backends.cudnn.benchmark = benchmark
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)


def _line(row: dict[str, Any]) -> str:
    numbers = ", ".join(
        f"{name.removeprefix('tuning_')} {value:.4g}"
        for name, value in row.items()
        if name not in {"epoch", "step"}
    )
    return f"epoch {row['epoch'] + 1}: {numbers}"
