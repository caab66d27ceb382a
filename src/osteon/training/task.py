"""What the training loop is given, and what it gives back."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from osteon.training.settings import FitSpec

__all__ = ["METRICS_NAME", "Batch", "FitResult", "Task", "read_history", "summarise"]

METRICS_NAME = "metrics.jsonl"
Batch = tuple[Tensor, ...]


class Task(Protocol):
    """What a model is trained on and judged by."""

    @property
    def training_size(self) -> int:
        """Images in an epoch."""

    def load(self, index: int, epoch: int) -> Batch:
        """Give one training image and its target; the same arguments give the same tensors."""

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean loss over the images of a batch."""

    def evaluate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Metrics on the tuning set; the model is in evaluation mode."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """How a training ended.

    Parameters
    ----------
    folder
        Where ``metrics.jsonl`` (and what the caller writes) lies.
    best_epoch
        Epoch of the weights that were kept, counted from 0.
    best
        Their value of the metric.
    metric
        Its name.
    epochs, steps
        How long the training ran.
    history
        One row per epoch: ``epoch``, ``step``, ``learning_rate``, ``training_loss`` and, where it
        was evaluated, the tuning metrics as ``tuning_<name>``.
    """

    folder: Path
    best_epoch: int
    best: float
    metric: str
    epochs: int
    steps: int
    history: tuple[dict[str, Any], ...]


def read_history(folder: Path, spec: FitSpec) -> FitResult:
    """Read the result of a finished training from its ``metrics.jsonl``."""
    lines = (folder / METRICS_NAME).read_text("utf-8").splitlines()
    return summarise(folder, spec, [json.loads(line) for line in lines])


def summarise(folder: Path, spec: FitSpec, history: list[dict[str, Any]]) -> FitResult:
    """Find the best epoch in a history; the first of equals, as the loop keeps it."""
    name = f"tuning_{spec.metric}"
    evaluated = [row for row in history if name in row]
    choose = min if spec.metric == "loss" else max
    best = choose(evaluated, key=lambda row: float(row[name]))
    return FitResult(
        folder, best["epoch"], best[name], spec.metric,
        len(history), history[-1]["step"], tuple(history),
    )  # fmt: skip
