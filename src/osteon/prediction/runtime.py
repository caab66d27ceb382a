"""Where a network runs: torch, ONNX Runtime or OpenVINO, the same arrays in and out.

torch is the reference. The others run the ONNX model of the package; how far they are from torch is
measured when it is exported, and written into the card.
"""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from osteon.core.optional import require
from osteon.errors import PackageError

__all__ = ["RUNTIMES", "Runner", "RuntimeName", "export_onnx", "parity", "runner"]

RuntimeName = Literal["torch", "onnx", "openvino"]
RUNTIMES: tuple[RuntimeName, ...] = ("torch", "onnx", "openvino")
Arrays = tuple[NDArray[np.float32], ...]
Runner = Callable[[NDArray[np.float32]], Arrays]
_OPSET = 18


def runner(
    name: RuntimeName,
    model: nn.Module | None,
    onnx: bytes | None = None,
    *,
    device: str = "cpu",
    part: str = "network",
) -> Runner:
    """Make the function that runs a network.

    Parameters
    ----------
    name
        ``torch``, ``onnx`` or ``openvino``.
    model
        For torch: a detector (its ``raw`` is run) or any network of one input.
    onnx
        For the others: the ONNX model of the package.
    device
        For torch: ``cpu``, ``cuda``, ``mps``.
    part
        Its name in messages.

    Returns
    -------
    callable
        From float32 (n, 1, s, s) in [0, 1] to a tuple of float32 arrays, the network's outputs.

    Raises
    ------
    PackageError
        If the package holds no ONNX model of this part.
    MissingExtraError
        If the runtime is not installed.
    """
    if name == "torch":
        if model is None:
            raise PackageError(f"{part}: no weights for torch")
        return _torch_runner(model.to(device).eval(), device)
    if onnx is None:
        raise PackageError(
            f"the package holds no ONNX model of its {part}",
            remedy="use --runtime torch, or build the package with --onnx",
        )
    return _onnx_runner(onnx) if name == "onnx" else _openvino_runner(onnx)


def export_onnx(model: nn.Module, side_px: int) -> bytes:
    """Export a network to ONNX, any number of images of one size at a time.

    Parameters
    ----------
    model
        A detector (its ``raw`` is exported) or any network of one input; on the CPU.
    side_px
        Side of the square input in pixels.
    """
    wrapped = _Outputs(model).eval()
    example = torch.zeros(2, 1, side_px, side_px)
    count = len(wrapped(example))
    names = [f"output_{index}" for index in range(count)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # the older exporter needs no further package; torch announces its successor
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            wrapped,
            (example,),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["images"],
            output_names=names,
            dynamic_axes={name: {0: "n"} for name in ("images", *names)},
        )
        return path.read_bytes()


def parity(one: Runner, other: Runner, images: NDArray[np.float32]) -> float:
    """Largest absolute difference between two runtimes' outputs on the same images.

    A detector's boxes are in pixels, scores and logits have no unit; the largest over all outputs
    is given.
    """
    pairs = zip(one(images), other(images), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


class _Outputs(nn.Module):
    """A network whose outputs are always a tuple; of a detector, all its candidates."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        result = self.model.raw(images) if hasattr(self.model, "raw") else self.model(images)
        return result if isinstance(result, tuple) else (result,)


def _torch_runner(model: nn.Module, device: str) -> Runner:
    outputs = _Outputs(model).eval()

    @torch.inference_mode()
    def run(images: NDArray[np.float32]) -> Arrays:
        found = outputs(torch.from_numpy(np.ascontiguousarray(images)).to(device))
        return tuple(value.float().cpu().numpy() for value in found)

    return run


def _onnx_runner(onnx: bytes) -> Runner:
    library: Any = require("onnxruntime", purpose="--runtime onnx")
    options = library.SessionOptions()
    options.log_severity_level = 3
    session = library.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.float32]) -> Arrays:
        found = session.run(None, {"images": np.ascontiguousarray(images, dtype=np.float32)})
        return tuple(np.asarray(value, np.float32) for value in found)

    return run


def _openvino_runner(onnx: bytes) -> Runner:
    library: Any = require("openvino", purpose="--runtime openvino")
    core = library.Core()
    compiled = core.compile_model(core.read_model(onnx, b""), "CPU")

    def run(images: NDArray[np.float32]) -> Arrays:
        found = compiled([np.ascontiguousarray(images, dtype=np.float32)])
        return tuple(np.array(found[index], np.float32) for index in range(len(compiled.outputs)))

    return run
