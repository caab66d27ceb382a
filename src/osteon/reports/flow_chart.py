"""Draw the flow of patients, images and hips, from the files to the test results (STARD 2015)."""

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from osteon.cohort.flow import FlowChart, FlowCounts, SearchStep
from osteon.reports.figure import Figure
from osteon.reports.flow_view import (
    FlowBox,
    FlowView,
    Numbers,
    SearchBoxes,
    counted,
    flow_view,
)
from osteon.reports.records import Evaluation

__all__ = ["flow_figure", "flow_svg"]

_INK, _MUTED, _LINE, _WASH, _EDGE = "#1b2a33", "#5b6b75", "#8a99a3", "#f4f7f8", "#d3dbe0"
_FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_WIDTH, _MAIN, _SIDE_X, _PAD = 900.0, 320.0, 372.0, 16.0
_GAP, _BETWEEN, _LINE_HEIGHT = 26.0, 14.0, 19.0
_CHARACTER = 6.7  # widest mean width of a letter at the size of the text, in pixels
_COLUMNS = (176.0, 86.0, 0.0)  # where the numbers of a reason end, from the right edge


@dataclass(slots=True)
class _Canvas:
    """Shapes and words collected from top to bottom."""

    shapes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, *, is_quiet: bool) -> None:
        fill, stroke = (_WASH, _EDGE) if is_quiet else ("#ffffff", _INK)
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"'
            f' fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>'
        )

    def path(self, steps: str, *, has_tip: bool = True) -> None:
        tip = ' marker-end="url(#tip)"' if has_tip else ""
        self.shapes.append(f'<path d="{steps}" fill="none" stroke="{_LINE}"{tip}/>')

    def text(self, x: float, y: float, words: str, style: str = "t") -> None:
        self.words.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{html.escape(words)}</text>'
        )


def flow_figure(chart: FlowChart, evaluation: Evaluation | None = None) -> Figure:
    """Draw the chart as SVG, with its counts as the table behind it."""
    view = flow_view(chart, evaluation)
    return Figure(
        "flow_chart",
        "Flow of patients, images and hips",
        "An image leaves with its last hip, a patient with the last image, so every column adds up."
        " A hip counts under the first reason it fails for.",
        f"Flow chart. Read: {_said(chart.start)}. Left out: {_said(chart.start - chart.final)}."
        f" Included: {_said(chart.final)}.",
        flow_svg(view),
        _table(chart),
    )


def _said(counts: FlowCounts) -> str:
    return ", ".join(f"{number} {word}" for number, word in counted(counts))


def _table(chart: FlowChart) -> pd.DataFrame:
    """List every box; those of the search of reports count examinations, the others the rest."""
    rows: list[tuple[str, str, str, FlowCounts]] = [("read", "", "", chart.start)]
    rows += [("left out", step.level, step.reason, step.excluded) for step in chart.steps]
    rows.append(("included", "", "", chart.final))
    rows += [("subset", "", name, counts) for name, counts in chart.subsets.items()]
    counted = [
        (*names, pd.NA, counts.patients, counts.images, counts.hips) for *names, counts in rows
    ]
    columns = ["level", "decided_by", "what", "examinations", "patients", "images", "hips"]
    table = pd.DataFrame([*_search_rows(chart.search), *counted], columns=columns)
    return table.astype(dict.fromkeys(columns[3:], "Int64"))


def _search_rows(steps: Sequence[SearchStep]) -> list[tuple[object, ...]]:
    """List the reports searched, what left and what was drawn, and the films asked for."""
    if not steps:
        return []
    rows = [("searched", "", "", steps[0].remaining + steps[0].left_out)]
    for step in steps:
        level = "drawn" if step.left_out < 0 else "not asked for"
        rows.append((level, "reports", step.reason, abs(step.left_out)))
    rows.append(("asked for", "", "", steps[-1].remaining))
    return [(*row, pd.NA, pd.NA, pd.NA) for row in rows]


