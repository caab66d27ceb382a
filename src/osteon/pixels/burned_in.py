"""Which print on an image goes and which stays.

Print that was found goes, unless every letter of a word is read and the word is on the list of
those that stay: side letters, views, positions. What cannot be read goes. A lone shape that is no
sure letter is bone or metal, and stays.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from osteon.pixels.text import TextLine, find_lines
from osteon.pixels.text_reader import Read, TextReader

__all__ = ["Print", "judge_print", "spread_tones"]

Box = tuple[int, int, int, int]
_SURE = {1: 0.86, 2: 0.80}
_SURE_OF_MANY = 0.72
_WORTH_READING, _MOST_READ = 0.5, 60
_READ_WELL, _READ_LETTER = 0.75, 0.85
_NEAR_HEIGHTS, _WORD_GAP = 2.0, 0.42
_NEIGHBOUR = 0.5


@dataclass(frozen=True, slots=True)
class Print:
    """Print on an image.

    Parameters
    ----------
    box
        First row, first column, end row, end column, in pixels.
    is_kept
        Whether it may stay.
    reason
        ``word_on_list``, ``not_on_list``, ``not_readable`` or ``beside_print``.
    text
        What was read, as far as it was; may identify a person.
    """

    box: Box
    is_kept: bool
    reason: str
    text: str


def spread_tones(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Bring an image of any tones to 0 to 255; the thousandth at either end is cut.

    Colour is brought to grey. Parameters and result are (rows, columns), the former perhaps with
    channels behind.
    """
    grey = pixels.astype(np.float32)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    low, high = np.percentile(grey[::3, ::3], [0.1, 99.9])
    if high <= low:
        low, high = float(grey.min()), float(grey.max())
    scaled = (grey - low) * (255 / max(high - low, 1e-6))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def judge_print(
    image: NDArray[np.uint8], kept_words: frozenset[str], reader: TextReader | None
) -> list[Print]:
    """Find print and decide what stays.

    Parameters
    ----------
    image
        uint8 (rows, columns), as :func:`spread_tones` gives it.
    kept_words
        Words that stay, upper case.
    reader
        Reads print; ``None`` for the letter templates alone, which know single letters only.
    """
    lines = find_lines(image)
    reads = _reads(image, lines, reader)
    sure = [line for line in lines if _is_sure(line, reads.get(line.box))]
    words = [word for line in sure for word in _words(line)]
    words += _beside(sure, lines)
    judged = [
        _judged(word, read, kept_words)
        for word, read in zip(words, _word_reads(image, words, reader), strict=True)
    ]
    found = {item.box: item for item in judged}
    if reader is not None:
        for item in _detected(image, reader, kept_words):
            if not any(_overlap(item.box, other) > 0.5 for other in found):
                found[item.box] = item
    return _without_contradictions(found.values())


def _reads(
    image: NDArray[np.uint8], lines: list[TextLine], reader: TextReader | None
) -> dict[Box, Read]:
    if reader is None:
        return {}
    worth = [line for line in lines if line.score >= _WORTH_READING][:_MOST_READ]
    texts = reader.read([_crop(image, line.box, line.is_light) for line in worth])
    return {line.box: read for line, read in zip(worth, texts, strict=True)}


def _is_sure(line: TextLine, read: Read | None) -> bool:
    """Whether shapes are print: by their looks alone, or by being read well."""
    if line.score >= _SURE.get(len(line.boxes), _SURE_OF_MANY):
        return True
    if read is None:
        return False
    letters = len(re.sub(r"[\W_]", "", read.text))
    wanted = _READ_LETTER if letters == 1 else _READ_WELL
    is_letter_like = line.score >= 0.72 if letters == 1 else True
    return letters > 0 and read.confidence >= wanted and is_letter_like


def _words(line: TextLine) -> list[TextLine]:
    """Cut a line at its blanks."""
    words: list[list[int]] = [[0]]
    for place in range(1, len(line.boxes)):
        before, here = line.boxes[place - 1], line.boxes[place]
        if here[1] - before[3] > _WORD_GAP * line.height:
            words.append([])
        words[-1].append(place)
    return [
        replace(
            line,
            boxes=tuple(line.boxes[place] for place in word),
            letters="".join(line.letters[place] for place in word),
        )
        for word in words
    ]


