"""Tuning data of a known kind, and networks small enough for a test."""

import numpy as np
import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.prediction.tuning import TuningSet


def draw_logits(labels, rng, *, signal=3.0, scale=1.0, bias=0.0):
    """Logits of a model that knows the truth with some noise, then distorted."""
    k = len(HIP_CLASSES)
    honest = rng.normal(size=(len(labels), k)) + signal * np.eye(k)[labels]
    return honest * scale + bias


def make_tuning(n=300, seed=0, **distortion):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(HIP_CLASSES), n)
    patients = np.array([f"p{i // 2}" for i in range(n)])
    logits = draw_logits(labels, rng, **distortion)
    return TuningSet(HIP_CLASSES, logits, labels, patients, np.full(n, "tuning"))


@pytest.fixture
def tuning():
    return make_tuning()
