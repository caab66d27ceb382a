"""The gate's network: is this a hip, in which view, with metal? Small, and fast on any machine."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from osteon.models.gate_spec import GateSpec

__all__ = ["GateNetwork", "build_gate"]


class GateNetwork(nn.Module):
    """Five strided convolutions, the last and (for thin metal) the third pooled, a linear layer.

    Input is float (n, 1, s, s) in [0, 1], standardised inside to each film's own mean and spread.
    Output is logits (n, 1 + views + 1): hip or pelvis, the views, hardware.
    """

    def __init__(self, spec: GateSpec) -> None:
        super().__init__()
        self.spec = spec
        channels = [1, *(spec.width * factor for factor in (1, 2, 4, 6, 8))]
        stages: list[nn.Module] = []
        for before, after in pairwise(channels):
            stages += [
                nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.early, self.late = nn.Sequential(*stages[:9]), nn.Sequential(*stages[9:])
        self.linear = nn.Linear(channels[3] + 2 * channels[-1], 2 + len(spec.views))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 1, s, s) to logits (n, 1 + views + 1)."""
        mean = images.mean(dim=(2, 3), keepdim=True)
        spread = (images - mean).square().mean(dim=(2, 3), keepdim=True).sqrt()
        fine = self.early((images - mean) / (spread + 1e-3))
        coarse = self.late(fine)
        pooled = torch.cat(
            [fine.amax(dim=(2, 3)), coarse.mean(dim=(2, 3)), coarse.amax(dim=(2, 3))], dim=1
        )
        return self.linear(pooled)


def build_gate(spec: GateSpec, seed: int = 0) -> GateNetwork:
    """Make a gate with random weights; torch's own random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return GateNetwork(spec)
