"""Find print on an image: burned-in names, dates and letters, light or dark, of many sizes.

Print is made of strokes that are narrow, sharp and of one tone, in shapes of one height side by
side. At each of four scales, what is narrower than nine pixels is cut out by a grey-level opening
(light print) and closing (dark print); connected shapes of a letter's size are joined to lines;
and a line counts by how sharp, even, aligned and letter-like its shapes are.

No optional library is needed. The search is deterministic.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from osteon.pixels.glyphs import fit_glyphs

__all__ = ["TextLine", "find_lines"]

_LEVELS = 4
_REACH = 4  # half the side of the opening's square, in pixels of the level
_LEAST_CONTRAST = 18.0  # of 255
_TIMES_AROUND = 2.2
_AROUND = 81
_HEIGHTS = (6, 34)
_MOST_SHAPES = 1500
_TALLEST = 0.15  # of the shorter side of the image
_LONE_FIT, _FIT_OF_BARS = 0.55, 0.4
# fitted to 240 films with planted print (osteon.phantom.planted_text) and to clean films
_WEIGHTS = np.array([-2.03, 2.63, 0.04, -7.15, -7.15, -3.29, 4.01, 3.85, 13.4, 2.27, -4.17])
_INTERCEPT = -6.74


@dataclass(frozen=True, slots=True)
class TextLine:
    """Shapes side by side that may be print.

    Parameters
    ----------
    boxes
        First row, first column, end row, end column of each shape, in pixels of the image.
    is_light
        Whether the print is lighter than what is around it.
    score
        Probability of print, in [0, 1].
    """

    boxes: tuple[tuple[int, int, int, int], ...]
    is_light: bool
    score: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Around all shapes: first row, first column, end row, end column."""
        rows = np.array(self.boxes)
        low, high = rows[:, :2].min(axis=0), rows[:, 2:].max(axis=0)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    @property
    def height(self) -> int:
        """Height of the largest shape, in pixels."""
        return max(box[2] - box[0] for box in self.boxes)


def find_lines(image: NDArray[np.uint8]) -> list[TextLine]:
    """Find lines of print.

    Parameters
    ----------
    image
        uint8 (rows, columns), the whole range of tones spread over 0 to 255.

    Returns
    -------
    list of TextLine
        Best first, with every score: the caller decides which are enough.
    """
    found: list[TextLine] = []
    tallest = _TALLEST * min(image.shape)
    for level in range(_LEVELS):
        if min(image.shape) < 3 * _HEIGHTS[0]:
            break
        for is_light in (True, False):
            lines = _lines_at(image, is_light, 2**level)
            found.extend(line for line in lines if line.height <= tallest)
        image = _halved(image)
    return _without_repeats(found)


def _halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    blocks = image[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """Connected shapes at one level: boxes (n, 4) and what was measured of each."""

    boxes: NDArray[np.intp]
    contrast: NDArray[np.float64]
    spread: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    fit: NDArray[np.float32]
    is_bar: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.boxes)


def _lines_at(image: NDArray[np.uint8], is_light: bool, scale: int) -> Iterator[TextLine]:
    shapes = _shapes(image if is_light else 255 - image)
    for members in _joined(shapes.boxes, shapes.contrast):
        if len(members) == 1 and shapes.fit[members[0]] < _LONE_FIT:
            continue
        order = members[np.argsort(shapes.boxes[members, 1])]
        boxes = tuple(tuple(int(edge) * scale for edge in box) for box in shapes.boxes[order])
        yield TextLine(boxes, is_light, _score(shapes, order))  # type: ignore[arg-type]


