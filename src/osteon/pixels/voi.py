"""Values of interest: windows and lookup tables from modality values to [0, 1]."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from osteon.errors import UsageError

__all__ = ["PERCENTILES", "Window", "WindowFunction", "percentile_window"]

WindowFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
PERCENTILES: Final = (0.5, 99.5)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of PS3.3 C.11.2.1.2 and C.11.2.1.3, in the unit of the values it is applied to.

    ``LINEAR`` needs a width of at least 1, the others one above 0.

    Raises
    ------
    UsageError
        If centre or width is not finite, or the width is too small.

    Examples
    --------
    >>> window = Window(50, 100, "LINEAR_EXACT")
    >>> window(np.float32([0, 50, 100])).tolist()
    [0.0, 0.5, 1.0]
    """

    center: float
    width: float
    function: WindowFunction = "LINEAR"

    def __post_init__(self) -> None:
        smallest = 1.0 if self.function == "LINEAR" else 0.0
        is_wide = self.width >= 1 if self.function == "LINEAR" else self.width > 0
        if not (np.isfinite(self.center) and np.isfinite(self.width) and is_wide):
            raise UsageError(
                f"window centre {self.center:g}, width {self.width:g}: {self.function} wants"
                f" finite numbers and a width {'of at least' if smallest else 'above'} {smallest:g}"
            )

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map values to [0, 1].

        With centre c and width w, LINEAR is 0 up to c - 0.5 - (w-1)/2, 1 above
        c - 0.5 + (w-1)/2 and (x - (c - 0.5))/(w - 1) + 0.5 between; LINEAR_EXACT is
        clip((x - c)/w + 0.5); SIGMOID is 1/(1 + exp(-4 (x - c)/w)).
        """
        center, width = np.float32(self.center), np.float32(self.width)
        half = np.float32(0.5)
        if self.function == "SIGMOID":
            exponent = np.clip(-4 * (values - center) / width, -80, 80)
            return np.asarray(1 / (1 + np.exp(exponent)), np.float32)
        if self.function == "LINEAR" and self.width == 1:
            return np.asarray(values > center - half, np.float32)
        if self.function == "LINEAR":
            center, width = center - half, width - 1
        return np.asarray(np.clip((values - center) / width + half, 0, 1), np.float32)


def percentile_window(
    values: NDArray[np.float32], percentiles: tuple[float, float] = PERCENTILES
) -> Window | None:
    """Find the window between two percentiles; between the extremes when those coincide.

    ``None`` when all values are equal or there are none: there is nothing to see.
    """
    if values.size == 0:
        return None
    low, high = (float(x) for x in np.percentile(values, percentiles))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    if not high > low:
        return None
    return Window((low + high) / 2, high - low, "LINEAR_EXACT")
