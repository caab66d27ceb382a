"""ROC curves with their bands, calibration, and what moving the threshold does."""

import matplotlib.ticker as ticks
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from osteon.reports.figure import (
    COLOURS,
    INK,
    MUTED,
    PAPER_WIDTH_IN,
    Figure,
    drawn,
    plain_axes,
    svg_text,
    unit_square,
)
from osteon.reports.records import Evaluation, Series
from osteon.reports.wording import SUBSET_TITLES, number, predictor_title

__all__ = ["binary_roc", "class_roc", "own_threshold_roc", "threshold_figure"]

_DASHES = {"header": (0, (1, 1.5)), "thumbnail": (0, (4, 2))}
_SENSITIVITY_FIRST = ("sensitivity", "specificity")
_BAND = (
    "Curves are averaged vertically over the replicates; bands hold 95 % of them at each"
    " false-positive fraction, as Krogue et al. 2020 drew them: with few patients of a class they"
    " are too narrow. One random image of each patient is kept in every replicate."
)


def _curve_table(evaluation: Evaluation, curve_id: str, wanted: list[Series]) -> pd.DataFrame:
    parts = []
    for series in wanted:
        curve = evaluation.curve(series, curve_id)
        if curve is None:
            continue
        measure_id = "binary.auroc" if curve_id == "roc.positive" else f"class.auroc.{curve_id[4:]}"
        area = evaluation.find(series, measure_id)
        parts.append(
            pd.DataFrame(
                {
                    "subset": series.subset,
                    "predictor": series.predictor,
                    "box_source": series.box_source,
                    "curve": curve_id.removeprefix("roc."),
                    "false_positive_fraction": curve.x,
                    "sensitivity": curve.y,
                    "low": curve.low,
                    "high": curve.high,
                    "auroc": area.one_image.value if area else np.nan,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _draw_curves(axes: Axes, table: pd.DataFrame, *, with_labels: bool) -> None:
    subsets = list(dict.fromkeys(table["subset"]))
    for (subset, predictor, box), rows in table.groupby(
        ["subset", "predictor", "box_source"], sort=False
    ):
        series = Series(str(subset), str(predictor), str(box))
        area = number(float(rows["auroc"].iloc[0]), "binary.auroc")
        x, y = rows["false_positive_fraction"], rows["sensitivity"]
        if predictor == "model":
            colour = COLOURS[subsets.index(subset)]
            is_manual = box == "manual"
            if is_manual:
                axes.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.16, lw=0)
            words = f"{SUBSET_TITLES[series.subset]}, {box} boxes: {area}"
            dash = "-" if is_manual else (0, (3, 1.5))
            axes.plot(x, y, color=colour, linestyle=dash, lw=2 if is_manual else 1.4)
        else:
            words = f"{predictor_title(series)}: {area}"
            dash = _DASHES.get(series.predictor, ":")
            axes.plot(x, y, color=INK, linestyle=dash, lw=1.2)
        axes.lines[-1].set_label(words if with_labels else "_")


def binary_roc(evaluation: Evaluation) -> Figure | None:
    """Draw the ROC curve of the binary question, every subset and baseline, with bands.

    ``None`` where no subset has both hips with a fracture and without.
    """
    first = evaluation.subsets[0]
    wanted = [
        series
        for series in evaluation.series
        if series.predictor == "model" or series.subset == first
    ]
    table = _curve_table(evaluation, "roc.positive", wanted)
    if table.empty:
        return None
    with drawn(PAPER_WIDTH_IN, 5.7) as canvas:
        axes = canvas.add_subplot()
        unit_square(axes)
        _draw_curves(axes, table, with_labels=True)
        axes.set(xlabel="100 − specificity, %", ylabel="Sensitivity, %")
        canvas.legend(loc="outside lower left", title="Area under the curve", alignment="left")
        svg = svg_text(canvas)
    areas = ", ".join(
        f"{SUBSET_TITLES[str(s)]} {number(float(rows['auroc'].iloc[0]), 'binary.auroc')}"
        for s, rows in table[table["box_source"] == "manual"].groupby("subset", sort=False)
    )
    return Figure(
        "roc_binary",
        "Fracture or not: ROC",
        f"{_BAND} Baselines on the {SUBSET_TITLES[first].lower()} set.",
        f"ROC curves of fracture against no fracture. Areas: {areas}.",
        svg,
        table,
    )


def class_roc(evaluation: Evaluation) -> Figure | None:
    """Draw the ROC curve of every class against the rest, with bands; ``None`` without any."""
    wanted = [Series(subset, "model", "manual") for subset in evaluation.subsets]
    tables = [_curve_table(evaluation, f"roc.{name}", wanted) for name in evaluation.classes]
    if all(table.empty for table in tables):
        return None
    rows = (len(tables) + 1) // 2
    with drawn(PAPER_WIDTH_IN, 0.6 + 2.25 * rows) as canvas:
        panels = canvas.subplots(rows, 2, sharex=True, sharey=True).ravel()
        for panel, name, table in zip(panels, evaluation.classes, tables, strict=False):
            unit_square(panel)
            panel.set_title(evaluation.title(name), fontsize=9)
            if table.empty:
                panel.text(0.5, 0.5, "no case", ha="center", color=MUTED)
                continue
            _draw_curves(panel, table, with_labels=False)
            for index, (_, part) in enumerate(table.groupby("subset", sort=False)):
                text = f"AUC {number(float(part['auroc'].iloc[0]), 'class.auroc')}"
                panel.text(0.97, 0.05 + 0.12 * index, text, ha="right", color=COLOURS[index])
        for panel in panels[len(tables) :]:
            panel.set_visible(False)
        canvas.supxlabel("100 − specificity, %", fontsize=9.5)
        canvas.supylabel("Sensitivity, %", fontsize=9.5)
        handles = [
            panels[0].plot([], [], color=COLOURS[i], label=SUBSET_TITLES[s])[0]
            for i, s in enumerate(evaluation.subsets)
        ]
        canvas.legend(handles=handles, loc="outside upper left", ncols=2)
        svg = svg_text(canvas)
    table = pd.concat(tables, ignore_index=True)
    return Figure(
        "roc_per_class",
        "Every class against the rest: ROC",
        f"{_BAND} Manual boxes.",
        f"ROC curves with bands for {', '.join(evaluation.titles)}, each against the rest.",
        svg,
        table,
    )


def own_threshold_roc(evaluation: Evaluation) -> Figure | None:
    """Draw a hard class's ROC curve with two points: as it is, and at its own threshold."""
    name = evaluation.own_class
    own = [p for p in evaluation.thresholds if p.score == name and p.predictor == "model"]
    if name is None or not own:
        return None
    wanted = [Series(subset, "model", "manual") for subset in evaluation.subsets]
    table = _curve_table(evaluation, f"roc.{name}", wanted)
    if table.empty:
        return None
    points = _own_points(evaluation, wanted, name)
    with drawn(PAPER_WIDTH_IN, 5.5) as canvas:
        axes = canvas.add_subplot()
        unit_square(axes)
        _draw_curves(axes, table, with_labels=True)
        for _, point in points.iterrows():
            index = evaluation.subsets.index(str(point["subset"]))
            marker, words = ("o", "as it is") if point["kind"] == "as it is" else ("D", "own")
            axes.plot(
                point["false_positive_fraction"],
                point["sensitivity"],
                marker,
                color="white" if words == "own" else COLOURS[index],
                markeredgecolor=COLOURS[index],
                markeredgewidth=1.8,
                markersize=8,
                zorder=5,
            )
        axes.set(xlabel="100 − specificity, %", ylabel="Sensitivity, %")
        canvas.legend(loc="outside lower left", title="Area under the curve", alignment="left")
        svg = svg_text(canvas)
    title = evaluation.title(name)
    return Figure(
        "own_threshold_roc",
        f"{title}: moving its threshold",
        f"Disc: as it is. Open diamond: at the threshold {own[0].threshold:.3f}, frozen on tuning"
        f" data. {_BAND}",
        f"ROC curve of {title.lower()} against the rest, with the point as it is and the point at"
        " its own threshold.",
        svg,
        pd.concat([table.assign(kind="curve"), points], ignore_index=True),
    )


def _own_points(evaluation: Evaluation, wanted: list[Series], name: str) -> pd.DataFrame:
    rows = []
    for series in wanted:
        for kind, stem in (("as it is", "class"), ("own threshold", "own_threshold")):
            pair = [evaluation.find(series, f"{stem}.{m}.{name}") for m in _SENSITIVITY_FIRST]
            values = [np.nan if m is None else m.one_image.value for m in pair]
            rows.append(
                {
                    "subset": series.subset,
                    "kind": kind,
                    "false_positive_fraction": 1 - values[1],
                    "sensitivity": values[0],
                }
            )
    return pd.DataFrame(rows)


def threshold_figure(evaluation: Evaluation) -> Figure | None:
    """Draw sensitivity and specificity over the threshold, with the frozen points."""
    points = [p for p in evaluation.thresholds if p.score == "positive" and p.predictor == "model"]
    parts = []
    for subset in evaluation.subsets:
        curve = evaluation.curve(Series(subset, "model", "manual"), "steps.positive")
        if curve is not None and curve.threshold is not None:
            cuts = np.clip(curve.threshold, 0, 1)
            frame = pd.DataFrame({"threshold": cuts, "sensitivity": curve.y})
            parts.append(frame.assign(specificity=1 - curve.x, subset=subset, kind="curve"))
    if not parts:
        return None
    frozen = pd.DataFrame([{"threshold": p.threshold, "point": p.name} for p in points])
    table = pd.concat([*parts, frozen.assign(kind="frozen point")], ignore_index=True)
    with drawn(PAPER_WIDTH_IN, 4.0) as canvas:
        axes = canvas.add_subplot()
        plain_axes(axes)
        for index, part in enumerate(parts):
            words = SUBSET_TITLES[str(part["subset"].iloc[0])]
            colour = COLOURS[index]
            axes.step(
                part["threshold"], part["sensitivity"], color=colour, label=f"{words}: sensitivity"
            )
            axes.step(
                part["threshold"],
                part["specificity"],
                color=colour,
                linestyle=(0, (4, 2)),
                label=f"{words}: specificity",
            )
        for cut in sorted({p.threshold for p in points}):
            axes.axvline(cut, color=INK, lw=0.9, linestyle=":")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Threshold of the probability of fracture")
        axes.yaxis.set_major_formatter(ticks.PercentFormatter(1.0, symbol=""))
        axes.set_ylabel("%")
        canvas.legend(loc="outside lower left", ncols=2)
        svg = svg_text(canvas)
    names = ", ".join(f"{p.name.replace('_', ' ')} {p.threshold:.3f}" for p in points)
    return Figure(
        "thresholds",
        "Moving the threshold",
        f"Dotted lines: thresholds frozen on tuning data ({names}). Manual boxes.",
        "Sensitivity falls and specificity rises as the threshold grows; dotted lines mark the"
        " frozen operating points.",
        svg,
        table,
    )