def _standing_out(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut out what is lighter than its surroundings and narrower than the opening's square."""
    return image - _swept(_swept(image, np.minimum), np.maximum)


def _swept(image: NDArray[np.uint8], extreme: np.ufunc) -> NDArray[np.uint8]:
    """Minimum or maximum over a square, by doubling shifts: a few passes whatever the side."""
    side = 2 * _REACH + 1
    for axis in (0, 1):
        padded = np.pad(image, [(_REACH, _REACH) if a == axis else (0, 0) for a in (0, 1)], "edge")
        moved, covered = np.moveaxis(padded, axis, 0), 1
        while covered < side:
            step = min(covered, side - covered)
            moved = extreme(moved[: len(moved) - step], moved[step:])
            covered += step
        image = np.moveaxis(moved, 0, axis)
    return np.ascontiguousarray(image)


def _shapes(image: NDArray[np.uint8]) -> _Shapes:
    strength = _standing_out(image)
    mask = strength > np.maximum(_LEAST_CONTRAST, _TIMES_AROUND * _mean_around(strength))
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    where = np.flatnonzero(labels)
    owner = labels.ravel()[where]
    area = np.bincount(owner, minlength=count + 1)
    contrast = _mean_of(strength.ravel()[where], owner, area)
    tone = image.ravel()[where].astype(np.float64)
    variance = _mean_of(tone**2, owner, area) - _mean_of(tone, owner, area) ** 2
    sharp = _mean_of(_steps(image, where), owner, area)
    boxes, numbers = _letter_sized(labels, area)
    if len(numbers) > _MOST_SHAPES:
        best = np.argsort(-contrast[numbers], kind="stable")[:_MOST_SHAPES]
        boxes, numbers = boxes[best], numbers[best]
    fit = fit_glyphs(strength.astype(np.float32), boxes)
    usual = np.maximum(contrast[numbers], 1)
    spread = np.sqrt(np.maximum(variance[numbers], 0)) / usual
    return _Shapes(boxes, usual, spread, sharp[numbers] / usual, fit.scores, fit.is_bar)


def _mean_around(strength: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean over a wide square around each pixel, taken on blocks of 4 x 4."""
    rows, columns = (-(-side // 4) * 4 for side in strength.shape)
    padding = [(0, rows - strength.shape[0]), (0, columns - strength.shape[1])]
    padded = np.pad(strength, padding, mode="edge")
    blocks = padded.reshape(rows // 4, 4, columns // 4, 4).mean(axis=(1, 3), dtype=np.float32)
    mean = ndimage.uniform_filter(blocks, _AROUND // 4, mode="nearest")
    wide = mean.repeat(4, axis=0).repeat(4, axis=1)
    return np.asarray(wide[: strength.shape[0], : strength.shape[1]])


def _mean_of(
    values: NDArray[np.generic], owner: NDArray[np.int32], area: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Mean of a value over each shape; index 0 is what belongs to none."""
    return np.bincount(owner, weights=values, minlength=len(area)) / np.maximum(area, 1)


def _steps(image: NDArray[np.uint8], where: NDArray[np.intp]) -> NDArray[np.int16]:
    """Steepest change of tone within two pixels of each of some pixels: large at print's edges."""
    rows, columns = np.unravel_index(where, image.shape)
    here = image.ravel()[where].astype(np.int16)
    largest = np.zeros(len(where), dtype=np.int16)
    for down, across in ((0, 2), (2, 0), (0, -2), (-2, 0)):
        near = image[
            np.clip(rows + down, 0, image.shape[0] - 1),
            np.clip(columns + across, 0, image.shape[1] - 1),
        ]
        largest = np.maximum(largest, np.abs(here - near))
    return largest


def _letter_sized(
    labels: NDArray[np.int32], area: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Boxes and numbers of the shapes that have a letter's size and share of ink."""
    numbers = np.flatnonzero(area > _HEIGHTS[0])
    numbers = numbers[numbers > 0]
    found = ndimage.find_objects(labels)
    boxes = np.array(
        [(a.start, b.start, a.stop, b.stop) for a, b in (found[n - 1] for n in numbers)],
        dtype=np.intp,
    ).reshape(-1, 4)
    height, width = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    fill = area[numbers] / np.maximum(height * width, 1)
    good = (height >= _HEIGHTS[0]) & (height <= _HEIGHTS[1])
    good &= (width <= 12 * height) & (height <= 12 * width) & (fill > 0.12)
    return boxes[good], numbers[good]


def _joined(boxes: NDArray[np.intp], contrast: NDArray[np.float64]) -> Iterator[NDArray[np.intp]]:
    """Group shapes that stand side by side, of one size and tone."""
    if not len(boxes):
        return
    top, left, bottom, right = boxes.T
    height = bottom - top
    shared = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    small = np.minimum(height[:, None], height)
    large = np.maximum(height[:, None], height)
    gap = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    tone = np.minimum(contrast[:, None], contrast) / np.maximum(contrast[:, None], contrast)
    beside = (shared > 0.6 * small) & (large < 2.1 * small) & (tone > 0.55)
    beside &= (gap < 1.1 * large) & (gap > -0.3 * small)
    _, group = connected_components(csr_array(beside), directed=False)
    order = np.argsort(group, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _score(shapes: _Shapes, members: NDArray[np.intp]) -> float:
    """Probability that a line is print, by a logistic model of how its shapes look."""
    boxes = shapes.boxes[members]
    tall = boxes[:, 2] - boxes[:, 0]
    height = float(tall.max())
    letters = members[~shapes.is_bar[members]]
    fit = float(shapes.fit[letters].mean()) if len(letters) else _FIT_OF_BARS
    contrast = shapes.contrast[members]
    uneven = float(min(shapes.spread[members].mean(), 1.5))
    many = float(np.log(len(members)))
    looks = np.array([
        fit,
        min(shapes.sharpness[members].mean(), 1.2),
        uneven,
        min(boxes[:, 2].std() / height, 0.5),
        min(boxes[:, 0].std() / height, 0.5),
        min(tall.std() / height, 0.5),
        many,
        contrast.std() / contrast.mean(),
        contrast.mean() / 255,
        fit * many,
        uneven * many,
    ])  # fmt: skip
    return float(1 / (1 + np.exp(-(looks @ _WEIGHTS + _INTERCEPT))))


def _without_repeats(lines: list[TextLine]) -> list[TextLine]:
    """Keep the better of two lines that cover one another (two scales see the same print)."""
    kept: list[TextLine] = []
    for line in sorted(lines, key=lambda item: (-item.score, item.box)):
        if not any(_covers(other.box, line.box) for other in kept):
            kept.append(line)
    return kept


def _covers(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    rows = min(outer[2], inner[2]) - max(outer[0], inner[0])
    columns = min(outer[3], inner[3]) - max(outer[1], inner[1])
    area = (inner[2] - inner[0]) * (inner[3] - inner[1])
    return rows > 0 and columns > 0 and rows * columns > 0.7 * area
