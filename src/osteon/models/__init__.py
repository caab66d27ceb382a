"""Networks: encoders, heads, detectors, classifiers, and the model package.

Importing this room first makes torchvision importable
(:mod:`osteon.models.torchvision_operators`), so everything below it, spawned workers too, may
import torchvision and timm without care.
"""

from importlib import import_module

from osteon.core.optional import require

__all__ = ["TORCHVISION_OPERATORS"]

require("torch", purpose="a model")

#: Whose ``torchvision::nms`` is at work: ``"native"`` or ``"substitute"``.
TORCHVISION_OPERATORS: str = import_module("osteon.models.torchvision_operators").ensure()
