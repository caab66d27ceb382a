"""What networks run on here."""

import torch

from osteon.models.torchvision_ready import OPERATORS

__all__ = ["computes_in_bf16", "describe"]

_CPU_QUESTIONS = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # public ones do not exist


def describe() -> dict[str, str]:
    """Say which device networks run on, and whose operators torchvision uses."""
    if torch.cuda.is_available():
        device = f"cuda: {torch.cuda.get_device_name()}"
    elif torch.backends.mps.is_available():
        device = "mps"
    else:
        device = f"cpu, {torch.get_num_threads()} threads"
    operators = {"native": "its own", "substitute": "nms supplied by Osteon"}
    kind = device.partition(":")[0].partition(",")[0]
    precision = "bf16" if computes_in_bf16(kind) else "fp32"
    return {"device": f"{device}, {precision}", "torchvision operators": operators[OPERATORS]}


def computes_in_bf16(device_type: str) -> bool:
    """Whether a device computes in bfloat16 itself; where it does not, float32 is faster.

    Parameters
    ----------
    device_type
        ``cuda``, ``mps`` or ``cpu``. A CPU needs AMX or AVX-512 BF16: on one with AVX2 alone a
        training step in emulated bfloat16 takes about twenty times as long as in float32.
    """
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device_type == "cpu":
        asked = (getattr(torch.cpu, name, None) for name in _CPU_QUESTIONS)
        return any(question is not None and bool(question()) for question in asked)
    return False
