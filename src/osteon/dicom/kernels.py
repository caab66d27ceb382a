"""Which reconstruction kernels are soft, which are sharp, by the vendors' names.

Names follow each vendor's habit and no standard; a name that fits none is left unknown.
"""

import re
from collections.abc import Sequence
from typing import Literal

__all__ = ["KernelKind", "kernel_kind"]

KernelKind = Literal["soft", "bone", "lung", "unknown"]
_WORDS: Sequence[tuple[str, KernelKind]] = (
    ("LUNG", "lung"), ("BONE", "bone"), ("EDGE", "bone"), ("DETAIL", "bone"), ("SHARP", "bone"),
    ("CHST", "soft"), ("SOFT", "soft"), ("SMOOTH", "soft"), ("STANDARD", "soft"), ("BODY", "soft"),
)  # fmt: skip
_SIEMENS = re.compile(r"([BDHIJTUQ][RFLVPHD]?)(\d{2})[A-Z]*")  # B30f, Br40d, Bl57, I26s, Hr38, Qr40
_TOSHIBA = re.compile(r"FC(\d{2})")
_PHILIPS: dict[str, KernelKind] = {
    "A": "soft", "B": "soft", "C": "soft", "YA": "soft", "YB": "soft", "D": "bone", "E": "bone",
    "YC": "bone", "YD": "bone", "L": "lung", "YE": "bone",
}  # fmt: skip


def kernel_kind(convolution_kernel: str | None) -> KernelKind:
    r"""Tell the kind of a Convolution Kernel (0018,1210).

    Parameters
    ----------
    convolution_kernel
        The header's text; of several values joined by a backslash the first counts.

    Examples
    --------
    >>> [kernel_kind(name) for name in ("B30f", r"Br60\3", "STANDARD", "BONEPLUS", "FC30", "YC")]
    ['soft', 'bone', 'soft', 'bone', 'bone', 'bone']
    >>> kernel_kind(None), kernel_kind("IMR1")
    ('unknown', 'unknown')
    """
    name = (convolution_kernel or "").partition("\\")[0].strip().upper()
    if name in _PHILIPS:
        return _PHILIPS[name]
    for word, kind in _WORDS:
        if word in name:
            return kind
    if match := _SIEMENS.fullmatch(name):
        if match[1].endswith("L") and len(match[1]) == 2:
            return "lung"
        return "soft" if int(match[2]) < 55 else "bone"
    if match := _TOSHIBA.fullmatch(name):
        return _toshiba(int(match[1]))
    return "unknown"


def _toshiba(number: int) -> KernelKind:
    if 50 <= number < 60 or 80 <= number < 90:
        return "lung"
    return "bone" if 30 <= number < 40 or number >= 60 else "soft"
