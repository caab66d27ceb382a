"""Draw a reading on a copy of the film: boxes, sides, classes; the film's own pixels stay.

A dotted box is suspicious, a solid box definite, four corners mark a hip that was looked at and
called neither. Text grows with the picture, and small films are enlarged, so it can always be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from osteon.core.geometry import Box

__all__ = ["Mark", "MarkStyle", "annotated", "heat_picture"]

MarkStyle = Literal["solid", "dotted", "corners"]
_SMALLEST_PX, _LARGEST_PX = 900, 2400
_COLOURS = {"solid": (255, 92, 56), "dotted": (255, 194, 10), "corners": (120, 200, 255)}
_INK, _PAPER = (255, 255, 255), (12, 14, 18)
#: Colours of rising heat, dark to light: told apart without red or green.
_HEAT = np.array(
    [[20, 11, 53], [101, 21, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], np.float64
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A box to draw, in pixels of the film, with its lines of text (the first is the largest)."""

    box: Box
    style: MarkStyle
    lines: tuple[str, ...]


def annotated(
    grey: NDArray[np.float32], marks: Sequence[Mark], footer: Sequence[str]
) -> Image.Image:
    """Draw marks on a copy of a film, with a footer below it.

    Parameters
    ----------
    grey
        float32 (rows, columns) in [0, 1].
    marks
        Boxes in pixels of ``grey``.
    footer
        Lines below the picture.

    Returns
    -------
    PIL.Image.Image
        RGB. Its longer side is the film's, at least 900 and at most 2,400 pixels.
    """
    picture, factor = _display(grey)
    canvas = ImageDraw.Draw(picture)
    size = max(round(0.024 * max(picture.size)), 18)
    width = max(size // 6, 3)
    taken: list[tuple[float, float, float, float]] = []
    for mark in marks:
        box = mark.box.scaled(factor).clipped(*picture.size)
        if box is not None:
            _outline(canvas, box, mark.style, width)
    for mark in marks:
        box = mark.box.scaled(factor).clipped(*picture.size)
        if box is not None:
            taken.append(_label(canvas, box, mark, size, taken))
    return _with_footer(picture, footer, max(size * 2 // 3, 14))


def heat_picture(
    grey: NDArray[np.float32], heat: NDArray[np.float32], region: Box, side_px: int = 360
) -> Image.Image:
    """Show a region of a film with its heat map over it.

    Parameters
    ----------
    grey, heat
        float32 (rows, columns) of the film, both in [0, 1].
    region
        What to show, in pixels of the film; beyond it is black.
    side_px
        Longer side of the picture.

    Returns
    -------
    PIL.Image.Image
        RGB; the hotter, the less of the film shows through.
    """
    factor = side_px / max(region.width, region.height)
    size = max(round(region.width * factor), 1), max(round(region.height * factor), 1)
    base = np.asarray(_region(grey, region, size), np.float64)[..., None] * 255
    hot = np.clip(np.asarray(_region(heat, region, size), np.float64), 0, 1)
    stops = np.linspace(0, 1, len(_HEAT))
    colour = np.stack([np.interp(hot, stops, _HEAT[:, channel]) for channel in range(3)], axis=-1)
    share = (0.65 * np.sqrt(hot))[..., None] * (hot > 0.05)[..., None]
    return Image.fromarray(np.uint8(np.rint(base * (1 - share) + colour * share)))


def _region(values: NDArray[np.float32], region: Box, size: tuple[int, int]) -> Image.Image:
    rows, columns = values.shape
    left, top = int(np.floor(region.x_min)), int(np.floor(region.y_min))
    right, bottom = int(np.ceil(region.x_max)), int(np.ceil(region.y_max))
    part = np.zeros((max(bottom - top, 1), max(right - left, 1)), np.float32)
    inside = region.clipped(columns, rows)
    if inside is not None:
        x0, x1, y0, y1 = max(left, 0), min(right, columns), max(top, 0), min(bottom, rows)
        part[y0 - top : y1 - top, x0 - left : x1 - left] = values[y0:y1, x0:x1]
    return Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)


def _display(grey: NDArray[np.float32]) -> tuple[Image.Image, float]:
    longer = max(grey.shape)
    factor = min(max(longer, _SMALLEST_PX), _LARGEST_PX) / longer
    size = max(round(grey.shape[1] * factor), 1), max(round(grey.shape[0] * factor), 1)
    film = Image.fromarray(np.uint8(np.rint(np.clip(grey, 0, 1) * 255)))
    if size != film.size:
        film = film.resize(size, Image.Resampling.BILINEAR)
    return film.convert("RGB"), factor


def _outline(canvas: ImageDraw.ImageDraw, box: Box, style: MarkStyle, width: int) -> None:
    x0, y0, x1, y1 = box.as_tuple()
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        for a, b in _strokes(start, end, style, width):
            canvas.line([a, b], fill=(0, 0, 0), width=width + 4)
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        for a, b in _strokes(start, end, style, width):
            canvas.line([a, b], fill=_COLOURS[style], width=width)


Point = tuple[float, float]


def _strokes(start: Point, end: Point, style: MarkStyle, width: int) -> list[tuple[Point, Point]]:
    a, b = np.array(start), np.array(end)
    length = float(np.linalg.norm(b - a))
    if style == "solid" or length < 8 * width:
        return [(start, end)]
    if style == "corners":
        arm = (b - a) * 0.12
        return [(start, _point(a + arm)), (_point(b - arm), end)]
    count = max(int(length // (3 * width)), 2)
    step = (b - a) / count
    return [(_point(a + i * step), _point(a + (i + 0.4) * step)) for i in range(count)]


def _point(xy: NDArray[np.float64]) -> Point:
    return float(xy[0]), float(xy[1])


def _label(
    canvas: ImageDraw.ImageDraw,
    box: Box,
    mark: Mark,
    size: int,
    taken: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float, float, float]:
    """Write a mark's lines where there is room; give the rectangle they cover."""
    picture_width, picture_height = canvas.im.size
    fonts = _fitting_fonts(canvas, mark.lines, size, max(box.width, 0.48 * picture_width))
    gap = max(size // 4, 4)
    widths = [canvas.textlength(line, font) for line, font in zip(mark.lines, fonts, strict=True)]
    heights = [float(font.size) * 1.25 for font in fonts]
    width, height = max(widths) + 2 * gap, sum(heights) + 2 * gap
    left = min(max(box.x_min, 0.0), max(picture_width - width, 0.0))
    places = (box.y_min - height - gap, box.y_max + gap, box.y_min + gap, box.y_max - height - gap)
    room = [
        (left, top, left + width, top + height)
        for top in places
        if top >= 0 and top + height <= picture_height
    ]
    free = [area for area in room if not any(_overlap(area, other) for other in taken)]
    chosen = (free or room or [(left, 0.0, left + width, height)])[0]
    canvas.rectangle(chosen, fill=_PAPER, outline=_COLOURS[mark.style], width=max(size // 12, 2))
    y = chosen[1] + gap
    for line, font, step in zip(mark.lines, fonts, heights, strict=True):
        canvas.text((chosen[0] + gap, y), line, fill=_INK, font=font)
        y += step
    return chosen


def _fitting_fonts(
    canvas: ImageDraw.ImageDraw, lines: Sequence[str], size: int, widest: float
) -> list[ImageFont.FreeTypeFont]:
    for current in range(size, 13, -1):
        fonts = [_font(current if index == 0 else current * 4 // 5) for index in range(len(lines))]
        if all(
            canvas.textlength(line, font) <= widest for line, font in zip(lines, fonts, strict=True)
        ):
            return fonts
    return [_font(14) for _ in lines]


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(float(max(size, 13)))
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType")
    return font


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _with_footer(picture: Image.Image, footer: Sequence[str], size: int) -> Image.Image:
    lines = [line for text in footer for line in _wrapped(text, _font(size), picture.width - size)]
    height = round(len(lines) * size * 1.35 + size) if lines else 0
    result = Image.new("RGB", (picture.width, picture.height + height), _PAPER)
    result.paste(picture, (0, 0))
    canvas = ImageDraw.Draw(result)
    for index, line in enumerate(lines):
        y = picture.height + size // 2 + index * size * 1.35
        canvas.text((size // 2, y), line, fill=_INK, font=_font(size))
    return result


def _wrapped(text: str, font: ImageFont.FreeTypeFont, widest: float) -> list[str]:
    lines: list[str] = []
    current = ""
    for word in text.split():
        longer = f"{current} {word}".strip()
        if current and font.getlength(longer) > widest:
            lines.append(current)
            longer = word
        current = longer
    return [*lines, current] if current else lines
