"""The flat detector: how many pixels of which size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.errors import GeometryError

__all__ = ["Detector"]


@dataclass(frozen=True, slots=True)
class Detector:
    """A flat grid of square or oblong pixels.

    Parameters
    ----------
    rows, columns
        Size of the grid.
    spacing_mm
        (between rows, between columns) in mm, measured on the detector itself: what DICOM calls
        Imager Pixel Spacing.

    Raises
    ------
    GeometryError
        If the grid is empty or a spacing is not positive.

    Examples
    --------
    >>> Detector(860, 1024, (0.4, 0.4)).size_mm
    (344.0, 409.6)
    """

    rows: int
    columns: int
    spacing_mm: tuple[float, float]

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1:
            raise GeometryError(f"a detector of {self.rows} x {self.columns} pixels has none")
        if not all(np.isfinite(step) and step > 0 for step in self.spacing_mm):
            raise GeometryError(f"detector spacing is {self.spacing_mm} mm, wanted positive")

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def size_mm(self) -> tuple[float, float]:
        """(height, width) of the sensitive area in mm."""
        height, width = self.rows * self.spacing_mm[0], self.columns * self.spacing_mm[1]
        return float(np.round(height, 9)), float(np.round(width, 9))

    def reduced(self, factor: int) -> "Detector":
        """Make the coarser detector that covers the same area (rounded up to whole pixels)."""
        row_mm, column_mm = self.spacing_mm
        return Detector(
            -(-self.rows // factor),
            -(-self.columns // factor),
            (row_mm * factor, column_mm * factor),
        )

    def to_px(self, offsets_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (..., 2) offsets (along columns, along rows) from the middle in mm to pixels (x, y).

        A pixel in column ``c`` covers ``[c, c + 1)``, as in :class:`osteon.core.geometry.Box`.
        """
        step = np.array([self.spacing_mm[1], self.spacing_mm[0]])
        return np.asarray(offsets_mm / step + np.array([self.columns, self.rows]) / 2)
