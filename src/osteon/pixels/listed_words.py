"""Read the words of a list, and no others: whether print is one of a few words that may stay.

Each shape of a word must be more like the wanted letter than like any other
(:mod:`osteon.pixels.letter_forms`), and the word must stand alone. What is not told so is not read,
whatever it may be. Letters that run together are cut at thin places, as the word that is tried
wants it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from osteon.pixels.letter_forms import CLASSES, class_of, likeness
from osteon.pixels.print_shapes import ROWS, Box, find_runs

__all__ = ["ListedWord", "read_listed"]

_THIN, _MOST_CUTS, _NARROWEST, _WIDE = 0.5, 7, 0.1, 0.8
# least likeness of every letter, its least lead over all others, and their mean lead, by the number
# of letters: names and initials drawn in the fitted style come nowhere near
_SURE = {1: (0.78, 0.025, 0.025), 2: (0.72, 0.03, 0.05), 3: (0.70, 0.0, 0.05)}
_SURE_LONG = (0.68, -0.03, 0.04)


@dataclass(frozen=True, slots=True)
class ListedWord:
    """A word of the list, and where it stands: first row, first column, end row, end column."""

    text: str
    box: Box


def read_listed(
    image: NDArray[np.uint8], box: Box, is_light: bool, words: Iterable[str]
) -> list[ListedWord]:
    """Find words of a list where print was found.

    Parameters
    ----------
    image
        uint8 (rows, columns).
    box
        Around the print: first row, first column, end row, end column.
    is_light
        Whether the print is lighter than what is around it.
    words
        The list, upper case; words are also known with small letters behind the first.
    """
    forms = {form for word in words for form in (word, word.capitalize())}
    found = []
    for run in find_runs(image, box, is_light):
        text = _read(run.inks, forms)
        if text is not None:
            found.append(ListedWord(text.upper(), run.box))
    return found


def _read(shapes: Sequence[NDArray[np.float32]], words: Iterable[str]) -> str | None:
    """Give the word that some shapes are, if they surely are one."""
    possible = [word for word in words if len(word) >= len(shapes)]
    if not possible:
        return None
    pieces = [_pieces(shape) for shape in shapes]
    inks = [ink for piece in pieces for ink in piece.inks]
    like = likeness(inks)
    best: tuple[float, str] | None = None
    for word in possible:
        score = _score(word, pieces, like)
        if score is not None and (best is None or score > best[0]):
            best = (score, word)
    return best[1] if best else None


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """What a shape may be cut into: each piece from one cut to a later one, and its ink."""

    cuts: int
    spans: list[tuple[int, int]]
    inks: list[NDArray[np.float32]]


def _pieces(shape: NDArray[np.float32]) -> _Pieces:
    width = shape.shape[1]
    places = [0, *_thin_places(shape), width]
    spans, inks = [], []
    for first, start in enumerate(places):
        for last in range(first + 1, len(places)):
            piece = shape[:, start : places[last]]
            rows = np.flatnonzero((piece > 0.5).any(axis=1))
            if piece.shape[1] < _NARROWEST * ROWS or not len(rows):
                continue
            spans.append((first, last))
            inks.append(piece[rows[0] : rows[-1] + 1])
    return _Pieces(len(places) - 1, spans, inks)


def _thin_places(ink: NDArray[np.float32]) -> list[int]:
    """Columns where letters may have run together: the thinnest of a wide shape."""
    height, width = ink.shape
    if width < _WIDE * height:
        return []
    weight = ndimage.gaussian_filter1d(ink.sum(axis=0), 1.0)
    margin = max(2, round(_NARROWEST * ROWS))
    inner = np.arange(margin, width - margin)
    lowest = ndimage.minimum_filter1d(weight, 5)
    thin = inner[(weight[inner] <= lowest[inner]) & (weight[inner] < _THIN * height)]
    thinnest = thin[np.argsort(weight[thin], kind="stable")][:_MOST_CUTS]
    return sorted(int(place) for place in thinnest)


def _score(word: str, pieces: list[_Pieces], like: NDArray[np.float32]) -> float | None:
    """Mean lead of a word's letters over all others, if every letter is sure; else ``None``."""
    path = _path(word, pieces, like)
    if path is None:
        return None
    wanted = [CLASSES.index(class_of(letter)) for letter in word]
    rows = like[path].copy()
    own = rows[np.arange(len(word)), wanted]
    rows[np.arange(len(word)), wanted] = -1
    ahead = own - rows.max(axis=1)
    looks = (float(own.min()), float(ahead.min()), float(ahead.mean()))
    if any(
        here < least for here, least in zip(looks, _SURE.get(len(word), _SURE_LONG), strict=True)
    ):
        return None
    return looks[2]


def _path(word: str, pieces: list[_Pieces], like: NDArray[np.float32]) -> list[int] | None:
    """Cut shapes into as many pieces as a word has letters, each as like its letter as can be."""
    wanted = [CLASSES.index(class_of(letter)) for letter in word]
    # best by (letters used, cut within the shape): likeness in all and the pieces taken
    states: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    offset = 0
    for piece in pieces:
        inner: dict[tuple[int, int], tuple[float, list[int]]] = {
            (used, 0): state for used, state in states.items()
        }
        order = sorted(range(len(piece.spans)), key=lambda place: piece.spans[place])
        for place in order:
            first, last = piece.spans[place]
            for used in range(len(word)):
                state = inner.get((used, first))
                if state is None:
                    continue
                total = state[0] + float(like[offset + place, wanted[used]])
                if total > inner.get((used + 1, last), (-np.inf, []))[0]:
                    inner[used + 1, last] = (total, [*state[1], offset + place])
        states = {used: state for (used, cut), state in inner.items() if cut == piece.cuts}
        offset += len(piece.spans)
    found = states.get(len(word))
    return found[1] if found else None
