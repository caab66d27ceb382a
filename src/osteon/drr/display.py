"""From line integrals to grey values, white where much is in the way."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Display", "grey"]

Display = Literal["linear", "exponential"]
_SHARES = (0.05, 0.998)  # of the pixels that show anything: skin is black, a screw darkens no bone


def grey(
    line_integral: NDArray[np.float32],
    display: Display = "linear",
    *,
    limits: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Turn line integrals into grey values.

    Parameters
    ----------
    line_integral
        (rows, columns), without unit.
    display
        ``linear``: grey grows with the line integral, as on a digital radiograph, which shows the
        logarithm of the exposure. ``exponential``: with the absorbed share ``1 - exp(-integral)``,
        as the exposure itself would: thick parts lose their contrast.
    limits
        Line integrals that are black and white; by default what 5 and 99.8 % of the pixels that
        show anything stay below, so that skin is black and a screw does not darken the rest.

    Returns
    -------
    ndarray
        float32 of the same shape in [0, 1].

    Examples
    --------
    >>> grey(np.array([[0.0, 1.0, 2.0]], np.float32), limits=(0.0, 2.0)).tolist()
    [[0.0, 0.5, 1.0]]
    """
    shown = line_integral[line_integral > 0]
    if limits is None:
        low, high = np.quantile(shown, _SHARES) if shown.size else (0.0, 1.0)
        limits = (float(low), float(high))
    values, (low, high) = line_integral, limits
    if display == "exponential":
        values, low, high = -np.expm1(-values), -np.expm1(-low), -np.expm1(-high)
    return np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0).astype(np.float32)
