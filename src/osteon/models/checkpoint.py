"""Weights on disk: safetensors and JSON, nothing that can run code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from osteon.core.files import atomic_path, read_json, write_json
from osteon.errors import PackageError, SettingsError
from osteon.models.build import build
from osteon.models.spec import ModelSpec, load_spec

__all__ = [
    "SPEC_NAME",
    "WEIGHTS_NAME",
    "Storage",
    "fit_into",
    "load_checkpoint",
    "load_weights",
    "read_tensors",
    "save_checkpoint",
    "save_weights",
    "write_tensors",
]

Storage = Literal["float32", "float16"]
WEIGHTS_NAME = "model.safetensors"
SPEC_NAME = "spec.json"
_SHOWN = 3


def save_checkpoint(
    folder: Path, model: nn.Module, spec: ModelSpec, *, storage: Storage = "float32"
) -> None:
    """Write ``model.safetensors`` and ``spec.json`` into a folder."""
    save_weights(folder / WEIGHTS_NAME, model, storage=storage)
    write_json(folder / SPEC_NAME, spec.resolved())


def load_checkpoint(folder: Path) -> tuple[nn.Module, ModelSpec]:
    """Read what :func:`save_checkpoint` wrote; the model comes in evaluation mode, on the CPU.

    Raises
    ------
    PackageError
        If a file is absent or damaged, or the weights do not fit the spec.
    """
    try:
        spec = load_spec(read_json(folder / SPEC_NAME))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, SettingsError) as error:
        raise PackageError(f"{folder / SPEC_NAME} cannot be used: {error}") from error
    model = build(spec)
    load_weights(folder / WEIGHTS_NAME, model)
    return model.eval(), spec


def save_weights(path: Path, model: nn.Module, *, storage: Storage = "float32") -> None:
    """Write a model's weights.

    ``float16`` halves the file; floating-point weights are rounded once, integers are kept.

    Raises
    ------
    PackageError
        If a weight is too large for float16 or not finite.
    """
    write_tensors(path, {name: _stored(name, t, storage) for name, t in model.state_dict().items()})


def load_weights(path: Path, model: nn.Module) -> None:
    """Read weights into a model, whose own number type is kept.

    Raises
    ------
    PackageError
        If the file is damaged, or names or shapes differ; the first ones are named.
    """
    tensors, _ = read_tensors(path)
    fit_into(model, tensors, source=str(path))


def fit_into(model: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Give a model these weights, all of them and no others.

    Raises
    ------
    PackageError
        If names or shapes differ from the model's.
    """
    wanted = model.state_dict()
    missing = [name for name in wanted if name not in tensors]
    unknown = [name for name in tensors if name not in wanted]
    problems = [*_few("lacks", missing), *_few("has, but the model does not,", unknown)]
    problems += [
        f"{name} has shape {tuple(tensor.shape)}, wanted {tuple(wanted[name].shape)}"
        for name, tensor in tensors.items()
        if name in wanted and tensor.shape != wanted[name].shape
    ][:_SHOWN]
    if problems:
        raise PackageError(
            f"{source} does not fit the model: {'; '.join(problems)}",
            remedy="use the spec.json that was written beside these weights",
        )
    model.load_state_dict({name: tensors[name].to(wanted[name].dtype) for name in wanted})


def write_tensors(path: Path, tensors: Mapping[str, Tensor], record: Any = None) -> None:
    """Write tensors, and a JSON-like record in the same file, whole or not at all."""
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    metadata = {"record": json.dumps(record, allow_nan=False)} if record is not None else None
    with atomic_path(path) as temporary:
        save_file(plain, temporary, metadata=metadata)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Read what :func:`write_tensors` wrote: tensors and the record (``None`` without one).

    Raises
    ------
    PackageError
        If there is no such file or it is not safetensors.
    """
    try:
        tensors: dict[str, Tensor] = load_file(path)
        return tensors, _record(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise PackageError(f"{path} cannot be read as safetensors: {error}") from error


def _record(path: Path) -> Any:
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        metadata = json.loads(stream.read(length)).get("__metadata__", {})
    return json.loads(metadata["record"]) if "record" in metadata else None


def _stored(name: str, tensor: Tensor, storage: Storage) -> Tensor:
    if storage == "float32" or not tensor.is_floating_point():
        return tensor
    half = tensor.to(torch.float16)
    if not bool(torch.isfinite(half).all()):
        raise PackageError(
            f"{name} holds values that float16 cannot: the largest is {float(tensor.abs().max())}",
            remedy="store as float32",
        )
    return half


def _few(verb: str, found: list[str]) -> list[str]:
    if not found:
        return []
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return [f"it {verb} {', '.join(found[:_SHOWN])}{more}"]
