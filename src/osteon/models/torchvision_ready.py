"""Importing this module makes torchvision and timm importable.

A module that needs them imports this one first, so that spawned workers are covered too.
"""

from osteon.models.torchvision_operators import Operators, ensure

__all__ = ["OPERATORS"]

#: Whose ``torchvision::nms`` is at work: ``"native"`` or ``"substitute"``.
OPERATORS: Operators = ensure()
