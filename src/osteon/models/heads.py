"""What sits on an encoder: channel attention."""

from torch import Tensor, nn

__all__ = ["SqueezeExcitation"]


class SqueezeExcitation(nn.Module):
    """Weight the channels of a feature map by what the whole map holds.

    ``y = x * sigmoid(W2 relu(W1 mean(x)))`` (Hu, Shen and Sun 2018, doi
    10.1109/CVPR.2018.00745).

    Parameters
    ----------
    channels
        Channels of the map.
    reduction
        Channels over hidden units; at least four hidden units are kept.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(channels // reduction, 4)
        self.squeeze = nn.Linear(channels, hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, channels, h, w) to the same shape."""
        hidden = self.squeeze(features.mean(dim=(2, 3))).relu()
        return features * self.excite(hidden).sigmoid()[:, :, None, None]
