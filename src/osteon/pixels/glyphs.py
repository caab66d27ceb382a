"""How letters look: templates drawn with Pillow's own font, and how well a shape fits one.

Each shape is brought to 16 x 16 pixels and compared by correlation with every letter and digit in
three weights. That tells print from bone; what print says is read from its letters' forms
(:mod:`osteon.pixels.listed_words`) or with the ``ocr`` extra (:mod:`osteon.pixels.text_reader`).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

__all__ = ["GlyphFit", "fit_glyphs"]

_SIDE = 16
_POINTS = 64
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&#%@?"
_BARS = frozenset("Il1ijtfJ")
_MOST_STRETCH = 1.6


@dataclass(frozen=True, slots=True, eq=False)
class GlyphFit:
    """Correlation in [-1, 1] of each of n shapes with the letter it is most like.

    ``is_bar`` marks shapes so slender that any edge would fit them.
    """

    scores: NDArray[np.float32]
    is_bar: NDArray[np.bool_]


@cache
def _templates() -> tuple[NDArray[np.float32], NDArray[np.str_], NDArray[np.float64]]:
    font = ImageFont.load_default(_POINTS)
    patches, letters, ratios = [], [], []
    for letter in _LETTERS:
        for weight in (0, 2, 4):
            picture = Image.new("L", (3 * _POINTS, 3 * _POINTS))
            ImageDraw.Draw(picture).text(
                (_POINTS, _POINTS), letter, fill=255, font=font, stroke_width=weight
            )
            ink = np.asarray(picture, dtype=np.float32)[_bounds(np.asarray(picture) > 127)]
            patches.append(_sampled(ink, np.array([[0, 0, *ink.shape]]))[0])
            letters.append(letter)
            ratios.append(ink.shape[1] / ink.shape[0])
    return _normed(np.stack(patches)), np.array(letters), np.array(ratios)


def _bounds(ink: NDArray[np.bool_]) -> tuple[slice, slice]:
    return ndimage.find_objects(ink.astype(np.int8))[0]  # type: ignore[no-any-return]


def fit_glyphs(strength: NDArray[np.float32], boxes: NDArray[np.intp]) -> GlyphFit:
    """Fit letters to shapes.

    Parameters
    ----------
    strength
        float32 (rows, columns): how much each pixel stands out, 0 where nothing does.
    boxes
        (n, 4): first row, first column, end row, end column of each shape.
    """
    if not len(boxes):
        none = np.zeros(0, dtype=np.float32)
        return GlyphFit(none, none.astype(bool))
    patches, letters, ratios = _templates()
    fit = _normed(_sampled(strength, boxes)) @ patches.T
    ratio = (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0])
    stretch = np.abs(np.log(ratio[:, None] / ratios[None, :]))
    fit[stretch > np.log(_MOST_STRETCH)] -= 1
    best = fit.argmax(axis=1)
    is_bar = np.isin(letters[best], list(_BARS)) | (ratio < 0.35)
    return GlyphFit(fit.max(axis=1), is_bar)


def _sampled(image: NDArray[np.float32], boxes: NDArray[np.intp]) -> NDArray[np.float32]:
    """Bring what lies in each box to 16 x 16 pixels; float32 (n, 256)."""
    steps = (np.arange(_SIDE) + 0.5) / _SIDE
    first, span = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    rows = first[:, :1] + steps * span[:, :1] - 0.5
    columns = first[:, 1:] + steps * span[:, 1:] - 0.5
    grid = np.broadcast_arrays(rows[:, :, None], columns[:, None, :])
    found = ndimage.map_coordinates(image, np.stack(grid), order=1, mode="nearest")
    return np.asarray(found, dtype=np.float32).reshape(len(boxes), -1)


def _normed(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = patches - patches.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-6), dtype=np.float32)
