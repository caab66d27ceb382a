"""Which print on an image goes and which stays.

Print that was found goes, unless every letter of a word is read and the word is on the list of
those that stay: side letters, views, positions. What cannot be read goes. A lone shape that is no
sure letter is bone or metal, and stays; so do shapes whose edges are softer than those of print.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from osteon.pixels.listed_words import read_listed
from osteon.pixels.print_edges import edges_of_one_tone
from osteon.pixels.print_shapes import Box, cut_at_blanks, whole_shape
from osteon.pixels.text import TextLine, find_lines
from osteon.pixels.text_reader import Read, TextReader

__all__ = ["Print", "judge_print", "paint_mask", "spread_tones"]

_SURE = {1: 0.995, 2: 0.88}  # by the number of shapes; one shape alone may be anything
_SURE_OF_MANY = 0.5
_SURE_UNREAD = 0.9  # of one or two shapes that a reader makes nothing of
_LARGE_PX = 48  # print of this height is read well, so what a reader cannot read is anatomy
_WORTH_READING, _MOST_READ = 0.08, 48
_READ_AT_ALL, _READ_WELL, _READ_LETTER, _LETTER_LIKE = 0.5, 0.75, 0.9, 0.5
_NEAR_HEIGHTS = 2.0
_TOLD_SPAN = 0.7  # share of a width
_NEIGHBOUR, _FEW = 0.08, 2
_INK, _INSIDE = 90.0, 0.6
_LEAST_EDGES = 0.2  # share of the letters' outlines that is sharp and of one tone
_AROUND_LISTED = 0.3  # heights


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
    return np.asarray(np.clip(scaled, 0, 255), dtype=np.uint8)


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
        Reads print; ``None`` for the forms of letters alone, which tell words of the list from all
        other print and read nothing else.
    """
    lines = find_lines(image)
    reads = _reads(image, lines, reader)
    sure = [line for line in lines if _is_sure(image, line, reads.get(line.box))]
    words = [word for line in sure for word in _words(line)]
    words += _beside(sure, lines)
    listed = _listed(image, words, kept_words)
    words = [word for word in words if not _is_within(word.box, listed)]
    texts = _word_reads(image, words, reader)
    judged = [_judged(word, read, kept_words) for word, read in zip(words, texts, strict=True)]
    if reader is not None:
        judged += [
            item
            for item in _detected(image, reader, kept_words)
            if not _is_told(item, [*judged, *listed])
        ]
        judged = [part for item in judged for part in _cut_up(image, item, kept_words, reader)]
    rest = [item for item in _largest_first(judged) if not _is_within(item.box, listed)]
    return sorted([*rest, *listed], key=lambda item: item.box)


def _reads(
    image: NDArray[np.uint8], lines: list[TextLine], reader: TextReader | None
) -> dict[Box, Read]:
    if reader is None:
        return {}
    worth = [line for line in lines if line.score >= _WORTH_READING][:_MOST_READ]
    texts = reader.read([_crop(image, line.box, line.is_light) for line in worth])
    return {line.box: read for line, read in zip(worth, texts, strict=True)}


def _is_sure(image: NDArray[np.uint8], line: TextLine, read: Read | None) -> bool:
    """Whether shapes are print: by their looks alone, or by being read well."""
    wanted = _SURE.get(len(line.boxes), _SURE_OF_MANY)
    if read is None:
        return line.score >= wanted and _has_edges(image, line)
    letters = len(re.sub(r"[\W_]", "", read.text))
    if line.height >= _LARGE_PX and (not letters or read.confidence < _READ_WELL):
        return False
    if len(line.boxes) < 3 and (not letters or read.confidence < _READ_AT_ALL):
        wanted = max(wanted, _SURE_UNREAD)
    if line.score >= wanted and _has_edges(image, line):
        return True
    wanted = _READ_LETTER if letters == 1 else _READ_WELL
    is_letter_like = letters > 1 or (line.score >= _LETTER_LIKE and not _is_number(read.text))
    return letters > 0 and read.confidence >= wanted and is_letter_like


def _is_told(item: Print, words: list[Print]) -> bool:
    """Whether words that were judged one by one, a kept one among them, make up a larger find."""
    inner = [word for word in words if _overlap(word.box, item.box) > _INSIDE]
    if len(inner) < 2 or not any(word.is_kept for word in inner):
        return False
    span = max(word.box[3] for word in inner) - min(word.box[1] for word in inner)
    return span > _TOLD_SPAN * (item.box[3] - item.box[1])


def _is_number(text: str) -> bool:
    return not any(letter.isalpha() for letter in text)


def _has_edges(image: NDArray[np.uint8], line: TextLine) -> bool:
    return edges_of_one_tone(image, line.boxes) >= _LEAST_EDGES


