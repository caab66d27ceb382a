"""The networks of a package as they are stored: arrays, ONNX, what the card says of each."""

import copy
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from osteon.core.rng import generator
from osteon.models.card import PartCard
from osteon.models.classifier import Classifier
from osteon.models.detector import HipDetector
from osteon.models.gate import GateNetwork
from osteon.models.survival import SurvivalNetwork
from osteon.prediction.runtime import export_onnx, parity, runner

__all__ = ["Part", "arrays_of", "exported_part", "part_card"]

Part = Classifier | HipDetector | GateNetwork | SurvivalNetwork
Storage = Literal["float16", "float32"]


def arrays_of(model: Part) -> dict[str, NDArray[Any]]:
    """Give a network's weights and buffers by name."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}


def exported_part(model: Part, dtype: Storage, seed: int) -> tuple[bytes, float]:
    """Export a part as it will be stored, and measure its distance from torch."""
    stored = _as_stored(model, dtype)
    side = stored.spec.image_size_px
    onnx = export_onnx(stored, side)
    images = generator(seed, "parity").random((4, 1, side, side), dtype=np.float32)
    return onnx, parity(runner("torch", stored), runner("onnx", None, onnx), images)


def part_card(model: Part, dtype: Storage, difference: float | None) -> PartCard:
    """Say what a part is; ``difference`` is that of its ONNX model, ``None`` without one."""
    return PartCard(
        kind=model.spec.kind,
        spec=model.spec.resolved(),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        dtype=dtype,
        onnx_parity_max_abs=difference,
    )


def _as_stored(model: Part, dtype: Storage) -> Part:
    copied = copy.deepcopy(model).cpu().eval()
    if dtype == "float16":
        with torch.no_grad():
            for tensor in copied.state_dict().values():
                if tensor.is_floating_point():
                    tensor.copy_(tensor.half().float())
    return copied
