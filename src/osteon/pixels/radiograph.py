"""The one picture: grey values of a film as training, inference and reading room see them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.errors import GeometryError

__all__ = ["Radiograph"]


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """A rendered film.

    Parameters
    ----------
    grey
        float32 of shape (rows, columns) in [0, 1]; 0 is black (air), 1 is white (bone, metal),
        whatever the file's photometric interpretation.
    pixel_spacing_mm
        (between rows, between columns) in mm; ``None`` when the file gives none or an
        impossible one.
    spacing_source
        Which attribute the spacing came from: ``pixel_spacing`` (calibrated, in the patient) or
        ``imager_pixel_spacing`` (at the detector, magnified); ``None`` without spacing.
    steps
        What was done from stored values to grey values, in order, for the record.
    """

    grey: NDArray[np.float32]
    pixel_spacing_mm: tuple[float, float] | None
    spacing_source: str | None
    steps: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.grey.ndim != 2 or self.grey.dtype != np.float32:
            raise GeometryError(
                f"a radiograph is float32 (rows, columns), got {self.grey.dtype} {self.grey.shape}"
            )
        if (self.pixel_spacing_mm is None) != (self.spacing_source is None):
            raise GeometryError("a spacing and its source come together")

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        rows, columns = self.grey.shape
        return rows, columns
