"""The classifier: encoder, channel attention, global pooling, linear layer."""

import torch
from torch import Tensor, nn

from osteon.models.encoders import build_encoder
from osteon.models.heads import SqueezeExcitation
from osteon.models.normalisation import make_input
from osteon.models.spec import ClassifierSpec

__all__ = ["Classifier", "feature_layer"]


class Classifier(nn.Module):
    """Six (or any) classes from one crop of a film.

    Parameters
    ----------
    spec
        The architecture.

    Notes
    -----
    Input is float (n, 1, h, w) in [0, 1], 0 black; ``spec.input`` makes three channels of it
    inside, so that no caller has to. Output is logits
    (n, classes). Any size works that the encoder's strides allow; ``spec.image_size_px`` is the
    one it was trained at.
    """

    def __init__(self, spec: ClassifierSpec) -> None:
        super().__init__()
        self.spec = spec
        self.input = make_input(spec.input)
        self.encoder = build_encoder(spec.encoder)
        self.attention = (
            SqueezeExcitation(self.encoder.channels, spec.reduction)
            if spec.squeeze_excitation
            else nn.Identity()
        )
        self.dropout = nn.Dropout(spec.dropout)
        self.linear = nn.Linear(self.encoder.channels, len(spec.classes))

    def features(self, images: Tensor) -> Tensor:
        """Map images (n, 1, h, w) in [0, 1] to pooled features (n, channels)."""
        return self.attention(self.encoder(self.input(images))).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 1, h, w) in [0, 1] to logits (n, classes)."""
        return self.linear(self.dropout(self.features(images)))

    @torch.inference_mode()
    def probabilities(self, images: Tensor) -> Tensor:
        """Map images (n, 1, h, w) in [0, 1] to softmax probabilities, float32 (n, classes)."""
        return self(images).float().softmax(dim=1)


def feature_layer(model: Classifier) -> nn.Module:
    """Give the layer whose output, (n, channels, rows, columns), is pooled: Grad-CAM's."""
    return model.attention