def flow_svg(view: FlowView) -> str:
    """Draw the boxes of a chart, whatever is counted in them."""
    canvas = _Canvas()
    middle = _MAIN / 2
    top = 1.0 if view.search is None else _search(canvas, view.search, 1.0) + _GAP
    start = bottom = _main_box(canvas, view.start.title, view.start.numbers, top)
    if view.files:
        side = _files_box(canvas, view.files_title, view.files, top)
        canvas.path(f"M{_SIDE_X:.1f} {top + 23:.1f}H{_MAIN + 3:.1f}", has_tip=False)
        bottom = max(bottom, side - _GAP)
    for stage in view.stages:
        top = bottom + _GAP
        side = _side_box(canvas, stage.left_out, top)
        canvas.path(f"M{middle:.1f} {top + 22:.1f}H{_SIDE_X - 2:.1f}")
        below = side + _GAP
        canvas.path(f"M{middle:.1f} {start:.1f}V{below - 2:.1f}")
        remaining = stage.remaining
        bottom = _main_box(canvas, remaining.title, remaining.numbers, below)
        start = bottom
    bottom = _ends(canvas, view.subsets, bottom)
    return _document(canvas, bottom + 2)


def _search(canvas: _Canvas, search: SearchBoxes, y: float) -> float:
    """Draw what led to the films; gives the lower edge."""
    middle = _MAIN / 2
    above = _main_box(canvas, "Reports searched", search.read, y)
    top = above + _GAP
    below = _search_side(canvas, search.left_out, top) + _GAP
    canvas.path(f"M{middle:.1f} {top + 22:.1f}H{_SIDE_X - 2:.1f}")
    canvas.path(f"M{middle:.1f} {above:.1f}V{below - 2:.1f}")
    bottom = _main_box(canvas, "Films asked for", search.asked_for, below)
    canvas.path(f"M{middle:.1f} {bottom:.1f}V{bottom + _GAP - 2:.1f}")
    return bottom


def _search_side(canvas: _Canvas, rows: tuple[tuple[str, str], ...], y: float) -> float:
    width = _WIDTH - _SIDE_X - 1
    words = [(number, _wrapped(sentence, width - 60)) for number, sentence in rows]
    height = 2 * _PAD + 10 + _LINE_HEIGHT * sum(len(lines) for _, lines in words)
    canvas.box(_SIDE_X, y, width, height, is_quiet=True)
    at = y + _PAD + 10
    canvas.text(_SIDE_X + _PAD, at, "Reports left out", "h")
    for number, lines in words:
        canvas.text(_WIDTH - 1 - _PAD, at + _LINE_HEIGHT, number, "r")
        for line in lines:
            at += _LINE_HEIGHT
            canvas.text(_SIDE_X + _PAD, at, line)
    return y + height


def _main_box(canvas: _Canvas, title: str, numbers: Numbers, y: float) -> float:
    """Draw a box of the main line; gives its lower edge."""
    height = 2 * _PAD + 52
    canvas.box(1, y, _MAIN, height, is_quiet=False)
    canvas.text(1 + _PAD, y + _PAD + 10, title, "h")
    _numbers(canvas, numbers, 1 + _PAD, y + _PAD + 34, (_MAIN - 2 * _PAD) / 3)
    return y + height


def _numbers(canvas: _Canvas, numbers: Numbers, x: float, y: float, step: float) -> None:
    for place, (number, word) in enumerate(numbers):
        canvas.text(x + place * step, y, number, "n")
        canvas.text(x + place * step, y + 16, word, "s")


def _files_box(canvas: _Canvas, title: str, files: tuple[str, ...], y: float) -> float:
    lines = _wrapped("; ".join(files), _WIDTH - _SIDE_X)
    height = 2 * _PAD + 10 + _LINE_HEIGHT * len(lines)
    canvas.box(_SIDE_X, y, _WIDTH - _SIDE_X - 1, height, is_quiet=True)
    canvas.text(_SIDE_X + _PAD, y + _PAD + 10, title, "h")
    for place, line in enumerate(lines, start=1):
        canvas.text(_SIDE_X + _PAD, y + _PAD + 10 + place * _LINE_HEIGHT, line)
    return y + height


