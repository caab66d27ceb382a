"""Print planted on a film, with its truth: names and numbers that must go, sides that must stay.

What is planted is drawn; how it is drawn is deterministic. Fonts are Pillow's own and those that
come with matplotlib (DejaVu, STIX, Computer Modern), as far as they are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["PlantedText", "TextSpec", "draw_text_specs", "plant_texts"]

_FACES = (
    "", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "cmss10", "STIXGeneral",
    "STIXGeneralBol",
)  # fmt: skip
_FAMILY = ("DOE", "Müller", "NAKAMURA", "Okonkwo", "SMITH-JONES", "Garcia", "LI", "VAN DIJK")
_GIVEN = ("JOHN", "Anna", "Yuki", "CHIDI", "Maria", "WEI", "Pieter", "Zoë")
_PLACES = ("St. Elsewhere Hospital", "CITY CLINIC", "Dr. Weber", "RADIOLOGIE NORD")
_SIDES = ("L", "R", "L", "R", "LT", "RT", "LEFT", "RIGHT", "AP", "STANDING")
_LEAST_CONTRAST, _LEAST_SEEN = 0.2, 0.85


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
        Name of the font; empty for Pillow's own.
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
    """One planted word: its text, whether it stays, and its ink, as flat indices of pixels."""

    text: str
    is_marker: bool
    size_px: int
    ink: NDArray[np.intp]


def draw_text_specs(rng: np.random.Generator, size_px: tuple[int, int]) -> list[TextSpec]:
    """Draw what is planted on one film: one or two lines that go, and at times a marker.

    Parameters
    ----------
    rng
        Where chance comes from.
    size_px
        Smallest and largest size of the font.
    """
    specs = [_line(rng, size_px) for _ in range(int(rng.integers(1, 3)))]
    if rng.random() < 0.6:
        side = str(rng.choice(_SIDES))
        with_initials = rng.random() < 0.3
        words = (side, _initials(rng)) if with_initials else (side,)
        specs.append(_spec(rng, words, (True, False)[: len(words)], size_px))
    return specs


def _line(rng: np.random.Generator, size_px: tuple[int, int]) -> TextSpec:
    family, given = str(rng.choice(_FAMILY)), str(rng.choice(_GIVEN))
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1925, 2022)
    number = int(rng.integers(10_000, 99_999_999))
    text = (
        f"{family} {given}",
        f"{family}^{given}",
        f"{day:02d}.{month:02d}.{year}",
        f"{year}-{month:02d}-{day:02d}",
        f"ID {number}",
        f"{family}, {given} *{day:02d}/{month:02d}/{year}",
        str(rng.choice(_PLACES)),
        f"Acc A{number}",
        _initials(rng),
    )[int(rng.integers(9))]
    words = tuple(text.split())
    return _spec(rng, words, (False,) * len(words), size_px)


def _initials(rng: np.random.Generator) -> str:
    return "".join(str(letter) for letter in rng.choice(list("ABDEGHJKMNPSTW"), size=2))


def _spec(
    rng: np.random.Generator,
    words: tuple[str, ...],
    is_marker: tuple[bool, ...],
    size_px: tuple[int, int],
) -> TextSpec:
    low, high = size_px
    size = round(low * (high / low) ** rng.random())
    row, column = rng.random(2)
    if rng.random() < 0.7:  # most print stands near an edge
        row = 0.02 + 0.13 * row if rng.random() < 0.5 else 0.82 + 0.1 * row
    tone = float(rng.choice([1.0, 1.0, 0.0, 0.85, 0.6, 0.3]))
    return TextSpec(words, is_marker, str(rng.choice(_FACES)), size, (row, column), tone)


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
                planted.append(PlantedText(word, is_marker, spec.size_px, solid))
    return film, planted


def _visible_tone(wanted: float, below: Sequence[NDArray[np.floating]]) -> float | None:
    """Give the first tone in which every word stands out; ``None`` when none does."""
    for tone in (wanted, 1.0, 0.0, 0.5):
        seen = [np.mean(np.abs(tone - ground) >= _LEAST_CONTRAST) for ground in below]
        if min(seen) >= _LEAST_SEEN:
            return tone
    return None


def _masks(spec: TextSpec, shape: tuple[int, ...]) -> list[NDArray[np.floating]] | None:
    """Ink of each word, in [0, 1]; ``None`` when the line does not fit."""
    font = _font(spec.face, spec.size_px)
    width, height = font.getlength(" ".join(spec.words)), 1.3 * spec.size_px
    if width + 4 > shape[1] or height + 4 > shape[0]:
        return None
    x = min(spec.at[1] * shape[1], shape[1] - width - 2)
    y = min(spec.at[0] * shape[0], shape[0] - height - 2)
    masks: list[NDArray[np.floating]] = []
    for word in spec.words:
        picture = Image.new("L", (shape[1], shape[0]))
        ImageDraw.Draw(picture).text((round(x), round(y)), word, fill=255, font=font)
        masks.append(np.asarray(picture, dtype=np.float32) / 255)
        x += font.getlength(word + " ")
    return masks


@cache
def _font(face: str, size_px: int) -> ImageFont.FreeTypeFont:
    package = find_spec("matplotlib")
    if face and package is not None and package.origin is not None:
        path = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf"
        if path.exists():
            return ImageFont.truetype(str(path), size_px)
    font = ImageFont.load_default(size_px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, wanted its scalable default font")
    return font
