"""What networks run on here."""

import torch

from osteon.models.torchvision_ready import OPERATORS

__all__ = ["describe"]


def describe() -> dict[str, str]:
    """Say which device networks run on, and whose operators torchvision uses."""
    if torch.cuda.is_available():
        device = f"cuda: {torch.cuda.get_device_name()}"
    elif torch.backends.mps.is_available():
        device = "mps"
    else:
        device = f"cpu, {torch.get_num_threads()} threads"
    operators = {"native": "its own", "substitute": "nms supplied by Osteon"}
    return {"device": device, "torchvision operators": operators[OPERATORS]}
