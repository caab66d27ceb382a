"""What people draw: boxes, outlines and masks, and the box that each becomes.

Pixel column c covers [c, c + 1). An outline's box is the extent of its points; a mask's box goes
from its first pixel to behind its last.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.draw import polygon2mask

__all__ = [
    "Corners",
    "Points",
    "RunLengths",
    "Shape",
    "box_with_corners",
    "box_with_size",
    "circle",
    "ellipse",
    "extent",
    "faulty",
    "label_pixels",
    "mask",
    "outlines",
]

Corners = tuple[float, float, float, float]
Points = NDArray[np.float64]
Unit = Literal["pixel", "fraction", "mm"]
_MAX_PIXELS = 2**28


@dataclass(frozen=True, slots=True)
class RunLengths:
    """A mask of (rows, columns) as COCO counts it: runs of 0 and 1 in turn, down the columns.

    Raises
    ------
    ValueError
        If the runs do not fill the image, or it has more than 2^28 pixels.
    """

    rows: int
    columns: int
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 < self.rows * self.columns <= _MAX_PIXELS:
            raise ValueError(f"a mask of {self.rows} x {self.columns} pixels")
        if min(self.counts, default=0) < 0 or sum(self.counts) != self.rows * self.columns:
            raise ValueError(f"runs do not fill {self.rows} x {self.columns} pixels")

    @classmethod
    def from_array(cls, array: ArrayLike) -> "RunLengths":
        """Count the runs of a mask, bool (rows, columns).

        Examples
        --------
        >>> RunLengths.from_array([[False, True], [False, True]]).counts
        (2, 2)
        """
        pixels = np.asarray(array, dtype=np.bool_)
        flat = np.concatenate([[False], pixels.ravel(order="F")])
        edges = np.flatnonzero(np.diff(flat.astype(np.int8))).tolist()
        bounds = [0, *edges, pixels.size]
        counts = tuple(int(n) for n in np.diff(bounds))
        return cls(pixels.shape[0], pixels.shape[1], counts)

    @classmethod
    def from_coco(cls, value: Any) -> "RunLengths":
        """Read ``{"size": [rows, columns], "counts": runs}``; runs as numbers or COCO's text."""
        rows, columns = (int(side) for side in value["size"])
        counts = value["counts"]
        runs = _uncompressed(counts) if isinstance(counts, str) else [int(n) for n in counts]
        return cls(rows, columns, tuple(runs))

    def to_array(self) -> NDArray[np.bool_]:
        """Give the mask, bool (rows, columns)."""
        values = np.arange(len(self.counts)) % 2 == 1
        return np.repeat(values, self.counts).reshape((self.rows, self.columns), order="F")


def _uncompressed(text: str) -> list[int]:
    """COCO's text: six bits a character from '0' on, each run from the fourth on a difference."""
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise ValueError(f"{character!r} is no character of compressed runs")
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    return counts


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Where something is, or the fault why that cannot be told.

    Parameters
    ----------
    corners
        x_min, y_min, x_max, y_max; ``None`` with a fault, and in mm.
    unit
        ``pixel``; ``fraction`` of the image's width and height; ``mm`` in the patient's LPS axes,
        where only outlines are given.
    outlines
        Closed polygons, each (n, 2), or (n, 3) in mm.
    mask
        The pixels, where the format gives them.
    fault
        Reason and detail.
    """

    corners: Corners | None = None
    unit: Unit = "pixel"
    outlines: tuple[Points, ...] = ()
    mask: RunLengths | None = None
    fault: tuple[str, str] | None = field(default=None)

    @property
    def segmentation(self) -> str:
        """The outlines or the mask as the JSON of COCO's ``segmentation``; empty without them."""
        if self.mask is not None:
            size = [self.mask.rows, self.mask.columns]
            return json.dumps({"size": size, "counts": list(self.mask.counts)})
        if self.outlines:
            return json.dumps([points.ravel().tolist() for points in self.outlines])
        return ""


def faulty(reason: str, detail: str) -> Shape:
    """Make the shape that says why there is none."""
    return Shape(fault=(reason, detail))


