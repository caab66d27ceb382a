"""Optimisers, and the learning rate as a function of the step."""

import math

import torch
from torch import nn

from osteon.training.settings import FitSpec

__all__ = ["learning_rate", "make_optimiser", "total_steps"]

_OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def make_optimiser(model: nn.Module, spec: FitSpec) -> torch.optim.Optimizer:
    """Make the optimiser; only weights of two or more dimensions decay."""
    learned = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": spec.weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return _OPTIMISERS[spec.optimiser](groups, lr=spec.learning_rate)


def total_steps(spec: FitSpec, batches_per_epoch: int) -> int:
    """Count the steps of a training that is not stopped early."""
    steps = spec.epochs * batches_per_epoch
    return steps if spec.max_steps is None else min(steps, spec.max_steps)


def learning_rate(spec: FitSpec, step: int, batches_per_epoch: int) -> float:
    """Learning rate of a step, counted from 0.

    Examples
    --------
    >>> spec = FitSpec(schedule="exponential", decay_gamma=0.9, learning_rate=1.0)
    >>> round(learning_rate(spec, step=20, batches_per_epoch=10), 6)
    0.81
    """
    if step < spec.warmup_steps:
        return spec.learning_rate * (step + 1) / spec.warmup_steps
    if spec.schedule == "exponential":
        decays = step // batches_per_epoch if spec.decay_per == "epoch" else step
        return spec.learning_rate * float(spec.decay_gamma**decays)
    if spec.schedule == "cosine":
        span = max(total_steps(spec, batches_per_epoch) - spec.warmup_steps, 1)
        passed = min((step - spec.warmup_steps) / span, 1.0)
        return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * passed))
    return spec.learning_rate
