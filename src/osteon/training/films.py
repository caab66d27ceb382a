"""Pictures in memory at the size a training needs, as 16-bit integers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.core.progress import track
from osteon.core.schemas import BOX_COLUMNS
from osteon.models.hip_size import hip_size_mm
from osteon.pixels.field import cut_to_field
from osteon.pixels.resample import fit_within, resample_region
from osteon.training.subsets import PixelLoader

__all__ = ["Film", "Hip", "hip_sizes_mm", "load_films", "load_hips"]

_WHITE = 65535
_FILM_OVER_NETWORK = 2.0  # films are kept at this multiple of the network's size, for windows
_PATCH_MARGIN = 1.6  # a patch holds the reference box grown by this: scales, wiggles, turns
_PATCH_OVER_NETWORK = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film, uint16 (rows, columns), and its left and right hip in its pixels."""

    content_hash: str
    values: NDArray[np.uint16]
    boxes: tuple[Box | None, Box | None]

    @property
    def grey(self) -> NDArray[np.float32]:
        """float32 in [0, 1]."""
        return self.values.astype(np.float32) / np.float32(_WHITE)

    def within_field(self) -> "Film":
        """Give the film cut to its exposed field, as the detector is shown it in a reading."""
        inside, (left, top) = cut_to_field(self.grey)
        rows, columns = inside.shape
        values = self.values[top : top + rows, left : left + columns]
        boxes = tuple(None if box is None else box.shifted(-left, -top) for box in self.boxes)
        return Film(self.content_hash, values, (boxes[0], boxes[1]))


@dataclass(frozen=True, slots=True, eq=False)
class Hip:
    """The part of a film around one hip, uint16, and the reference box in its pixels."""

    case_id: str
    values: NDArray[np.uint16]
    box: Box
    laterality: Laterality
    label: str

    @property
    def grey(self) -> NDArray[np.float32]:
        """float32 in [0, 1]."""
        return self.values.astype(np.float32) / np.float32(_WHITE)


def load_films(cases: pd.DataFrame, loader: PixelLoader, size_px: int) -> list[Film]:
    """Load every film of the cases once, in the order of their hashes."""
    groups = list(cases.groupby("content_hash", sort=True))
    films = []
    for content_hash, group in track(groups, "reading films"):
        grey, factor = loader.load(str(content_hash))
        small, reduction = fit_within(grey, round(_FILM_OVER_NETWORK * size_px))
        boxes = {side: box.scaled(factor * reduction) for side, box in _boxes(group)}
        pair = (boxes.get(Laterality.LEFT), boxes.get(Laterality.RIGHT))
        films.append(Film(str(content_hash), _packed(small), pair))
    return films


def load_hips(
    cases: pd.DataFrame, loader: PixelLoader, size_px: int, box_growth: float = 1.0
) -> list[Hip]:
    """Load the patch around every hip of the cases; the order is that of their films.

    Patches hold what crops of ``size_px`` pixels, boxes scaled by ``box_growth``, can show.
    """
    groups = list(cases.groupby("content_hash", sort=True))
    hips = []
    for content_hash, group in track(groups, "reading films"):
        grey, factor = loader.load(str(content_hash))
        for (side, box), row in zip(_boxes(group), group.itertuples(index=False), strict=True):
            patch, placed = _patch(grey, box.scaled(factor), size_px, box_growth)
            hips.append(Hip(str(row.case_id), patch, placed, side, str(row.label)))
    return hips


def hip_sizes_mm(cases: pd.DataFrame, loader: PixelLoader) -> list[float]:
    """Measure the hips of the films that tell their pixel spacing."""
    sizes = []
    for content_hash, group in cases.groupby("content_hash", sort=True):
        spacing = loader.pixel_spacing_mm(str(content_hash))
        if spacing is not None:
            sizes += [hip_size_mm(box, spacing) for _, box in _boxes(group)]
    return sizes


def _boxes(group: pd.DataFrame) -> list[tuple[Laterality, Box]]:
    corners = group[list(BOX_COLUMNS)].astype(float).to_numpy()
    sides = [Laterality(str(value)) for value in group["laterality"]]
    return [(side, Box(*map(float, row))) for side, row in zip(sides, corners, strict=True)]


def _patch(
    grey: NDArray[np.float32], box: Box, size_px: int, box_growth: float
) -> tuple[NDArray[np.uint16], Box]:
    shown = box.squared().grown(box_growth)
    region = shown.grown(_PATCH_MARGIN)
    density = min(1.0, _PATCH_OVER_NETWORK * size_px / shown.width)
    side = max(round(region.width * density), 1)
    patch = resample_region(grey, region.as_tuple(), (side, side))
    placed = box.shifted(-region.x_min, -region.y_min).scaled(side / region.width)
    return _packed(patch), placed


def _packed(grey: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.rint(grey * _WHITE).astype(np.uint16)
