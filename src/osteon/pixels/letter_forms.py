"""How letters look in the open fonts that come with the libraries, and what a shape is most like.

Every letter and digit is drawn in fifteen fonts, plain and bold, and coarsely, as small print and
pixel fonts show it. Drawing and shape are brought to one square and compared by their ink and by
the directions of their edges (histograms of oriented gradients: Dalal and Triggs, CVPR 2005, doi
10.1109/CVPR.2005.177). A shape's likeness to a letter is that to the nearest drawing of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

__all__ = ["CLASSES", "class_of", "likeness"]

_FACES = (
    "", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSansMono",
    "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "cmss10", "STIXGeneral", "STIXGeneralBol",
    "STIXGeneralItalic",
)  # fmt: skip
_POINTS = 32
_BOLD_PX, _COARSE_ROWS = 2, 7
_SIDE, _RIM, _CELL, _DIRECTIONS = 24, 4, 4, 8
_STRETCH_COST = 0.25
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ALIKE = str.maketrans("0ocs5vwxzkpul1y", "OOCSSVWXZKPUIIY")  # but for their size


def class_of(letter: str) -> str:
    """Name the class of a letter: small and large ones that differ by size alone share one.

    Examples
    --------
    >>> [class_of(letter) for letter in "Rrp0"]
    ['R', 'r', 'P', 'O']
    """
    return letter.translate(_ALIKE)


CLASSES = tuple(sorted({class_of(letter) for letter in _LETTERS}))
"""All classes, in the order of the columns of :func:`likeness`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Forms:
    """Drawings, sorted by class: features (n, f), logarithm of width by height, first of each."""

    features: NDArray[np.float32]
    stretch: NDArray[np.float32]
    starts: NDArray[np.intp]


def likeness(shapes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Tell how like each letter some shapes are.

    Parameters
    ----------
    shapes
        Ink in [0, 1] within the box around each shape, (rows, columns).

    Returns
    -------
    ndarray
        float32 (n, classes), at most 1: mean cosine of ink and edges, less a quarter of the
        difference in the logarithm of width by height.
    """
    if not shapes:
        return np.zeros((0, len(CLASSES)), dtype=np.float32)
    forms = _forms()
    found = _features(np.stack([_squared(shape) for shape in shapes])) @ forms.features.T
    found -= _STRETCH_COST * np.abs(_stretch(shapes)[:, None] - forms.stretch)
    return np.asarray(np.maximum.reduceat(found, forms.starts, axis=1), dtype=np.float32)


@cache
def _forms() -> _Forms:
    fonts = [_font(face) for face in _FACES]
    shapes: list[NDArray[np.float32]] = []
    starts = []
    for name in CLASSES:
        starts.append(len(shapes))
        for letter in _LETTERS:
            if class_of(letter) == name:
                shapes += [shape for font in fonts for shape in _drawings(letter, font)]
    patches = np.stack([_squared(shape) for shape in shapes])
    return _Forms(_features(patches), _stretch(shapes), np.array(starts))


def _font(face: str) -> ImageFont.FreeTypeFont:
    if face:
        package = find_spec("matplotlib")
        home = Path(package.origin).parent if package and package.origin else Path()
        return ImageFont.truetype(home / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf", _POINTS)
    font = ImageFont.load_default(_POINTS)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, wanted its scalable default font")
    return font


def _drawings(letter: str, font: ImageFont.FreeTypeFont) -> Iterator[NDArray[np.float32]]:
    """Draw a letter plain, bold, and in few pixels, grey and black on white."""
    plain, bold = (_drawn(letter, font, weight) for weight in (0, _BOLD_PX))
    yield plain
    yield bold
    coarse = _coarse(plain)
    yield coarse
    for small in (coarse, _coarse(bold)):
        pixels = (small > 0.5 * small.max()).astype(np.float32)
        yield np.kron(pixels, np.ones((_CELL, _CELL), dtype=np.float32))


def _drawn(letter: str, font: ImageFont.FreeTypeFont, weight: int) -> NDArray[np.float32]:
    picture = Image.new("L", (3 * _POINTS, 3 * _POINTS))
    ImageDraw.Draw(picture).text(
        (_POINTS, _POINTS), letter, fill=255, font=font, stroke_width=weight
    )
    return _shares(picture.crop(picture.getbbox()))


def _coarse(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    columns = max(1, round(_COARSE_ROWS * ink.shape[1] / ink.shape[0]))
    return _resized(ink, (columns, _COARSE_ROWS), Image.Resampling.BOX)


def _squared(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    return _resized(ink, (_SIDE, _SIDE), Image.Resampling.BILINEAR)


def _resized(
    ink: NDArray[np.float32], size: tuple[int, int], how: Image.Resampling
) -> NDArray[np.float32]:
    picture = Image.fromarray((ink * 255).astype(np.uint8)).resize(size, how)
    return _shares(picture)


def _shares(picture: Image.Image) -> NDArray[np.float32]:
    return np.asarray(picture, dtype=np.float32) / np.float32(255)


def _stretch(shapes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.log(np.array([shape.shape[1] / shape.shape[0] for shape in shapes], np.float32))


def _features(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """Edges by direction and ink, each on a coarse grid, together of length one; (n, f)."""
    rim = (_RIM, _RIM)
    padded = np.pad(patches, ((0, 0), rim, rim))
    smooth = ndimage.gaussian_filter(padded, (0, 0.8, 0.8))
    down, across = np.gradient(smooth, axis=(1, 2))
    size = np.hypot(down, across) * np.float32(np.cos(2 * np.pi / _DIRECTIONS))
    side = padded.shape[1] // _CELL
    cells = np.empty((_DIRECTIONS, len(patches), side, side), dtype=np.float32)
    for number, angle in enumerate(2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS):
        towards = np.float32(np.sin(angle)) * down + np.float32(np.cos(angle)) * across
        edges = np.maximum(towards - size, 0)
        cells[number] = edges.reshape(len(patches), side, _CELL, side, _CELL).mean(axis=(2, 4))
    for axis in (2, 3):
        cells = ndimage.correlate1d(cells, (0.25, 0.5, 0.25), axis=axis, mode="constant")
    cells = np.moveaxis(cells, 0, 1)
    ink = ndimage.gaussian_filter(padded, (0, 1.2, 1.2))[:, _RIM - 1 : 1 - _RIM : 2]
    ink = ink[:, :, _RIM - 1 : 1 - _RIM : 2].reshape(len(patches), -1)
    parts = [
        np.sqrt(cells.reshape(len(patches), -1)),
        ink - ink.mean(axis=1, keepdims=True),
    ]
    lengths = [np.linalg.norm(part, axis=1, keepdims=True) + 1e-6 for part in parts]
    both = [part / length for part, length in zip(parts, lengths, strict=True)]
    return np.asarray(np.concatenate(both, axis=1) / np.sqrt(2), dtype=np.float32)
