"""Print planted on a film, with its truth: names and numbers that must go, sides that must stay.

What is planted is drawn in a style (:mod:`osteon.phantom.planted_styles`); how it is drawn is
deterministic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from osteon.phantom.planted_styles import PrintStyle

__all__ = ["PlantedText", "TextSpec", "draw_text_specs", "faces_here", "plant_texts"]

_SIDES = ("L", "R", "L", "R", "LT", "RT", "LEFT", "RIGHT", "AP", "STANDING")
_LEAST_CONTRAST, _LEAST_SEEN = 0.2, 0.85
_BITMAP, _BITMAP_PX = "bitmap", 11  # height of a line of Pillow's bitmap font
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class TextSpec:
    """One line of print.

    Parameters
    ----------
    words
        What is written.
    is_marker
        For each word, whether it is a side or a view, which stays.
    face
        Name of the font, as :class:`~osteon.phantom.planted_styles.PrintStyle` has it.
    size_px
        Size of the font in pixels; a capital is about 0.7 of it.
    at
        Place of the upper left corner: shares of height and width, in [0, 1].
    tone
        Share of the range of tones, in [0, 1].
    """

    words: tuple[str, ...]
    is_marker: tuple[bool, ...]
    face: str
    size_px: int
    at: tuple[float, float]
    tone: float


@dataclass(frozen=True, slots=True, eq=False)
class PlantedText:
    """One planted word: its text, whether it stays, and its ink, as flat indices of pixels.

    ``size_px`` and ``face`` are the font's, ``tone`` is the share of the range it was written in,
    ``row`` and ``column`` where the ink is on average, as shares of the film's sides.
    """

    text: str
    is_marker: bool
    size_px: int
    face: str
    tone: float
    row: float
    column: float
    ink: NDArray[np.intp]


def draw_text_specs(rng: np.random.Generator, style: PrintStyle) -> list[TextSpec]:
    """Draw what is planted on one film: one or two lines that go, and at times a marker.

    Parameters
    ----------
    rng
        Where chance comes from.
    style
        What is written and how it looks.
    """
    specs = [_line(rng, style) for _ in range(int(rng.integers(1, 3)))]
    if rng.random() < 0.6:
        side = str(rng.choice(_SIDES))
        with_initials = rng.random() < 0.3
        words = (side, _initials(rng)) if with_initials else (side,)
        specs.append(_spec(rng, words, (True, False)[: len(words)], style))
    return specs


def _line(rng: np.random.Generator, style: PrintStyle) -> TextSpec:
    family, given = str(rng.choice(style.family)), str(rng.choice(style.given))
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1925, 2022)
    number = int(rng.integers(10_000, 99_999_999))
    place, initials = str(rng.choice(style.places)), _initials(rng)
    text = style.patterns[int(rng.integers(len(style.patterns)))].format(
        family=family, given=given, place=place, initials=initials, number=number,
        day=day, month=month, year=year,
    )  # fmt: skip
    words = tuple(text.split())
    return _spec(rng, words, (False,) * len(words), style)


def _initials(rng: np.random.Generator) -> str:
    return "".join(str(letter) for letter in rng.choice(list("ABDEGHJKMNPSTW"), size=2))


def _spec(
    rng: np.random.Generator, words: tuple[str, ...], is_marker: tuple[bool, ...], style: PrintStyle
) -> TextSpec:
    low, high = style.size_px
    size = round(low * (high / low) ** rng.random())
    row, column = rng.random(2)
    if rng.random() < style.margin_share:
        first, last = style.margins[int(rng.random() * len(style.margins))]
        row = first + (last - first) * row
    tone = float(rng.choice(style.tones))
    return TextSpec(words, is_marker, str(rng.choice(faces_here(style))), size, (row, column), tone)


def plant_texts(
    stored: NDArray[np.uint16], specs: Sequence[TextSpec]
) -> tuple[NDArray[np.uint16], list[PlantedText]]:
    """Write lines on a film.

    A tone that would not stand out from what is below it by a fifth of the range gives way to one
    that does; a line is moved to lie within the film, and left out where it would touch another,
    does not fit, or would nowhere be seen.

    Parameters
    ----------
    stored
        uint16 (rows, columns).
    specs
        The lines.

    Returns
    -------
    tuple
        The film with print, and every word that was planted.
    """
    film = stored.copy()
    low, high = (float(value) for value in np.percentile(stored, [0.1, 99.9]))
    taken = np.zeros(stored.shape, dtype=bool)
    planted: list[PlantedText] = []
    for spec in specs:
        masks = _masks(spec, stored.shape)
        if masks is None or any(taken[mask > 0].any() for mask in masks):
            continue
        ink = np.max(masks, axis=0)
        rows, columns = np.nonzero(ink)
        margin = spec.size_px
        taken[
            max(rows.min() - margin, 0) : rows.max() + margin,
            max(columns.min() - margin, 0) : columns.max() + margin,
        ] = True
        below = [(stored[mask > 0.5] - low) / max(high - low, 1) for mask in masks]
        tone = _visible_tone(spec.tone, below)
        if tone is None:
            continue
        value = low + tone * (high - low)
        film = np.round(film * (1 - ink) + value * ink).astype(np.uint16)
        for word, is_marker, mask in zip(spec.words, spec.is_marker, masks, strict=True):
            solid = np.flatnonzero(mask > 0.5)
            if len(solid):
                planted.append(_planted(word, is_marker, spec, tone, solid, stored.shape))
    return film, planted


def _planted(
    word: str,
    is_marker: bool,
    spec: TextSpec,
    tone: float,
    ink: NDArray[np.intp],
    shape: tuple[int, ...],
) -> PlantedText:
    rows, columns = np.unravel_index(ink, shape)
    row, column = float(rows.mean()) / shape[0], float(columns.mean()) / shape[1]
    return PlantedText(word, is_marker, spec.size_px, spec.face, tone, row, column, ink)


def _visible_tone(wanted: float, below: Sequence[NDArray[np.floating]]) -> float | None:
    """Give the first tone in which every word stands out; ``None`` when none does."""
    for tone in (wanted, 1.0, 0.0, 0.5):
        seen = [np.mean(np.abs(tone - ground) >= _LEAST_CONTRAST) for ground in below]
        if min(seen) >= _LEAST_SEEN:
            return tone
    return None


def _masks(spec: TextSpec, shape: tuple[int, ...]) -> list[NDArray[np.floating]] | None:
    """Ink of each word, in [0, 1]; ``None`` when the line does not fit."""
    times = max(1, round(spec.size_px / _BITMAP_PX)) if spec.face == _BITMAP else 1
    font = _font(spec.face, spec.size_px)
    width = times * font.getlength(" ".join(spec.words))
    height = 1.3 * spec.size_px
    if width + 4 > shape[1] or height + 4 > shape[0]:
        return None
    x = min(spec.at[1] * shape[1], shape[1] - width - 2)
    y = min(spec.at[0] * shape[0], shape[0] - height - 2)
    masks: list[NDArray[np.floating]] = []
    for word in spec.words:
        masks.append(_ink(word, font, times, (round(y), round(x)), shape))
        x += times * font.getlength(word + " ")
    return masks


def _ink(
    word: str, font: _Font, times: int, at: tuple[int, int], shape: tuple[int, ...]
) -> NDArray[np.floating]:
    """Draw a word, each pixel of a bitmap font as a square of ``times`` pixels."""
    small = Image.new("L", (-(-shape[1] // times), -(-shape[0] // times)))
    ImageDraw.Draw(small).text((at[1] // times, at[0] // times), word, fill=255, font=font)
    ink = np.asarray(small, dtype=np.float32) / 255
    if times > 1:
        ink = np.repeat(np.repeat(ink, times, axis=0), times, axis=1)
    return ink[: shape[0], : shape[1]]


def faces_here(style: PrintStyle) -> tuple[str, ...]:
    """Give the fonts of a style that are on this machine."""
    return tuple(face for face in style.faces if _is_here(face))


@cache
def _is_here(face: str) -> bool:
    try:
        _font(face, _BITMAP_PX)
    except OSError:
        return False
    return True


@cache
def _font(face: str, size_px: int) -> _Font:
    if face == _BITMAP:
        return ImageFont.load_default_imagefont()
    if face:
        package = find_spec("matplotlib")
        home = Path(package.origin).parent if package and package.origin else Path()
        path = home / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf"
        return ImageFont.truetype(str(path) if path.exists() else f"{face}.ttf", size_px)
    font = ImageFont.load_default(size_px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, wanted its scalable default font")
    return font
