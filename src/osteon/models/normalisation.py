"""From one grey channel to what encoders trained on photographs expect."""

import torch
from torch import Tensor, nn

__all__ = ["ImageNetInput"]

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


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
