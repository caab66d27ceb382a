"""Weighted cross-entropy."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

__all__ = ["class_weights", "weighted_cross_entropy"]


def class_weights(
    labels: NDArray[np.int64], class_count: int, weighting: Literal["none", "balanced", "root"]
) -> NDArray[np.float64]:
    """Weights of the classes, with mean 1 over the labels given.

    Parameters
    ----------
    labels
        Class indices of the training set, shape (n,).
    class_count
        Number of classes; a class without labels gets weight 0, which nothing can meet.
    weighting
        ``balanced``: inverse frequency; ``root``: its square root; ``none``: 1.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]), 2, "balanced").round(3).tolist()
    [0.667, 2.0]
    """
    counts = np.bincount(labels, minlength=class_count).astype(np.float64)
    power = {"none": 0.0, "root": 0.5, "balanced": 1.0}[weighting]
    weights = np.where(counts > 0, np.maximum(counts, 1) ** -power, 0.0)
    return np.asarray(weights * counts.sum() / (weights * counts).sum())


def weighted_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor, *, smoothing: float = 0.0
) -> Tensor:
    """Mean over the images of weight times cross-entropy.

    The divisor is the number of images, not the sum of their weights, so a batch worked through in
    pieces has the gradient of the whole.

    Parameters
    ----------
    logits
        (n, classes).
    labels
        int64 (n,).
    weights
        (classes,), of :func:`class_weights`.
    smoothing
        Share of the probability spread over all classes, in [0, 1).
    """
    losses = functional.cross_entropy(
        logits.float(), labels, reduction="none", label_smoothing=smoothing
    )
    return torch.mean(losses * weights[labels])
