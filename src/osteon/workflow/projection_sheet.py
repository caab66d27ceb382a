"""A sheet of the real hip CTs' projections beside the real hip film, all at one scale.

The film hangs at the upper left; each CT is a group of its frontal, lateral and axial view.
Parallel rays show every depth of a CT at its size; a millimetre of the film is one at its detector,
where a hip is drawn some 15 % larger. White is dense everywhere. Letters at the edges name the
patient's directions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from osteon.core.files import atomic_path
from osteon.drr.display import grey
from osteon.drr.settings import ProjectionSettings
from osteon.drr.views import project_views
from osteon.pixels.volume import Volume, read_volume
from osteon.workflow.real_hips import real_ct_paths, real_film, test_data_folder

__all__ = ["write_projection_sheet"]

_PIXEL_MM = 0.8
_FILM_PIXEL_MM = 0.2  # as box.json says of the real film
_AXES = {"frontal": (0, 2), "lateral": (0, 1), "axial": (1, 2)}  # of the volume, down and right
_EDGES = {
    "frontal": ("R", "L", "H", "F"),
    "lateral": ("A", "P", "H", "F"),
    "axial": ("R", "L", "A", "P"),
}  # left, right, top, bottom
_GAP, _TEXT, _LETTER = 28, 19, 17
_PAPER, _INK, _FAINT = 0, 235, 150
_SCALE_MM = 100

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    picture: Grey
    caption: str
    edges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    title: str
    panels: Sequence[_Panel]

    @property
    def width(self) -> int:
        return sum(int(panel.picture.shape[1]) + _GAP for panel in self.panels)

    @property
    def height(self) -> int:
        return max(int(panel.picture.shape[0]) for panel in self.panels) + 3 * _TEXT + _GAP


def write_projection_sheet(path: Path) -> str:
    """Draw the sheet as PNG; gives back what was drawn, or what is not there.

    The CTs and the film are looked for in the folder that ``OSTEON_TEST_DATA`` names.
    """
    folder = test_data_folder()
    film, cts = real_film(folder), real_ct_paths(folder)
    if film is None or not cts:
        missing = "the real hip film is" if film is None else "the real hip CTs are"
        return f"no sheet of projections: {missing} not in {folder}"
    step = round(_PIXEL_MM / _FILM_PIXEL_MM)
    height, width = (size // step * step for size in film.grey.shape)
    blocks = film.grey[:height, :width].reshape(height // step, step, width // step, step)
    hung = _Panel(_bytes(blocks.mean(axis=(1, 3))), "frog-leg, left hip")
    groups = [_Group(f"CT: {name}", _views(read_volume(ct))) for name, ct in cts]
    groups.sort(key=lambda group: -group.width)
    sheet = _draw([_Group("Real film (CR)", [hung]), *groups])
    with atomic_path(path) as temporary:
        sheet.save(temporary, "PNG")
    return f"{path}: {len(cts)} CTs beside the film"


def _views(volume: Volume) -> list[_Panel]:
    """Project a CT into all views, each cut to the volume's own size."""
    spacing = volume.affine.spacing_z_y_x_mm
    size = [ceil(n * step / _PIXEL_MM) for n, step in zip(volume.hu.shape, spacing, strict=True)]
    settings = ProjectionSettings(rows=max(size), columns=max(size), pixel_mm=_PIXEL_MM)
    panels = []
    for view, drr in project_views(volume, settings).items():
        down, right = (size[axis] for axis in _AXES[view])
        top, left = (max(size) - down) // 2, (max(size) - right) // 2
        shown = grey(drr.line_integral[top : top + down, left : left + right])
        panels.append(_Panel(_bytes(shown), view, _EDGES[view]))
    return panels


def _bytes(shown: NDArray[np.float32]) -> Grey:
    return np.rint(shown * 255).astype(np.uint8)


def _draw(groups: Sequence[_Group]) -> Image.Image:
    """Put groups side by side, each into the first line with room: the first two make one."""
    widest = sum(group.width for group in groups[:2])
    lines: list[list[_Group]] = []
    for group in groups:
        room = (line for line in lines if sum(o.width for o in line) + group.width <= widest)
        line = next(room, None)
        if line is None:
            lines.append([group])
        else:
            line.append(group)
    heights = [max(group.height for group in line) for line in lines]
    sheet = Image.new("L", (widest + _GAP, sum(heights) + 3 * _TEXT + _GAP), _PAPER)
    canvas = ImageDraw.Draw(sheet)
    y = _GAP // 2
    for line, height in zip(lines, heights, strict=True):
        x = _GAP
        for group in line:
            _write(canvas, (x, y), group.title)
            for panel in group.panels:
                _write(canvas, (x, y + round(1.4 * _TEXT)), panel.caption, _FAINT)
                _paste(sheet, panel, (x, y + 3 * _TEXT))
                x += panel.picture.shape[1] + _GAP
        y += height
    _legend(canvas, (_GAP, y + _TEXT))
    return sheet


def _legend(canvas: ImageDraw.ImageDraw, at: tuple[int, int]) -> None:
    """Draw a scale and say what holds for all pictures."""
    x, y = at
    length = round(_SCALE_MM / _PIXEL_MM)
    canvas.line([(x, y), (x + length, y)], fill=_INK, width=3)
    for end in (x, x + length):
        canvas.line([(end, y - 6), (end, y + 6)], fill=_INK, width=3)
    note = (
        f"{_SCALE_MM} mm, in the patient (CT) and at the detector (film). White is dense; every"
        " picture has its own window. Parallel rays. Research software, not for diagnosis."
    )
    _write(canvas, (x + length + _GAP, y - _TEXT // 2), note, _FAINT)


def _paste(sheet: Image.Image, panel: _Panel, at: tuple[int, int]) -> None:
    """Put a picture in its frame, with the patient's directions inside its edges."""
    rows, columns = panel.picture.shape
    sheet.paste(Image.fromarray(panel.picture), at)
    canvas = ImageDraw.Draw(sheet)
    x, y = at
    canvas.rectangle([x - 1, y - 1, x + columns, y + rows], outline=70)
    middles = (
        (x + 4, y + rows // 2, "lm"), (x + columns - 4, y + rows // 2, "rm"),
        (x + columns // 2, y + 4, "ma"), (x + columns // 2, y + rows - 4, "md"),
    )  # fmt: skip
    for letter, (left, top, anchor) in zip(panel.edges, middles, strict=False):
        canvas.text(
            (left, top), letter, fill=_INK, font=ImageFont.load_default(_LETTER), anchor=anchor,
            stroke_width=2, stroke_fill=0,
        )  # fmt: skip


def _write(canvas: ImageDraw.ImageDraw, at: tuple[int, int], text: str, ink: int = _INK) -> None:
    canvas.text(at, text, fill=ink, font=ImageFont.load_default(_TEXT))
