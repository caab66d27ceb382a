"""Start from weights the user names: a local safetensors file, or a download asked for.

Files may hold a whole network of torchvision or timm (ImageNet), torchvision's RetinaNet (COCO), or
an Osteon model: names are matched below the encoder's prefix. Layers whose shape differs, such as
the classification layer, keep their random weights; an encoder that is not filled completely is an
error, never a silent half.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from osteon.core.optional import require
from osteon.errors import PackageError, SettingsError, StorageError
from osteon.models.checkpoint import read_tensors
from osteon.models.spec import ModelSpec

__all__ = ["DOWNLOADS", "download", "initialise"]

#: Repositories on Hugging Face's hub with ImageNet weights as safetensors, by encoder.
DOWNLOADS = {
    "densenet121": "timm/densenet121.tv_in1k",
    "densenet169": "timm/densenet169.tv_in1k",
    "inception_resnet_v2": "timm/inception_resnet_v2.tf_in1k",
    "inception_v3": "timm/inception_v3.tv_in1k",
    "resnet18": "timm/resnet18.tv_in1k",
    "resnet34": "timm/resnet34.tv_in1k",
    "resnet50": "timm/resnet50.tv_in1k",
    "vgg19": "timm/vgg19.tv_in1k",
}
_PREFIXES = ("encoder.network.", "backbone.body.")
_COUNTERS = "num_batches_tracked"  # absent in old files, without effect on the result
_SHOWN = 3


def initialise(
    model: nn.Module,
    spec: ModelSpec,
    source: Literal["scratch", "file", "download"],
    path: Path | None,
) -> None:
    """Give a model its initial weights.

    Parameters
    ----------
    model
        A detector or classifier with random weights; changed in place.
    spec
        Its settings, whose encoder names the download.
    source
        ``scratch`` leaves the random weights; ``file`` reads ``path``; ``download`` fetches.
    path
        A safetensors file, for ``file``.

    Raises
    ------
    PackageError
        If the file is not safetensors or does not hold the whole encoder.
    SettingsError
        If there is no download for the encoder, or no path for ``file``.
    StorageError
        If the download fails.
    """
    if source == "scratch":
        return
    if source == "download":
        path = download(spec.encoder)
    if path is None:
        raise SettingsError("initial.source=file needs initial.path")
    tensors, _ = read_tensors(path)
    _fill(model, tensors, source=str(path))


def download(encoder: str) -> Path:
    """Fetch ImageNet weights of an encoder; give the file, which the hub's library keeps.

    Raises
    ------
    SettingsError
        If there are none for this encoder.
    StorageError
        If the hub cannot be reached.
    """
    if encoder not in DOWNLOADS:
        raise SettingsError(
            f"there is no download for {encoder!r}, only for {', '.join(DOWNLOADS)}",
            remedy="set initial.source=scratch, or name a file",
        )
    hub = require("huggingface_hub", purpose="a download of weights")
    try:
        return Path(hub.hf_hub_download(DOWNLOADS[encoder], "model.safetensors"))
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{DOWNLOADS[encoder]} could not be fetched: {error}",
            remedy="fetch model.safetensors elsewhere; set initial.source=file and initial.path",
        ) from error


def _fill(model: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    own = model.state_dict()
    prefix = next(p for p in _PREFIXES if any(name.startswith(p) for name in own))
    named = tensors if any(name in tensors for name in own) else _below(prefix, tensors)
    fitting = {
        name: tensor.to(own[name].dtype)
        for name, tensor in named.items()
        if name in own and tensor.shape == own[name].shape
    }
    lacking = [
        name
        for name in own
        if name.startswith(prefix) and not name.endswith(_COUNTERS) and name not in fitting
    ]
    if lacking:
        raise PackageError(
            f"{source} does not hold the encoder: {len(lacking)} weights are missing or of another"
            f" shape, first {', '.join(lacking[:_SHOWN])}"
        )
    model.load_state_dict(fitting, strict=False)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}
