"""Draw the flow of images, hips and patients, from the files to the test results."""

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from osteon.cohort.flow import FlowChart, FlowCounts
from osteon.reports.figure import Figure
from osteon.reports.records import Evaluation, Series
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["FlowBox", "FlowView", "flow_figure", "flow_view"]

_INK, _LINE, _WASH = "#1b2a33", "#5b6b75", "#f4f7f8"
_FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_WIDTH, _GAP, _PAD, _ROW = 760, 34, 12, 18
_INDENT = "\u2002\u2009"  # as wide as the dash and its space


@dataclass(frozen=True, slots=True)
class FlowBox:
    """A box: a heading, what is counted, and further lines."""

    title: str
    counts: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowView:
    """The boxes of a chart: what was read, what was left out, what is in, and the subsets."""

    start: FlowBox
    left_out: FlowBox
    included: FlowBox
    subsets: tuple[FlowBox, ...]


def flow_view(chart: FlowChart, evaluation: Evaluation | None = None) -> FlowView:
    """Write a chart's counts as the sentences of its boxes.

    Test subsets also say what the index test made of them when an evaluation is given.
    """
    steps = [step for step in chart.steps if step.excluded != FlowCounts(0, 0, 0)]
    lines = [f"{_words(step.reason)}: {_counts(step.excluded)}" for step in steps]
    if unused := [_words(step.reason).lower() for step in chart.steps if step not in steps]:
        lines.append(f"Looked for, and not met: {', '.join(unused)}")
    if chart.files_excluded:
        reasons = ", ".join(
            f"{_words(reason).lower()} {count}" for reason, count in chart.files_excluded.items()
        )
        lines.insert(0, f"Files not taken ({sum(chart.files_excluded.values())}): {reasons}")
    subsets = tuple(
        FlowBox(SUBSET_TITLES.get(name, name), _counts(counts), _index_test(evaluation, name))
        for name, counts in chart.subsets.items()
    )
    return FlowView(
        FlowBox("Read", _counts(chart.start)),
        FlowBox("Left out", _counts(chart.start - chart.final), tuple(lines)),
        FlowBox("Included", _counts(chart.final)),
        subsets,
    )


def _words(reason: str) -> str:
    """Write a reason's code as words, e.g. ``under_18`` as "Under 18"."""
    text = reason.replace("_", " ")
    return text[:1].upper() + text[1:]


def _counts(counts: FlowCounts) -> str:
    parts = (("image", counts.images), ("hip", counts.hips), ("patient", counts.patients))
    return " · ".join(f"{n:,}\u00a0{word}{'' if n == 1 else 's'}" for word, n in parts)


def _index_test(evaluation: Evaluation | None, subset: str) -> tuple[str, ...]:
    if evaluation is None or subset not in evaluation.subsets:
        return ()
    series = Series(subset, "model", "manual")
    lines = []
    for measure_id, words in (
        ("binary.sensitivity", "with a fracture, {hit} called a fracture"),
        ("binary.specificity", "without, {hit} not called one"),
    ):
        measure = evaluation.find(series, measure_id)
        if measure is not None and measure.whole_patient.is_defined:
            estimate = measure.whole_patient
            hit = round(estimate.value * estimate.n)
            lines.append(f"{estimate.n} {words.format(hit=hit)}")
    return tuple(lines)


def flow_figure(chart: FlowChart, evaluation: Evaluation | None = None) -> Figure:
    """Draw the chart as SVG, with its counts as the table behind it."""
    view = flow_view(chart, evaluation)
    return Figure(
        "flow_chart",
        "Flow of images, hips and patients",
        "An image leaves with its last hip, a patient with the last image.",
        f"Flow chart. Read: {view.start.counts}. Left out: {view.left_out.counts}."
        f" Included: {view.included.counts}.",
        _svg(view),
        _table(chart),
    )


