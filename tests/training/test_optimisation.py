import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from osteon.training.losses import class_weights, weighted_cross_entropy
from osteon.training.optimisation import learning_rate, make_optimiser, total_steps
from osteon.training.sampler import Plan
from osteon.training.settings import FitSpec


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 5))
def test_an_epoch_shows_every_image_once_in_even_batches(size, batch_size, epoch):
    plan = Plan(size, batch_size, seed=3)
    batches = plan.batches(epoch)
    assert sorted(i for batch in batches for i in batch) == list(range(size))
    assert len(batches) == plan.batches_per_epoch
    lengths = {len(batch) for batch in batches}
    assert max(lengths) <= batch_size
    assert max(lengths) - min(lengths) <= 1


@given(st.lists(st.integers(0, 99), min_size=1, max_size=20), st.integers(1, 8))
def test_pieces_make_up_the_batch(batch, pieces):
    parts, weights = Plan.share(batch, pieces), Plan.weights(batch, pieces)
    assert len(parts) == len(weights) == pieces
    assert all(parts)
    assert sum(weights) == pytest.approx(1)
    weighted = [i for part, weight in zip(parts, weights, strict=True) if weight for i in part]
    assert weighted == batch


def test_epochs_differ_and_seeds_differ():
    assert Plan(20, 5, 1).batches(0) == Plan(20, 5, 1).batches(0)
    assert Plan(20, 5, 1).batches(0) != Plan(20, 5, 1).batches(1)
    assert Plan(20, 5, 1).batches(0) != Plan(20, 5, 2).batches(0)


def test_decay_by_epoch_and_by_step():
    spec = FitSpec(schedule="exponential", decay_gamma=0.9, learning_rate=1.0)
    rates = [learning_rate(spec, step, 4) for step in range(12)]
    assert rates == pytest.approx([1.0] * 4 + [0.9] * 4 + [0.81] * 4)
    by_step = spec.changed({"decay_per": "step"})
    assert learning_rate(by_step, 3, 4) == pytest.approx(0.9**3)


def test_cosine_falls_from_the_rate_to_nothing_after_a_rise():
    spec = FitSpec(schedule="cosine", learning_rate=2.0, warmup_steps=4, epochs=5)
    rates = [learning_rate(spec, step, 10) for step in range(50)]
    assert rates[:4] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert all(a >= b for a, b in pairwise(rates[4:]))
    middle = learning_rate(spec, 4 + 23, 10)
    assert middle == pytest.approx(1 + math.cos(math.pi / 2), abs=1e-9)
    assert rates[-1] < 0.01


def test_most_steps_shorten_the_cosine():
    spec = FitSpec(schedule="cosine", learning_rate=1.0, epochs=100, max_steps=10)
    assert total_steps(spec, 50) == 10
    assert learning_rate(spec, 10, 50) == pytest.approx(0, abs=1e-12)


def test_only_matrices_decay():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    optimiser = make_optimiser(model, FitSpec(weight_decay=0.1, optimiser="adamw"))
    decays = {p.ndim: g["weight_decay"] for g in optimiser.param_groups for p in g["params"]}
    assert decays == {4: 0.1, 1: 0.0}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_weights_have_mean_one_over_the_labels(labels):
    for weighting in ("none", "root", "balanced"):
        weights = class_weights(np.array(labels), 4, weighting)
        assert weights[labels].mean() == pytest.approx(1)
        present = sorted(set(labels))
        counts = np.bincount(labels, minlength=4)
        order = np.argsort(counts[present], kind="stable")
        assert (np.diff(weights[present][order]) <= 1e-12).all()


def test_balanced_classes_count_alike():
    labels = np.array([0] * 30 + [1] * 6 + [2] * 3)
    weights = class_weights(labels, 4, "balanced")
    totals = weights * np.bincount(labels, minlength=4)
    assert totals[:3] == pytest.approx([13.0] * 3)
    assert weights[3] == 0


def test_the_loss_is_the_weighted_mean_over_images():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 3, generator=generator)
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    weights = torch.tensor([0.5, 1.0, 2.0])
    by_hand = [-math.log(logits[i].softmax(0)[c]) * weights[c] for i, c in enumerate(labels)]
    loss = weighted_cross_entropy(logits, labels, weights)
    assert loss.item() == pytest.approx(float(sum(by_hand)) / 7, rel=1e-5)
