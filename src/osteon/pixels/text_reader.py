"""Read print with the ``ocr`` extra: PP-OCR networks that come inside the RapidOCR package.

The networks are files of the installed package (Apache-2.0); nothing is fetched and nothing leaves
the machine. One thread is used, because films are shared out over processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from osteon.core.optional import is_installed, require

__all__ = ["Read", "TextReader", "reader_is_installed", "text_reader"]

_PACKAGE = "rapidocr_onnxruntime"
_LONGEST_SIDE = 1280
_LEAST_ROWS = 32
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, and how sure, in [0, 1]."""

    text: str
    confidence: float


def reader_is_installed() -> bool:
    """Whether the ``ocr`` extra is there."""
    return is_installed(_PACKAGE)


@cache
def text_reader() -> "TextReader":
    """Make the reader of this process, once.

    Raises
    ------
    MissingExtraError
        If the ``ocr`` extra is not installed.
    """
    module = require(_PACKAGE, purpose="reading burned-in text")
    return TextReader(module.RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1))


class TextReader:
    """Find and read lines of print; ``engine`` is a ``RapidOCR``."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def read(self, crops: Sequence[NDArray[np.uint8]]) -> list[Read]:
        """Read pictures of one line each, uint8 (rows, columns)."""
        if not crops:
            return []
        pictures = [_in_colour(_tall_enough(crop)) for crop in crops]
        found, _ = self._engine.text_rec(pictures)
        return [Read(str(item[0]), float(item[1])) for item in found]

    def detect(self, image: NDArray[np.uint8]) -> list[Box]:
        """Find upright boxes around print: first row, first column, end row, end column."""
        scale = min(1.0, _LONGEST_SIDE / max(image.shape))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
        corners, _ = self._engine.text_det(_in_colour(small))
        boxes = []
        for corner in [] if corners is None else corners:
            low, high = np.min(corner, axis=0) / scale, np.max(corner, axis=0) / scale
            rows = np.clip([low[1], high[1]], 0, image.shape[0]).astype(int)
            columns = np.clip([low[0], high[0]], 0, image.shape[1]).astype(int)
            boxes.append((int(rows[0]), int(columns[0]), int(rows[1]), int(columns[1])))
        return [box for box in boxes if box[2] > box[0] and box[3] > box[1]]


def _tall_enough(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if crop.shape[0] >= _LEAST_ROWS:
        return crop
    size = (max(1, round(crop.shape[1] * _LEAST_ROWS / crop.shape[0])), _LEAST_ROWS)
    return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BICUBIC))


def _in_colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.repeat(image[:, :, None], 3, axis=2))
