"""Encoders by name: from an image of three channels to its last feature map.

Every encoder keeps its library's own parameter names under ``network``, so that published weights
fit after their classification layer is left out. ``resnet10_w*`` are narrow residual networks with
a three-layer stem (timm's ResNet with one block a stage) for two cores and small packages; the
number is the width of the first stage. ``densenet16_g*`` are DenseNets of three blocks of two
layers (torchvision's, maps of a sixteenth of the picture's side); the number is the growth rate.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import osteon.models.torchvision_ready  # noqa: F401

# isort: split
import timm
import torchvision
from timm.models import resnet as timm_resnet
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import FrozenBatchNorm2d

from osteon.errors import SettingsError

__all__ = ["RESIDUAL", "Encoder", "Trunk", "build_encoder", "names", "residual_trunk"]

RESIDUAL = (
    "resnet10_w16",
    "resnet10_w24",
    "resnet10_w32",
    "resnet10_w48",
    "resnet18",
    "resnet34",
    "resnet50",
)
_DENSE = ("densenet121", "densenet169")
_SMALL_DENSE = ("densenet16_g8", "densenet16_g12", "densenet16_g16")
_INCEPTION_LAST_LAYER = "Mixed_7c"


@dataclass(frozen=True, slots=True)
class Trunk:
    """A residual network whose stages ``layer1`` to ``layer4`` can be tapped."""

    network: nn.Module
    stage_channels: tuple[int, int, int, int]


class Encoder(nn.Module):
    """A network without its classification layer.

    Parameters
    ----------
    network
        The library's module, its classification layer removed.
    to_features
        Applies it: from (n, 3, h, w) to the last map (n, channels, rows, columns).
    channels
        Channels of that map.
    """

    def __init__(
        self, network: nn.Module, to_features: Callable[[nn.Module, Tensor], Tensor], channels: int
    ) -> None:
        super().__init__()
        self.network = network
        self.channels = channels
        self._to_features = to_features

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 3, h, w) to their last feature map."""
        return self._to_features(self.network, images)


def names() -> tuple[str, ...]:
    """Names of the encoders, sorted."""
    return tuple(sorted((*RESIDUAL, *_DENSE, *_SMALL_DENSE, *_OTHERS)))


def build_encoder(name: str) -> Encoder:
    """Make an encoder with random weights.

    Raises
    ------
    SettingsError
        If the name is not one of :func:`names`.
    """
    if name in RESIDUAL:
        trunk = residual_trunk(name)
        return Encoder(trunk.network, _residual_features, trunk.stage_channels[-1])
    if name in _DENSE:
        return _dense(getattr(torchvision.models, name)())
    if name in _SMALL_DENSE:
        return _small_dense(int(name.removeprefix("densenet16_g")))
    if name in _OTHERS:
        return _OTHERS[name]()
    raise SettingsError(f"encoder is {name!r}, wanted one of {', '.join(names())}")


def residual_trunk(name: str, *, frozen_normalisation: bool = False) -> Trunk:
    """Make a residual network without its classification layer.

    Raises
    ------
    SettingsError
        If the name is not in :data:`RESIDUAL`.
    """
    if name not in RESIDUAL:
        raise SettingsError(f"encoder is {name!r}, wanted one of {', '.join(RESIDUAL)}")
    norm_layer = FrozenBatchNorm2d if frozen_normalisation else nn.BatchNorm2d
    if name.startswith("resnet10_w"):
        width = int(name.removeprefix("resnet10_w"))
        channels = (width, 2 * width, 4 * width, 8 * width)
        network = timm_resnet.ResNet(
            timm_resnet.BasicBlock,
            (1, 1, 1, 1),
            num_classes=0,
            channels=channels,
            stem_type="deep",
            stem_width=width // 2,
            norm_layer=norm_layer,
        )
    else:
        network = getattr(torchvision.models, name)(norm_layer=norm_layer)
        first = network.fc.in_features // 8
        channels = (first, 2 * first, 4 * first, 8 * first)
    del network.fc
    return Trunk(network, channels)


def _residual_features(network: nn.Module, images: Tensor) -> Tensor:
    features = images
    for name, module in network.named_children():
        if name not in {"avgpool", "global_pool"}:
            features = module(features)
    return features


def _small_dense(growth: int) -> Encoder:
    blocks, stem = (2, 2, 2), 2 * growth
    return _dense(torchvision.models.DenseNet(growth, blocks, num_init_features=stem, bn_size=2))


def _dense(network: nn.Module) -> Encoder:
    channels = network.classifier.in_features
    del network.classifier
    return Encoder(network, _dense_features, channels)


def _dense_features(network: nn.Module, images: Tensor) -> Tensor:
    return functional.relu(network.features(images))


def _vgg19() -> Encoder:
    network = torchvision.models.vgg19()
    del network.classifier
    return Encoder(network, _sequential_features, 512)


def _sequential_features(network: nn.Module, images: Tensor) -> Tensor:
    return network.features(images)


def _inception_v3() -> Encoder:
    network = torchvision.models.inception_v3(init_weights=False, aux_logits=False)
    channels = network.fc.in_features
    del network.fc
    return Encoder(network, _inception_features, channels)


def _inception_features(network: nn.Module, images: Tensor) -> Tensor:
    features = images
    for name, module in network.named_children():
        features = module(features)
        if name == _INCEPTION_LAST_LAYER:
            break
    return features


def _inception_resnet_v2() -> Encoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        network = timm.create_model("inception_resnet_v2", num_classes=0)
    return Encoder(network, _timm_features, network.num_features)


def _timm_features(network: nn.Module, images: Tensor) -> Tensor:
    return network.forward_features(images)


_OTHERS: dict[str, Callable[[], Encoder]] = {
    "inception_resnet_v2": _inception_resnet_v2,
    "inception_v3": _inception_v3,
    "vgg19": _vgg19,
}
