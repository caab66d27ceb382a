"""Make torchvision importable where its compiled operators do not fit the installed torch.

The ordinary torchvision wheel is linked against a CUDA build of torch. Beside a CPU-only torch its
compiled operators do not load and ``import torchvision`` stops with ``operator torchvision::nms
does not exist``; timm and everything else that imports torchvision stop with it. :func:`ensure`
finds out before torchvision is imported. Where the operators load, nothing is touched. Where they
do not, ``nms`` and ``qnms`` are declared, ``nms`` gets a kernel in plain PyTorch, and torchvision's
own check for compiled operators is lifted for non-maximum suppression alone: every other compiled
operator still says that it is missing.
"""

import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import torch

from osteon.core.optional import require

__all__ = [
    "Operators",
    "compiled_library",
    "ensure",
    "loads",
    "non_maximum_suppression",
]

Operators = Literal["native", "substitute"]

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_DEVICES = ("CPU", "CUDA", "MPS")
_declared: list[torch.library.Library] = []  # torch forgets a declaration whose library is freed


def ensure(library: Path | None = None) -> Operators:
    """Make ``import torchvision`` work; safe to call any number of times.

    Parameters
    ----------
    library
        The compiled operators to try; torchvision's own when ``None``.

    Returns
    -------
    Operators
        ``"native"`` when the compiled operators load, ``"substitute"`` when they do not.

    Raises
    ------
    MissingExtraError
        If torchvision is not installed.
    """
    if _declared:
        return "substitute"
    candidate = compiled_library() if library is None else library
    if candidate is not None and loads(candidate):
        return "native"
    _declare()
    require("torchvision", purpose="a model")
    boxes = import_module("torchvision.ops.boxes")
    setattr(boxes, "_assert_has_ops", _nothing_to_assert)  # noqa: B010 - the module is untyped
    return "substitute"


def compiled_library() -> Path | None:
    """Find torchvision's compiled operators without importing it; ``None`` when there are none."""
    spec = find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = spec.submodule_search_locations[0]
    found = FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES)).find_spec("_C")
    return None if found is None or found.origin is None else Path(found.origin)


def loads(library: Path) -> bool:
    """Whether a compiled library can be loaded into the installed torch."""
    try:
        torch.ops.load_library(str(library))
    except (OSError, ImportError):
        return False
    return True


def non_maximum_suppression(
    boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float
) -> torch.Tensor:
    """Keep the best of every heap of boxes: greedy non-maximum suppression.

    Parameters
    ----------
    boxes
        Float tensor of shape (n, 4): x_min, y_min, x_max, y_max in pixels.
    scores
        Float tensor of shape (n,); higher is better. Ties keep the order of the boxes.
    iou_threshold
        A box is dropped when its IoU with a kept, better box is strictly above this, in [0, 1].

    Returns
    -------
    torch.Tensor
        int64 indices of the kept boxes, best first.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]])
    >>> non_maximum_suppression(boxes, torch.tensor([0.8, 0.9, 0.1]), 0.5).tolist()
    [1, 2]
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    remaining = torch.argsort(scores, descending=True, stable=True)
    kept = []
    while remaining.numel():
        best, remaining = remaining[0], remaining[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[remaining, :2])
        high = torch.minimum(boxes[best, 2:], boxes[remaining, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        iou = shared / (areas[best] + areas[remaining] - shared)
        remaining = remaining[~(iou > iou_threshold)]
    return torch.stack(kept) if kept else remaining


def _declare() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        library.define(schema)
    for device in _DEVICES:
        library.impl("nms", non_maximum_suppression, device)
    _declared.append(library)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # the ruins of an import that failed before this call


def _nothing_to_assert() -> None:
    """Stand in for torchvision's check: non-maximum suppression is there."""