def _words(line: TextLine) -> list[TextLine]:
    return [
        replace(line, boxes=tuple(line.boxes[place] for place in word))
        for word in cut_at_blanks(line.boxes, line.height)
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


def _listed(
    image: NDArray[np.uint8], words: list[TextLine], kept_words: frozenset[str]
) -> list[Print]:
    """Find the words of the list among print; each is looked for as light and as dark print.

    The gaps between light letters are dark shapes, and may look more like print than the letters.
    """
    found: list[Print] = []
    boxes = {word.box for word in words}
    boxes |= {whole_shape(image, word.box) for word in words if len(word.boxes) <= _FEW}
    for box in sorted(boxes, key=lambda box: (-_area(box), box)):
        for is_light in (True, False):
            for word in read_listed(image, box, is_light, kept_words):
                if not any(_overlap(word.box, other.box) > _INSIDE for other in found):
                    found.append(Print(word.box, True, "word_on_list", word.text))
    return found


def _is_within(box: Box, listed: list[Print]) -> bool:
    """Whether a find is one of the words of the list: it hardly goes beyond one."""
    for word in listed:
        around = round(_AROUND_LISTED * (word.box[2] - word.box[0]))
        top, left, bottom, right = word.box
        grown = (top - around, left - around, bottom + around, right + around)
        if _overlap(box, grown) > _INSIDE:
            return True
    return False


def _word_reads(
    image: NDArray[np.uint8], words: list[TextLine], reader: TextReader | None
) -> list[Read | None]:
    if reader is None:
        return [None] * len(words)
    return list(reader.read([_crop(image, word.box, word.is_light) for word in words]))


def _judged(word: TextLine, read: Read | None, kept_words: frozenset[str]) -> Print:
    """Decide for a word by what was read."""
    text = read.text.strip() if read is not None else ""
    if read is not None and _plain(text) and read.confidence >= _READ_WELL:
        is_kept = _plain(text) in kept_words
        return Print(word.box, is_kept, "word_on_list" if is_kept else "not_on_list", text)
    return Print(word.box, False, "not_readable", text)


def _detected(
    image: NDArray[np.uint8], reader: TextReader, kept_words: frozenset[str]
) -> list[Print]:
    """Take what the reader's own search finds beyond the shapes, if it can be read."""
    boxes = reader.detect(image)
    crops = [_crop(image, box, _is_light(image, box)) for box in boxes]
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


def _crop(
    image: NDArray[np.uint8], box: Box, is_light: bool, margin: int | None = None
) -> NDArray[np.uint8]:
    """Cut out a line with a margin, its tones spread, print dark on light."""
    if margin is None:
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
    return max(rows, 0) * max(columns, 0) / max(_area(first), 1)


def _cut_up(
    image: NDArray[np.uint8], item: Print, kept_words: frozenset[str], reader: TextReader
) -> list[Print]:
    """Part a side letter from the initials beside it: ``L JS`` keeps ``L``.

    Print that goes and of which a word could stay is cut at its widest blanks; each part is read
    again alone, and only what then reads as a word of the list stays.
    """
    words = item.text.split()
    if item.is_kept or len(words) < 2 or not any(_plain(word) in kept_words for word in words):
        return [item]
    boxes = _cut_at_blanks(image, item.box, len(words))
    if boxes is None:
        return [item]
    light = [_is_light(image, item.box)] * len(boxes)
    reads = reader.read([_crop(image, box, mark) for box, mark in zip(boxes, light, strict=True)])
    parts = []
    for box, read in zip(boxes, reads, strict=True):
        is_kept = _plain(read.text) in kept_words and read.confidence >= _READ_WELL
        parts.append(Print(box, is_kept, "word_on_list" if is_kept else "not_on_list", read.text))
    return parts


def _cut_at_blanks(image: NDArray[np.uint8], box: Box, parts: int) -> list[Box] | None:
    """Cut a box at its widest blank columns; ``None`` when there are too few."""
    crop = _crop(image, box, False, margin=0).astype(np.float32)
    ink = np.abs(crop - np.median(crop)).max(axis=0) > _INK
    columns = np.flatnonzero(ink)
    if not len(columns):
        return None
    steps = np.diff(columns)
    if np.count_nonzero(steps > 1) < parts - 1:
        return None
    cuts = np.sort(np.argsort(-steps, kind="stable")[: parts - 1])
    starts = [int(columns[0]), *(int(columns[cut + 1]) for cut in cuts)]
    stops = [*(int(columns[cut]) + 1 for cut in cuts), int(columns[-1]) + 1]
    return [
        (box[0], box[1] + start, box[2], box[1] + stop)
        for start, stop in zip(starts, stops, strict=True)
    ]


def _is_light(image: NDArray[np.uint8], box: Box) -> bool:
    """Whether print in a box is lighter than its ground, which covers most of the box."""
    part = image[box[0] : box[2], box[1] : box[3]].astype(np.float32)
    ground = float(np.median(part))
    return float(part.max()) - ground >= ground - float(part.min())


def _largest_first(items: Iterable[Print]) -> list[Print]:
    """Drop what lies in larger print of the other kind: a part of a word that was read alone."""
    found: list[Print] = []
    for item in sorted(items, key=lambda item: (-_area(item.box), item.box, item.is_kept)):
        others = [other for other in found if other.is_kept != item.is_kept]
        if item not in found and not any(_overlap(item.box, o.box) > _INSIDE for o in others):
            found.append(item)
    return sorted(found, key=lambda item: item.box)


def paint_mask(shape: tuple[int, int], found: Iterable[Print]) -> NDArray[np.bool_]:
    """Pixels that are painted over: what goes with a margin, without what stays.

    Parameters
    ----------
    shape
        Rows and columns of the image.
    found
        As :func:`judge_print` gives it.
    """
    everything = list(found)
    mask = np.zeros(shape, dtype=bool)
    for item in everything:
        if not item.is_kept:
            height = item.box[2] - item.box[0]
            down, across = max(3, round(0.25 * height)), max(3, round(0.45 * height))
            row, column = max(item.box[0] - down, 0), max(item.box[1] - across, 0)
            mask[row : item.box[2] + down, column : item.box[3] + across] = True
    for item in everything:
        if item.is_kept:
            mask[item.box[0] : item.box[2], item.box[1] : item.box[3]] = False
    return mask


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