def _numbers(values: Sequence[Any], count: int | None = None) -> list[float] | None:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        return None
    is_good = all(map(math.isfinite, numbers)) and len(numbers) == (count or len(numbers))
    return numbers if is_good else None


def box_with_corners(values: Sequence[Any], unit: Unit = "pixel") -> Shape:
    """Make a box of x_min, y_min, x_max, y_max."""
    numbers = _numbers(values, 4)
    if numbers is None:
        return faulty("box_unreadable", f"corners {list(values)} are not four numbers")
    return Shape((numbers[0], numbers[1], numbers[2], numbers[3]), unit)


def box_with_size(values: Sequence[Any]) -> Shape:
    """Make a box of x, y, width, height."""
    numbers = _numbers(values, 4)
    if numbers is None:
        return faulty("box_unreadable", f"x, y, width, height {list(values)} are not four numbers")
    x, y, width, height = numbers
    return Shape((x, y, x + width, y + height))


def circle(x: Any, y: Any, radius: Any) -> Shape:
    """Make the box of a circle."""
    return ellipse(x, y, radius, radius)


def ellipse(x: Any, y: Any, radius_x: Any, radius_y: Any, turn_rad: Any = 0.0) -> Shape:
    """Make the box of an ellipse whose first axis is turned by ``turn_rad`` from the rows."""
    numbers = _numbers([x, y, radius_x, radius_y, turn_rad], 5)
    if numbers is None:
        return faulty("box_unreadable", f"the ellipse {[x, y, radius_x, radius_y]} is not numbers")
    x, y, first, second, turn = numbers
    half_x = math.hypot(first * math.cos(turn), second * math.sin(turn))
    half_y = math.hypot(first * math.sin(turn), second * math.cos(turn))
    return Shape((x - half_x, y - half_y, x + half_x, y + half_y))


def outlines(flat: Sequence[Sequence[Any]], unit: Unit = "pixel") -> Shape:
    """Make the shape of polygons, each a flat list x, y, x, y (x, y, z in mm)."""
    width = 3 if unit == "mm" else 2
    arrays = []
    for values in flat:
        numbers = _numbers(values)
        if numbers is None or len(numbers) % width or len(numbers) < 3 * width:
            return faulty("shape_unreadable", "an outline is not three or more points")
        arrays.append(np.asarray(numbers).reshape(-1, width))
    if not arrays:
        return faulty("shape_unreadable", "a region without an outline")
    corners = None if unit == "mm" else extent(arrays)
    return Shape(corners, unit, tuple(arrays))


def extent(arrays: Sequence[Points]) -> Corners:
    """Give the least and greatest x and y of points (n, 2)."""
    points = np.concatenate(arrays)
    (x_min, y_min), (x_max, y_max) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x_min, y_min, x_max, y_max


def mask(runs: RunLengths) -> Shape:
    """Make the shape of a mask."""
    rows, columns = np.nonzero(runs.to_array())
    if rows.size == 0:
        return faulty("mask_empty", "no pixel of the mask is set")
    corners = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    x_min, y_min, x_max, y_max = (float(side) for side in corners)
    return Shape((x_min, y_min, x_max, y_max), mask=runs)


def label_pixels(corners: Corners, segmentation: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Give the pixels of a label, bool (rows, columns): its mask, outlines, else its box.

    A pixel belongs to a box or an outline when its middle lies in it.

    Parameters
    ----------
    corners
        The box.
    segmentation
        As in :attr:`Shape.segmentation`; empty without one.
    shape
        Rows and columns of the image.
    """
    value = json.loads(segmentation) if segmentation else None
    if isinstance(value, dict):
        return RunLengths.from_coco(value).to_array()
    x_min, y_min, x_max, y_max = corners
    pixels = np.zeros(shape, dtype=np.bool_)
    for flat in value or ():
        points = np.reshape(flat, (-1, 2))[:, ::-1] - 0.5  # rows and columns of pixels' middles
        pixels |= polygon2mask(shape, points)  # type: ignore[no-untyped-call]
    if value:
        return pixels
    rows = slice(math.ceil(y_min - 0.5), math.ceil(y_max - 0.5))
    pixels[rows, math.ceil(x_min - 0.5) : math.ceil(x_max - 0.5)] = True
    return pixels
