"""From settings to a network with random weights."""

import torch
from torch import nn

from osteon.models.classifier import Classifier
from osteon.models.detector import HipDetector
from osteon.models.spec import DetectorSpec, ModelSpec, SurvivalSpec
from osteon.models.survival import SurvivalNetwork

__all__ = ["build"]


def build(spec: ModelSpec, seed: int = 0) -> nn.Module:
    """Make the network a spec describes.

    Parameters
    ----------
    spec
        Settings of a detector, a classifier or a survival network.
    seed
        Decides the random weights; torch's own random state is left as it was.

    Examples
    --------
    >>> from osteon.models.spec import ClassifierSpec
    >>> model = build(ClassifierSpec(encoder="resnet10_w16"), seed=1)
    >>> model(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 6])
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(spec, DetectorSpec):
            return HipDetector(spec)
        return SurvivalNetwork(spec) if isinstance(spec, SurvivalSpec) else Classifier(spec)
