"""Letters burned into a film: lead markers, and words written over the picture.

Letters are white, of one grey, thin, of a letter's size, and darker around; bones and implants are
larger or fade at their edges. Letters in a row are words; one or two alone are a side marker. What
they say is not read.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Overprint", "find_overprint"]

_WHITE: Final = 0.97  # of the film's lightest grey
_HEIGHTS: Final = (0.008, 0.08)  # a letter's, as shares of the longer side
_FILLS: Final = (0.12, 0.85)  # white share of the letter's box
_DARKER: Final = 0.2  # what lies around is darker by this much grey
_LETTERS_IN_A_WORD: Final = 3


@dataclass(frozen=True, slots=True)
class Overprint:
    """Letters on a film, and how many of them stand in words of three or more."""

    letters: int
    in_words: int


def find_overprint(grey: NDArray[np.float32]) -> Overprint:
    """Count the letters burned into a film.

    Parameters
    ----------
    grey
        float32 (rows, columns), white for dense, in [0, 1].
    """
    side = max(grey.shape)
    is_white = grey >= _WHITE * float(grey.max(initial=0))
    labels, count = ndimage.label(is_white, structure=np.ones((3, 3)))
    boxes = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        lowest, highest = max(_HEIGHTS[0] * side, 5), _HEIGHTS[1] * side
        if not (lowest <= height <= highest and width <= 2.5 * height and height <= 9 * width):
            continue
        own = labels[rows, columns] == number
        is_letter = _FILLS[0] <= own.mean() <= _FILLS[1] or width <= 0.35 * height
        if is_letter and _stands_out(grey, rows, columns, own):
            boxes.append((rows.start, rows.stop, columns.start, columns.stop))
    return Overprint(len(boxes), _in_words(boxes)) if count else Overprint(0, 0)


def _stands_out(
    grey: NDArray[np.float32], rows: slice, columns: slice, own: NDArray[np.bool_]
) -> bool:
    """Whether most of what surrounds the letter (but for its neighbours) is darker."""
    margin = 2
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    part = grey[top : rows.stop + margin, left : columns.stop + margin]
    letter = np.zeros(part.shape, np.bool_)
    letter[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = own
    around = part[~ndimage.binary_dilation(letter, iterations=1)]
    return bool(around.size and np.quantile(around, 0.7) < float(part[letter].mean()) - _DARKER)


def _in_words(boxes: list[tuple[int, int, int, int]]) -> int:
    """Letters that stand in a row of three or more, of one height, close together."""
    boxes = sorted(boxes, key=lambda box: box[2])
    row_of: list[int] = []
    ends: list[tuple[int, int, int]] = []  # of each row: top, bottom, right end
    for top, bottom, left, right in boxes:
        height = bottom - top
        for row, (row_top, row_bottom, end) in enumerate(ends):
            middle = abs((top + bottom) - (row_top + row_bottom)) / 2
            is_alike = 0.6 <= height / (row_bottom - row_top) <= 1.7
            if is_alike and middle < 0.4 * height and left - end < 1.5 * height:
                row_of.append(row)
                ends[row] = (top, bottom, right)
                break
        else:
            row_of.append(len(ends))
            ends.append((top, bottom, right))
    sizes = np.bincount(row_of, minlength=1) if row_of else np.zeros(1, np.int64)
    return int(sizes[sizes >= _LETTERS_IN_A_WORD].sum())