def _beside(sure: list[TextLine], lines: list[TextLine]) -> list[TextLine]:
    """Find shapes of a letter's size on the line of sure print, close to it."""
    return [
        other
        for other in lines
        if other not in sure
        and other.score >= _NEIGHBOUR
        and any(_is_beside(line, other) for line in sure if len(line.boxes) > 1)
    ]


def _is_beside(line: TextLine, other: TextLine) -> bool:
    first, second = line.box, other.box
    shared = min(first[2], second[2]) - max(first[0], second[0])
    gap = max(first[1], second[1]) - min(first[3], second[3])
    small, large = sorted((line.height, other.height))
    return shared > 0.6 * small and gap < _NEAR_HEIGHTS * line.height and large < 2 * small


def _word_reads(
    image: NDArray[np.uint8], words: list[TextLine], reader: TextReader | None
) -> list[Read | None]:
    if reader is None:
        return [None] * len(words)
    return list(reader.read([_crop(image, word.box, word.is_light) for word in words]))


def _judged(word: TextLine, read: Read | None, kept_words: frozenset[str]) -> Print:
    text = (read.text if read is not None else word.letters).strip()
    is_listed = _plain(text) in kept_words
    is_read = read is None or read.confidence >= _READ_WELL
    by_shape = len(word.boxes) == 1 and word.letters in ("L", "R") and word.letters in kept_words
    if by_shape and (read is None or not _plain(text) or not is_read):
        return Print(word.box, True, "word_on_list", word.letters)
    if read is not None and is_listed and is_read:
        return Print(word.box, True, "word_on_list", text)
    return Print(word.box, False, "not_on_list" if is_read and text else "not_readable", text)


def _detected(
    image: NDArray[np.uint8], reader: TextReader, kept_words: frozenset[str]
) -> list[Print]:
    """Take what the reader's own search finds beyond the shapes, if it can be read."""
    boxes = reader.detect(image)
    crops = [_crop(image, box, True) for box in boxes]
    upright = [np.rot90(crop) if crop.shape[0] > 1.6 * crop.shape[1] else crop for crop in crops]
    found = []
    for box, read in zip(boxes, reader.read(upright), strict=True):
        words = read.text.split()
        letters = re.sub(r"[\W_]", "", read.text)
        if len(letters) < 2 or read.confidence < _READ_WELL:
            continue
        is_kept = all(_plain(word) in kept_words for word in words)
        reason = "word_on_list" if is_kept else "not_on_list"
        found.append(Print(box, is_kept, reason, read.text))
    return found


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()


def _crop(image: NDArray[np.uint8], box: Box, is_light: bool) -> NDArray[np.uint8]:
    """Cut out a line with a margin, its tones spread, print dark on light."""
    margin = max(2, round(0.25 * (box[2] - box[0])))
    rows = slice(max(box[0] - margin, 0), box[2] + margin)
    columns = slice(max(box[1] - margin, 0), box[3] + margin)
    part = image[rows, columns].astype(np.float32)
    low, high = float(part.min()), float(part.max())
    part = (part - low) * (255 / max(high - low, 1))
    return np.ascontiguousarray(255 - part if is_light else part).astype(np.uint8)


def _overlap(first: Box, second: Box) -> float:
    """Share of the first box that lies in the second."""
    rows = min(first[2], second[2]) - max(first[0], second[0])
    columns = min(first[3], second[3]) - max(first[1], second[1])
    area = (first[2] - first[0]) * (first[3] - first[1])
    return max(rows, 0) * max(columns, 0) / max(area, 1)


def _without_contradictions(items: Iterable[Print]) -> list[Print]:
    """Drop what is said to stay where larger print that goes covers it as part of a word."""
    everything = list(items)
    gone = [item for item in everything if not item.is_kept]
    return sorted(
        (
            item
            for item in everything
            if not item.is_kept or not any(_overlap(item.box, other.box) > 0.7 for other in gone)
        ),
        key=lambda item: item.box,
    )