def _table(chart: FlowChart) -> pd.DataFrame:
    rows: list[tuple[str, str, FlowCounts]] = [("read", "", chart.start)]
    rows += [("left out", step.reason, step.excluded) for step in chart.steps]
    rows.append(("included", "", chart.final))
    rows += [("subset", name, counts) for name, counts in chart.subsets.items()]
    return pd.DataFrame(
        [
            {
                "level": level,
                "what": what,
                "images": c.images,
                "hips": c.hips,
                "patients": c.patients,
            }
            for level, what, c in rows
        ]
    )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A box laid out: its place, size and SVG."""

    x: float
    y: float
    width: float
    height: float
    text: str


def _svg(view: FlowView) -> str:
    left, right = _WIDTH * 0.44, _WIDTH * 0.46
    start = _box(view.start, 1, 1, left)
    out = _box(view.left_out, _WIDTH - right - 1, 1, right, is_quiet=True)
    included_y = max(start.height, out.height) + _GAP
    included = _box(view.included, 1, included_y, left)
    ends = _ends(view.subsets, included_y + included.height + 2 * _GAP)
    height = max(box.y + box.height for box in (included, *ends)) + 2
    middle, side = left / 2, start.y + 24
    lines = [
        _arrow((middle, start.y + start.height), (middle, included.y)),
        _arrow((left + 1, side), (out.x, side)),
    ]
    if ends:
        fork = included.y + included.height + _GAP
        centres = [box.x + box.width / 2 for box in ends]
        first, last = min(*centres, middle), max(*centres, middle)
        lines.append(f'<path d="M{middle:.1f} {included.y + included.height:.1f}V{fork:.1f}"/>')
        lines.append(f'<path d="M{first:.1f} {fork:.1f}H{last:.1f}"/>')
        lines += [_arrow((x, fork), (x, ends[0].y)) for x in centres]
    boxes = "".join(box.text for box in (start, out, included, *ends))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}"'
        f' width="{_WIDTH}" height="{height:.0f}" font-family="{_FONT}" font-size="13.5">\n'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
        f' markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{_LINE}"/></marker>'
        f'</defs>\n<g fill="none" stroke="{_LINE}" stroke-width="1.4">{"".join(lines)}</g>\n'
        f"{boxes}\n</svg>\n"
    )


def _ends(boxes: Sequence[FlowBox], y: float) -> list[_Drawn]:
    if not boxes:
        return []
    width = (_WIDTH - 2 - 14 * (len(boxes) - 1)) / len(boxes)
    return [_box(box, 1 + i * (width + 14), y, width) for i, box in enumerate(boxes)]


def _box(box: FlowBox, x: float, y: float, width: float, *, is_quiet: bool = False) -> _Drawn:
    room = int((width - 2 * _PAD) / 6.5)
    lines = [(line, False) for line in textwrap.wrap(box.counts, room)]
    for sentence in box.lines:
        wrapped = textwrap.wrap(sentence, room - 2)
        lines += [(f"{'– ' if i == 0 else _INDENT}{line}", True) for i, line in enumerate(wrapped)]
    height = 2 * _PAD + _ROW * (len(lines) + 1) - 4
    fill, stroke = (_WASH, "#c3cdd3") if is_quiet else ("#ffffff", _INK)
    parts = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4"'
        f' fill="{fill}" stroke="{stroke}" stroke-width="1.4"/>',
        _line(box.title, x + _PAD, y + _PAD + 12, is_bold=True),
    ]
    for row, (words, is_small) in enumerate(lines, start=1):
        place = y + _PAD + 12 + row * _ROW
        parts.append(_line(words, x + _PAD, place, colour="#4f5f69" if is_small else _INK))
    return _Drawn(x, y, width, height, "".join(parts))


def _line(words: str, x: float, y: float, *, is_bold: bool = False, colour: str = _INK) -> str:
    weight = ' font-weight="600"' if is_bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}"{weight}>{html.escape(words)}</text>'


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    path = f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"
    return f'<path d="{path}" marker-end="url(#tip)"/>'
