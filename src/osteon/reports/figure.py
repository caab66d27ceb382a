"""A figure and the table it was drawn from; how every figure of the reports looks."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.ticker as ticks
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from osteon.core.files import write_text
from osteon.reports.csv_files import csv_text

__all__ = [
    "COLOURS",
    "INK",
    "MUTED",
    "PAPER_WIDTH_IN",
    "Figure",
    "drawn",
    "plain_axes",
    "svg_text",
    "unit_square",
]

PAPER_WIDTH_IN = 4.8  # one column of a page, and a phone held upright without zooming
INK, MUTED, GRID = "#1b2a33", "#5b6b75", "#dfe5e8"
# Okabe and Ito 2008: told apart with any common colour-vision deficiency, and in grey
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8a6d00", "#56B4E9")
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "osteon",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same layout on every machine
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
_SCREEN_FONTS = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A drawing with everything a page or a paper needs of it.

    Parameters
    ----------
    name
        File name without its ending.
    title, caption
        Heading, and what a reader must know to read it.
    alt
        What the figure shows, for those who cannot see it.
    svg
        The drawing.
    data
        The numbers that were drawn, and nothing else.
    """

    name: str
    title: str
    caption: str
    alt: str
    svg: str
    data: pd.DataFrame

    @property
    def csv(self) -> str:
        """The numbers that were drawn, as CSV."""
        return csv_text(self.data)

    def write(self, folder: Path) -> None:
        """Write ``name.svg`` and ``name.csv``."""
        write_text(folder / f"{self.name}.svg", self.svg)
        write_text(folder / f"{self.name}.csv", self.csv)


@contextmanager
def drawn(width_in: float, height_in: float) -> Iterator[Canvas]:
    """Give an empty canvas in the reports' style; draw and call :func:`svg_text` inside."""
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        yield Canvas(figsize=(width_in, height_in), layout="constrained")


def svg_text(canvas: Canvas) -> str:
    """Save as SVG: no date, stable ids, text as text, the reader's own sans-serif."""
    buffer = io.StringIO()
    canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().replace("'DejaVu Sans'", _SCREEN_FONTS)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    return re.sub(r"<!DOCTYPE.*?>\s*", "", text, flags=re.DOTALL)


def plain_axes(axes: Axes, *, grid: bool = True) -> None:
    """Leave out what carries no information."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=3)
    if grid:
        axes.grid(visible=True)
        axes.set_axisbelow(True)


def unit_square(axes: Axes) -> None:
    """Make axes for two shares, in per cent, with the diagonal."""
    plain_axes(axes)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, zorder=1)
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticks.MultipleLocator(0.25))
        axis.set_major_formatter(ticks.FuncFormatter(lambda x, _: f"{x * 100:.0f}"))
