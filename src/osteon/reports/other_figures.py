"""Confusion matrices, overlap of boxes, learning curves and the subgroup forest."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.ticker as ticks
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from osteon.reports.figure import (
    COLOURS,
    INK,
    PAPER_WIDTH_IN,
    Figure,
    drawn,
    plain_axes,
    svg_text,
)
from osteon.reports.records import ALL_CASES, Confusion, Evaluation, Series
from osteon.reports.subgroups import SUBGROUP_TITLES
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["confusion_figures", "iou_figure", "learning_figure", "subgroup_figure"]

_BLUES = LinearSegmentedColormap.from_list("osteon", ["#ffffff", "#0b5c8f"])


def confusion_figures(evaluation: Evaluation) -> list[Figure]:
    """Draw the normalised confusion matrix of the model, every subset and box source."""
    return [
        _confusion_figure(evaluation, item)
        for item in evaluation.confusions
        if item.series.predictor == "model"
    ]


def _confusion_figure(evaluation: Evaluation, confusion: Confusion) -> Figure:
    counts = np.array(confusion.counts)
    rows = [evaluation.title(name) for name in confusion.classes]
    columns = [*rows, "Not found"]
    if not counts[:, -1].any():
        counts, columns = counts[:, :-1], columns[:-1]
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    table = pd.DataFrame(
        [
            {
                "reference_standard": rows[i],
                "called": columns[j],
                "count": int(counts[i, j]),
                "share_of_row": shares[i, j],
            }
            for i, j in np.ndindex(counts.shape)
        ]
    )
    words = f"{SUBSET_TITLES[confusion.series.subset]}, {confusion.series.box_source} boxes"
    with drawn(PAPER_WIDTH_IN, 4.7) as canvas:
        axes = canvas.add_subplot()
        _draw_matrix(axes, counts, shares)
        axes.set_xticks(range(len(columns)), [_wrapped(c) for c in columns], rotation=90, size=8.5)
        names = [f"{_wrapped(r)} ({n})" for r, n in zip(rows, totals.ravel(), strict=True)]
        axes.set_yticks(range(len(rows)), names, size=8.5)
        axes.tick_params(which="both", length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="Called by the model", ylabel="Reference standard")
        svg = svg_text(canvas)
    return Figure(
        f"confusion_{confusion.series.subset}_{confusion.series.box_source}",
        f"Confusion matrix: {words}",
        "Every row sums to 100 %; small figures count hips on films.",
        f"Confusion matrix of {len(rows)} classes, {words}.",
        svg,
        table,
    )


def _draw_matrix(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    rows, columns = shares.shape
    edges = [np.arange(size + 1) - 0.5 for size in (columns, rows)]
    mesh = axes.pcolormesh(edges[0], edges[1], shares, cmap=_BLUES, vmin=0, vmax=1)
    mesh.set(edgecolor="white", linewidth=2)
    axes.invert_yaxis()
    for i, j in np.ndindex(rows, columns):
        if counts[i, j]:
            colour = "white" if shares[i, j] > 0.55 else INK
            percent, count = f"{shares[i, j] * 100:.0f} %", f"{counts[i, j]}"
            axes.text(j, i - 0.12, percent, ha="center", va="center", color=colour)
            axes.text(j, i + 0.24, count, ha="center", va="center", color=colour, size=7.5)


def _wrapped(title: str) -> str:
    """Break a long class name."""
    return "\n".join(textwrap.wrap(title, 14, break_long_words=False))


def iou_figure(evaluation: Evaluation) -> Figure | None:
    """Draw how well automatic boxes overlap the reference boxes."""
    items = [item for item in evaluation.histograms if item.id == "iou" and sum(item.counts) > 0]
    if not items:
        return None
    parts = [
        pd.DataFrame(
            {
                "subset": item.series.subset,
                "iou_from": item.edges[:-1],
                "iou_to": item.edges[1:],
                "hips": item.counts,
            }
        )
        for item in items
    ]
    lowest = min(float(p.loc[p["hips"] > 0, "iou_from"].min()) for p in parts)
    with drawn(PAPER_WIDTH_IN, 1.0 + 1.7 * len(parts)) as canvas:
        panels = np.atleast_1d(canvas.subplots(len(parts), 1, sharex=True))
        for index, (panel, part) in enumerate(zip(panels, parts, strict=True)):
            plain_axes(panel)
            panel.bar(
                part["iou_from"],
                part["hips"],
                width=part["iou_to"] - part["iou_from"],
                align="edge",
                color=COLOURS[index],
                edgecolor="white",
            )
            panel.set_title(SUBSET_TITLES[str(part["subset"].iloc[0])])
            panel.set_ylabel("Hips on films")
            panel.yaxis.set_major_locator(ticks.MaxNLocator(4, integer=True))
        panels[-1].set(xlim=(min(lowest, 0.5), 1), xlabel="Overlap with the reference box (IoU)")
        svg = svg_text(canvas)
    table = pd.concat(parts, ignore_index=True)
    return Figure(
        "iou",
        "Automatic boxes: overlap",
        "Hips the detector missed have no overlap and are counted in the table.",
        "Histogram of the intersection over union of automatic and reference boxes.",
        svg,
        table,
    )


def learning_figure(name: str, title: str, epochs: Sequence[Mapping[str, float]]) -> Figure | None:
    """Draw the loss and the tuning metrics of a training over its epochs.

    Parameters
    ----------
    name, title
        File name and heading of the part that was trained.
    epochs
        The rows of ``metrics.jsonl``: ``epoch``, ``training_loss`` and ``tuning_<metric>``.
    """
    table = pd.DataFrame(list(epochs))
    wanted = [c for c in table.columns if c == "training_loss" or c.startswith("tuning_")]
    if len(table) < 2 or not wanted:
        return None
    table = table[["epoch", *wanted]]
    losses = [c for c in wanted if c.endswith("loss")]
    others = [c for c in wanted if not c.endswith("loss")]
    panels_of = [group for group in (losses, others) if group]
    with drawn(PAPER_WIDTH_IN, 0.8 + 1.9 * len(panels_of)) as canvas:
        panels = np.atleast_1d(canvas.subplots(len(panels_of), 1, sharex=True))
        for panel, names in zip(panels, panels_of, strict=True):
            plain_axes(panel)
            for index, column in enumerate(names):
                rows = table.dropna(subset=[column])
                words = column.replace("_", " ")
                colour = COLOURS[index % len(COLOURS)]
                panel.plot(rows["epoch"] + 1, rows[column], color=colour, label=words)
            panel.legend(loc="best")
        panels[-1].set_xlabel("Epoch")
        panels[-1].xaxis.set_major_locator(ticks.MaxNLocator(6, integer=True))
        svg = svg_text(canvas)
    return Figure(
        name,
        title,
        f"{len(table)} epochs; tuning metrics decide when training stops and what is kept.",
        f"{title}: training loss and tuning metrics over {len(table)} epochs.",
        svg,
        table,
    )


def subgroup_figure(evaluation: Evaluation) -> Figure | None:
    """Draw the area under the ROC curve of every subgroup as a forest."""
    table = _forest_table(evaluation)
    if table.empty:
        return None
    groups = list(dict.fromkeys(zip(table["column"], table["group"], strict=True)))
    subsets = list(dict.fromkeys(table["subset"]))
    lines = _forest_lines(groups)
    height = 0.9 + 0.235 * len(lines)
    with drawn(PAPER_WIDTH_IN, height) as canvas:
        axes = canvas.add_subplot()
        plain_axes(axes, grid=False)
        axes.grid(axis="x")
        for place, (column, group) in enumerate(lines):
            if group is None:
                axes.text(-0.02, place, column, ha="right", va="center", weight="bold", size=8.5,
                          transform=axes.get_yaxis_transform())  # fmt: skip
                continue
            axes.text(-0.02, place, group, ha="right", va="center", size=8.5,
                      transform=axes.get_yaxis_transform())  # fmt: skip
        _forest_marks(axes, table, lines, subsets)
        axes.set(ylim=(len(lines) - 0.5, -0.5), yticks=[], xlabel="Area under the ROC curve")
        axes.spines["left"].set_visible(False)
        axes.set_xlim(max(0.0, float(np.nanmin(table["low"])) - 0.03), 1.005)
        canvas.legend(loc="outside upper right", ncols=2)
        svg = svg_text(canvas)
    return Figure(
        "subgroups",
        "Subgroups: fracture or not",
        "Area under the ROC curve with 95 % interval (whole patients), manual boxes. Dotted"
        " lines: all cases. Groups without both kinds of hip have no area.",
        "Forest plot of the area under the ROC curve by subgroup.",
        svg,
        table,
    )


def _forest_table(evaluation: Evaluation) -> pd.DataFrame:
    rows = []
    for measure in evaluation.measures:
        series = measure.series
        is_model = series == Series(series.subset, "model", "manual")
        if measure.id != "binary.auroc" or not is_model:
            continue
        column, _, group = measure.group.partition("=")
        estimate = measure.whole_patient
        if estimate.is_defined:
            rows.append(
                {
                    "subset": series.subset,
                    "column": "" if measure.group == ALL_CASES else column,
                    "group": evaluation.title(group) if column == "fracture" else group,
                    "auroc": estimate.value,
                    "low": estimate.low,
                    "high": estimate.high,
                    "n": estimate.n,
                }
            )
    return pd.DataFrame(rows)


def _forest_lines(groups: Sequence[tuple[str, str]]) -> list[tuple[str, str | None]]:
    lines: list[tuple[str, str | None]] = []
    for column in dict.fromkeys(column for column, _ in groups if column):
        lines.append((SUBGROUP_TITLES.get(column, column).partition(",")[0], None))
        lines += [(column, group) for own, group in groups if own == column]
    return lines


def _forest_marks(
    axes: Axes, table: pd.DataFrame, lines: Sequence[tuple[str, str | None]], subsets: list[str]
) -> None:
    for index, subset in enumerate(subsets):
        own = table[table["subset"] == subset]
        colour, shift = COLOURS[index], 0.17 * (2 * index - (len(subsets) - 1))
        overall = own[own["column"] == ""]["auroc"]
        if len(overall):
            axes.axvline(float(overall.iloc[0]), color=colour, lw=0.9, linestyle=":")
        for place, (column, group) in enumerate(lines):
            row = own[(own["column"] == column) & (own["group"] == group)]
            if group is None or row.empty:
                continue
            value, low, high = (float(row[name].iloc[0]) for name in ("auroc", "low", "high"))
            axes.plot([low, high], [place + shift] * 2, color=colour, lw=1.5)
            axes.plot([value], [place + shift], "s", color=colour, markersize=4.5)
        axes.plot([], [], "s-", color=colour, markersize=4.5, label=SUBSET_TITLES[subset])
