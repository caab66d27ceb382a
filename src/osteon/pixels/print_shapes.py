"""Cut print into the shapes of its letters, and rows of shapes into words.

Print is brought to one height. Its ink is what stands out from the ground by more than half as far
as its usual tone does, which holds over bone and beside it; connected ink is a shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

__all__ = ["ROWS", "Box", "Run", "cut_at_blanks", "find_runs", "whole_shape"]

Box = tuple[int, int, int, int]
"""First row, first column, end row, end column."""
ROWS = 40
"""Height that print is brought to."""
_MARGIN = (0.3, 4.0)  # above and below, left and right, in heights
_REACH = 3  # heights, around part of a letter
_OPENING = 0.5  # side of the square that no stroke fills, in heights
_LEAST_CONTRAST, _LEAST_SHARE = 12.0, 0.5  # of 255, of the contrast where it is usual
_TONE_WIDTH = 4.0  # of 255: how far tones are smoothed to find the usual one
_LEAST_AREA, _HEIGHTS = 0.006, (0.55, 1.4)  # shares of the height's square and of the height
_ABOVE = 0.5  # share of a width that two parts of one letter have in common
_RIM, _MOST_ALIKE = 6, 0.65  # pixels around a run, and the share that may have its tone
_WORD_GAP, _WIDE_GAP, _TIMES_USUAL = 0.34, 0.7, 1.8  # heights, heights, letter gaps


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Shapes side by side with a blank on either side.

    Parameters
    ----------
    inks
        Ink of each shape in [0, 1], at ``ROWS`` rows for the height of the print.
    box
        Around them, in pixels of the image.
    """

    inks: tuple[NDArray[np.float32], ...]
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """Print at ``ROWS`` rows: ink in [0, 1], where the box lies, and how to come back.

    ``is_of_its_tone`` marks the pixels of the print's tone, be they ink or as wide as ground.

    ``within`` is the box that whole words cannot leave: where the image goes on beyond the picture,
    a pixel above and below and a blank at either side.
    """

    ink: NDArray[np.float32]
    is_of_its_tone: NDArray[np.bool_]
    rows: tuple[int, int]
    columns: tuple[int, int]
    within: Box
    corner: tuple[int, int]
    scale: float

    def box(self, box: Box) -> Box:
        """Bring a box of the picture to pixels of the image."""
        row, column = self.corner
        low = (int(box[0] / self.scale) + row, int(box[1] / self.scale) + column)
        return *low, int(-(-box[2] // self.scale)) + row, int(-(-box[3] // self.scale)) + column


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """A connected shape of a letter's size: its box in the picture, and its ink."""

    box: Box
    ink: NDArray[np.float32]


def find_runs(image: NDArray[np.uint8], box: Box, is_light: bool) -> list[Run]:
    """Find the words in and near a box: rows of shapes that reach into it and stand alone.

    Parameters
    ----------
    image
        uint8 (rows, columns).
    box
        Around print; its height is taken for that of the letters.
    is_light
        Whether the print is lighter than what is around it.

    Returns
    -------
    list of Run
        From left to right, without those that are cut by the margin around the box or next to
        something of a letter's size that is no shape of the row.
    """
    picture = _picture(image, box, is_light)
    tall, other = _shapes(picture)
    runs = [[tall[place] for place in run] for run in cut_at_blanks([s.box for s in tall], ROWS)]
    return [
        Run(tuple(shape.ink for shape in run), picture.box(_around(run)))
        for run in runs
        if _stands_alone(_around(run), other, picture)
    ]


def whole_shape(image: NDArray[np.uint8], box: Box) -> Box:
    """Grow a box around part of a letter to the whole of it, as far as three heights away.

    The letter is what differs from the ground, the usual tone there, by more than half as much as
    anything in the box does.
    """
    reach = _REACH * (box[2] - box[0])
    row, column = max(box[0] - reach, 0), max(box[1] - reach, 0)
    part = image[row : box[2] + reach, column : box[3] + reach].astype(np.int16)
    away = np.abs(part - int(np.median(part)))
    own = (slice(box[0] - row, box[2] - row), slice(box[1] - column, box[3] - column))
    labels, _ = ndimage.label(away > 0.5 * away[own].max(), structure=np.ones((3, 3)))
    numbers = np.bincount(labels[own].ravel())[1:]
    if not numbers.any():
        return box
    rows, columns = ndimage.find_objects(labels)[int(numbers.argmax())]
    return rows.start + row, columns.start + column, rows.stop + row, columns.stop + column


def _picture(image: NDArray[np.uint8], box: Box, is_light: bool) -> _Picture:
    height = box[2] - box[0]
    down, across = (max(3, round(share * height)) for share in _MARGIN)
    row, column = max(box[0] - down, 0), max(box[1] - across, 0)
    part = image[row : box[2] + down, column : box[3] + across]
    scale = ROWS / height
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    how = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    grey = Image.fromarray(np.ascontiguousarray(part if is_light else 255 - part))
    tone = np.asarray(grey.resize(size, how), dtype=np.float32)
    rows = (round((box[0] - row) * scale), round((box[2] - row) * scale))
    columns = (round((box[1] - column) * scale), round((box[3] - column) * scale))
    goes_on = (
        row > 0,
        column > 0,
        box[2] + down < image.shape[0],
        box[3] + across < image.shape[1],
    )
    blank = round(_WORD_GAP * ROWS)
    rims = (1, blank, 1, blank)
    top, left, bottom, right = (side * rim for side, rim in zip(goes_on, rims, strict=True))
    within = (top, left, tone.shape[0] - bottom, tone.shape[1] - right)
    ink, is_of_its_tone = _ink(tone, rows, columns)
    return _Picture(ink, is_of_its_tone, rows, columns, within, (row, column), scale)


def _ink(
    tone: NDArray[np.float32], rows: tuple[int, int], columns: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Tell how near each pixel is to the tone of the print, between 0, the ground, and 1."""
    side = int(_OPENING * ROWS)
    ground = ndimage.grey_opening(tone, (side, side))
    strength = tone - ground
    where = (slice(*rows), slice(*columns))
    inner = strength[where]
    strong = inner > 0.5 * np.percentile(inner, 95)
    tones = np.bincount(np.clip(tone[where][strong], 0, 255).astype(int), minlength=256)
    usual = int(ndimage.gaussian_filter1d(tones.astype(float), _TONE_WIDTH).argmax())
    contrast = max(usual - float(np.median(ground[where])), _LEAST_CONTRAST)
    full = np.maximum(usual - ground, _LEAST_SHARE * contrast)
    ink = np.asarray(np.clip(strength / full, 0, 1), dtype=np.float32)
    return ink, np.abs(tone - usual) < 0.5 * contrast


def _shapes(picture: _Picture) -> tuple[list[_Shape], list[Box]]:
    """Give the shapes of the row, and what else of a letter's size reaches into it."""
    labels, _ = ndimage.label(picture.ink > 0.5, structure=np.ones((3, 3)))
    first, last = picture.rows
    shortest, tallest = (share * ROWS for share in _HEIGHTS)
    tall, other = [], []
    for box, numbers in _parts(labels, picture.rows):
        where = (slice(box[0], box[2]), slice(box[1], box[3]))
        shared = min(box[2], last) - max(box[0], first)
        height = box[2] - box[0]
        if shortest <= height < tallest and shared > 0.6 * height:
            own = ndimage.binary_dilation(np.isin(labels[where], numbers), iterations=2)
            tall.append(_Shape(box, picture.ink[where] * own))
        elif shared > 0.3 * ROWS:
            other.append(box)
    return tall, other


def _stands_alone(box: Box, other: list[Box], picture: _Picture) -> bool:
    """Whether a run lies where print was found, whole, and next to nothing of a letter's size."""
    first, last = picture.columns
    is_here = box[3] > first and box[1] < last
    is_whole = _union(box, picture.within) == picture.within
    gaps = (max(shape[1], box[1]) - min(shape[3], box[3]) for shape in other)
    is_apart = all(gap >= _WORD_GAP * ROWS for gap in gaps)
    return is_here and is_whole and is_apart and _is_on_ground(box, picture)


def _is_on_ground(box: Box, picture: _Picture) -> bool:
    """Whether another tone is around a run: not so for the gaps between letters and in them."""
    row, column = max(box[0] - _RIM, 0), max(box[1] - _RIM, 0)
    around = picture.is_of_its_tone[row : box[2] + _RIM, column : box[3] + _RIM]
    inside = picture.is_of_its_tone[box[0] : box[2], box[1] : box[3]]
    alike = np.count_nonzero(around) - np.count_nonzero(inside)
    return bool(alike < _MOST_ALIKE * (around.size - inside.size))


def _parts(labels: NDArray[np.int32], rows: tuple[int, int]) -> list[tuple[Box, list[int]]]:
    """Give shapes of some rows from left to right; what stands above one another is one (``i``)."""
    areas = np.bincount(labels.ravel())
    found: list[tuple[Box, list[int]]] = []
    boxes = []
    for number, (down, across) in enumerate(ndimage.find_objects(labels), start=1):
        shared = min(down.stop, rows[1]) - max(down.start, rows[0])
        is_here = shared > min(0.5 * (down.stop - down.start), 0.3 * ROWS)
        if is_here and areas[number] >= _LEAST_AREA * ROWS**2:
            boxes.append(((down.start, across.start, down.stop, across.stop), number))
    for box, number in sorted(boxes, key=lambda item: item[0][1]):
        if found:
            before, numbers = found[-1]
            shared = min(before[3], box[3]) - max(before[1], box[1])
            if shared > _ABOVE * min(before[3] - before[1], box[3] - box[1]):
                found[-1] = (_union(before, box), [*numbers, number])
                continue
        found.append((box, [number]))
    return found


def _union(first: Box, second: Box) -> Box:
    low = min(first[0], second[0]), min(first[1], second[1])
    return *low, max(first[2], second[2]), max(first[3], second[3])


def _around(shapes: Sequence[_Shape]) -> Box:
    box = shapes[0].box
    for shape in shapes[1:]:
        box = _union(box, shape.box)
    return box


def cut_at_blanks(boxes: Sequence[Box], height: float) -> list[list[int]]:
    """Cut a row of shapes into words at its blanks; gives the places of each word's shapes.

    A blank is a gap that is wide, and wider than those between letters.
    """
    words: list[list[int]] = [[0]] if boxes else []
    gaps = [here[1] - before[3] for before, here in pairwise(boxes)]
    usual = sorted(gaps)[(len(gaps) - 1) // 2] if gaps else 0
    for place, gap in enumerate(gaps, start=1):
        if gap > min(max(_WORD_GAP * height, _TIMES_USUAL * usual), _WIDE_GAP * height):
            words.append([])
        words[-1].append(place)
    return words