def _side_box(canvas: _Canvas, box: FlowBox, y: float) -> float:
    """Draw what was left out, its reasons as rows of a small table; gives its lower edge."""
    width = _WIDTH - _SIDE_X - 1
    words = [_wrapped(row.words, width - _COLUMNS[-len(box.numbers)] - 60) for row in box.rows]
    lines = [line for sentence in box.lines for line in _wrapped(sentence, width)]
    rows = sum(map(len, words)) + len(lines)
    height = 2 * _PAD + 10 + _LINE_HEIGHT * rows
    canvas.box(_SIDE_X, y, width, height, is_quiet=True)
    at = y + _PAD + 10
    ends = [_WIDTH - 1 - _PAD - gap for gap in _COLUMNS[-len(box.numbers) :]]
    canvas.text(_SIDE_X + _PAD, at, box.title, "h")
    for end, (number, word) in zip(ends, box.numbers, strict=True):
        canvas.text(end, at, f"{number} {word}", "r b")
    at += 4
    for row, own in zip(box.rows, words, strict=True):
        for place, line in enumerate(own):
            at += _LINE_HEIGHT
            canvas.text(_SIDE_X + _PAD, at, line)
            if place == 0:
                for end, (number, _) in zip(ends, row.numbers, strict=True):
                    canvas.text(end, at, number, "r")
    for line in lines:
        at += _LINE_HEIGHT
        canvas.text(_SIDE_X + _PAD, at, line, "s")
    return y + height


def _wrapped(words: str, width: float) -> list[str]:
    return textwrap.wrap(words, max(int((width - 2 * _PAD) / _CHARACTER), 12))


def _ends(canvas: _Canvas, boxes: tuple[FlowBox, ...], bottom: float) -> float:
    """Draw the subsets beside one another; gives the lower edge."""
    if not boxes:
        return bottom
    fork, y = bottom + _GAP, bottom + 2 * _GAP
    width = (_WIDTH - 2 - _BETWEEN * (len(boxes) - 1)) / len(boxes)
    lefts = [1 + place * (width + _BETWEEN) for place in range(len(boxes))]
    middles = [left + width / 2 for left in lefts]
    own = _MAIN / 2
    canvas.path(f"M{own:.1f} {bottom:.1f}V{fork:.1f}", has_tip=False)
    canvas.path(f"M{min(own, *middles):.1f} {fork:.1f}H{max(own, *middles):.1f}", has_tip=False)
    wrapped = [[line for text in box.lines for line in _wrapped(text, width)] for box in boxes]
    height = 2 * _PAD + 52 + max(len(lines) for lines in wrapped) * (_LINE_HEIGHT - 2)
    for box, left, centre, lines in zip(boxes, lefts, middles, wrapped, strict=True):
        canvas.path(f"M{centre:.1f} {fork:.1f}V{y - 2:.1f}")
        canvas.box(left, y, width, height, is_quiet=False)
        canvas.text(left + _PAD, y + _PAD + 10, box.title, "h")
        step = min((width - 2 * _PAD) / 3, 96.0)
        _numbers(canvas, box.numbers, left + _PAD, y + _PAD + 34, step)
        for place, line in enumerate(lines, start=1):
            canvas.text(left + _PAD, y + _PAD + 52 + place * (_LINE_HEIGHT - 2), line, "s")
    return y + height


def _document(canvas: _Canvas, height: float) -> str:
    style = (
        f"text{{font-family:{_FONT};font-size:13px;fill:{_INK}}}"
        f".h{{font-size:13.5px;font-weight:600}}.n{{font-size:19px;font-weight:600}}"
        f".s{{font-size:12px;fill:{_MUTED}}}.r{{text-anchor:end}}.b{{font-weight:600}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}"'
        f' width="{_WIDTH:.0f}" height="{height:.0f}">\n<style>{html.escape(style, quote=False)}'
        '</style>\n<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7"'
        f' markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{_LINE}"/></marker>'
        f'</defs>\n<g stroke-width="1.4">{"".join(canvas.shapes)}</g>\n'
        f"{''.join(canvas.words)}\n</svg>\n"
    )
