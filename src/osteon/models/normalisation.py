"""From one grey channel to the three that encoders take."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from osteon.models.spec import InputKind

__all__ = ["ImageNetInput", "LocalContrastInput", "make_input"]

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_NEIGHBOURHOODS = (4, 16)  # sides of the picture over sides of the neighbourhoods
_LEAST_DEVIATION = 0.02  # in grey values: flat parts of a film stay flat


def make_input(kind: InputKind) -> nn.Module:
    """Make the input layer of this kind."""
    return ImageNetInput() if kind == "replicated" else LocalContrastInput()


class ImageNetInput(nn.Module):
    """Replicate a grey image to three channels and normalise each as ImageNet's.

    The constants are not part of the state dict: they are the same for every model.
    """

    def __init__(self) -> None:
        super().__init__()
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(_MEAN).reshape(shape), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).reshape(shape), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map (n, 1, h, w) in [0, 1] to (n, 3, h, w)."""
        return (images - self.mean) / self.deviation


class LocalContrastInput(nn.Module):
    """The grey image, and how far each pixel is from its neighbourhood at two scales.

    The second and third channel are ``(x - mean) / (deviation + 0.02)`` with mean and deviation
    over neighbourhoods of a quarter and a sixteenth of the picture, found on a coarse grid and
    interpolated. They hardly change with exposure, window and vendor curve, which is what a network
    without ImageNet's experience needs on films of makers it has not seen.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Map (n, 1, h, w) in [0, 1] to (n, 3, h, w)."""
        images = images.float()
        return torch.cat([images * 4 - 2, *(_local(images, part) for part in _NEIGHBOURHOODS)], 1)


def _local(images: Tensor, part: int) -> Tensor:
    height, width = images.shape[-2:]
    side = max(min(height, width) // part, 2)
    step = max(side // 2, 1)
    moments = functional.avg_pool2d(
        torch.cat([images, images.square()], 1), side, step, padding=step // 2,
        count_include_pad=False, ceil_mode=True,
    )  # fmt: skip
    moments = functional.interpolate(moments, (height, width), mode="bilinear", align_corners=False)
    mean, square = moments[:, :1], moments[:, 1:]
    deviation = (square - mean.square()).clamp(min=0).sqrt()
    return ((images - mean) / (deviation + _LEAST_DEVIATION)).clamp(-4, 4)
