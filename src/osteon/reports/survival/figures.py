"""Figures of a survival evaluation: ranking, risks over time, calibration, net benefit, groups."""

import matplotlib.ticker as ticks
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from osteon.core.records import Curve
from osteon.reports.figure import (
    COLOURS,
    INK,
    MUTED,
    PAPER_WIDTH_IN,
    Figure,
    drawn,
    plain_axes,
    svg_text,
)
from osteon.reports.survival.model_curves import OBSERVED
from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.survival.wording import horizon_title, model_title
from osteon.reports.wording import SUBSET_TITLES

__all__ = [
    "calibration_figure",
    "curve_table",
    "decision_figure",
    "events_told",
    "per_cent",
    "ranking_figure",
    "risk_figure",
    "stepped_band",
    "year_axis",
]

_WIDE_IN = 9.4


def per_cent(axes: Axes, *which: str) -> None:
    """Write an axis of shares in per cent."""
    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_formatter(ticks.FuncFormatter(lambda x, _: f"{x * 100:g}"))


def year_axis(axes: Axes, last_days: float) -> None:
    """Write an axis of days in years of 365 days."""
    axes.set_xlim(0, last_days)
    axes.xaxis.set_major_locator(ticks.MultipleLocator(365.0))
    axes.xaxis.set_major_formatter(ticks.FuncFormatter(lambda x, _: f"{x / 365:.0f}"))


def events_told(evaluation: SurvivalEvaluation, subset: str) -> str:
    """Say how many fractures are behind a figure, in all and by each horizon."""
    counts = evaluation.count(subset)
    by = ", ".join(
        f"{counts.events_by[f'{h:g}']} by {horizon_title(h)}" for h in evaluation.horizons
    )
    return f"Fractures: {counts.events}, of them {by}."


def stepped_band(axes: Axes, curve: Curve, colour: str, label: str) -> None:
    """Draw a step curve of incidence from 0 with its band."""
    x = np.concatenate([[0.0], curve.x])
    y, low, high = (np.concatenate([[0.0], part]) for part in (curve.y, curve.low, curve.high))
    axes.step(x, y, where="post", color=colour, label=label)
    axes.fill_between(x, low, high, step="post", color=colour, alpha=0.14, linewidth=0)


def curve_table(subset: str, model: str, kind: str, curve: Curve) -> pd.DataFrame:
    """Write a curve as rows: what was drawn."""
    parts = {"x": curve.x, "y": curve.y, "low": curve.low, "high": curve.high}
    return pd.DataFrame({"subset": subset, "model": model, "curve": kind, **parts})


def ranking_figure(evaluation: SurvivalEvaluation, subset: str) -> Figure | None:
    """Draw the concordance and the area at each horizon of every model, with intervals."""
    ids = ["concordance.harrell", *(f"auroc.{h:g}" for h in evaluation.horizons)]
    models = evaluation.models(subset)
    rows = [
        {
            "subset": subset, "model": model, "measure": name, "value": found.estimate.value,
            "low": found.estimate.low, "high": found.estimate.high, "events": found.events,
        }
        for model in models
        for name in ids
        if (found := evaluation.find(subset, model, name)) and found.estimate.is_defined
    ]  # fmt: skip
    if not rows:
        return None
    table = pd.DataFrame(rows)
    least = min(0.4, float(table[["value", "low"]].min().min()) - 0.02)
    with drawn(_WIDE_IN, 0.9 + 0.3 * len(models)) as canvas:
        panels = canvas.subplots(1, len(ids), sharey=True)
        for panel, name in zip(np.atleast_1d(panels), ids, strict=True):
            plain_axes(panel)
            panel.spines["left"].set_visible(False)
            panel.axvline(0.5, color=MUTED, lw=0.9)
            for place, model in enumerate(models):
                own = table[(table["model"] == model) & (table["measure"] == name)]
                is_main = model == evaluation.main_model
                colour = COLOURS[0] if is_main else INK
                panel.hlines([place] * len(own), own["low"], own["high"], color=colour,
                             lw=2.4 if is_main else 1.2)  # fmt: skip
                panel.plot(own["value"], [place] * len(own), "o", color=colour, ms=5)
            panel.set(xlim=(least, 1.0), ylim=(len(models) - 0.4, -0.6))
            panel.xaxis.set_major_locator(ticks.MultipleLocator(0.2))
            which = name.partition(".")[2]
            kind = name.startswith("concordance")
            panel.set_title("Harrell’s C" if kind else f"AUC, {horizon_title(float(which))}")
            panel.tick_params(axis="y", length=0)
            panel.grid(visible=False, axis="y")
        np.atleast_1d(panels)[0].set_yticks(
            range(len(models)), [model_title(model) for model in models]
        )
        svg = svg_text(canvas)
    return Figure(
        f"ranking_{subset}",
        f"Who fractures first: {SUBSET_TITLES[subset].lower()}",
        f"95 % intervals. The line at 0.5 is chance. {events_told(evaluation, subset)}",
        f"Concordance and areas of {len(models)} models on the {SUBSET_TITLES[subset].lower()} set,"
        " with intervals.",
        svg,
        table,
    )


def risk_figure(evaluation: SurvivalEvaluation) -> Figure | None:
    """Draw observed cumulative incidence and the mean predicted risk of each test subset."""
    parts, last = [], evaluation.horizons[-1]
    with drawn(PAPER_WIDTH_IN, 3.7) as canvas:
        axes = canvas.add_subplot()
        plain_axes(axes)
        for index, subset in enumerate(evaluation.subsets):
            observed = evaluation.curve(subset, OBSERVED, "risk.observed")
            mean = evaluation.curve(subset, evaluation.main_model, "risk.mean")
            if observed is None or mean is None:
                continue
            title = SUBSET_TITLES[subset]
            stepped_band(axes, observed, COLOURS[index], f"{title}: observed")
            axes.plot(mean.x, mean.y, "--", color=COLOURS[index], label=f"{title}: predicted")
            parts += [
                curve_table(subset, OBSERVED, "aalen_johansen", observed),
                curve_table(subset, evaluation.main_model, "mean_risk", mean),
            ]
        if not parts:
            return None
        table = pd.concat(parts, ignore_index=True)
        shown = table[table["x"] <= last]
        year_axis(axes, last)
        axes.set_ylim(0, float(np.nanmax(shown[["y", "high"]].to_numpy())) * 1.08)
        per_cent(axes, "y")
        axes.set(xlabel="Years from the index date", ylabel="Fracture, death competing, %")
        axes.legend(loc="upper left")
        svg = svg_text(canvas)
    events = "; ".join(
        f"{SUBSET_TITLES[subset]}: {evaluation.count(subset).events} fractures"
        for subset in evaluation.subsets
    )
    return Figure(
        "risk_over_time",
        "Predicted and observed risk over time",
        f"Solid: Aalen-Johansen with its 95 % band; dashed: mean risk by the"
        f" {model_title(evaluation.main_model).lower()}. {events}.",
        "Observed cumulative incidence and mean predicted risk of each test set.",
        svg,
        table,
    )


def calibration_figure(evaluation: SurvivalEvaluation, subset: str) -> Figure | None:
    """Draw groups and the smooth curve of each calibrated model at each horizon."""
    models = [
        model for model in evaluation.settings["calibrated_models"]
        if any(c.subset == subset and c.model == model for c in evaluation.curves)
    ]  # fmt: skip
    parts = []
    horizons = evaluation.horizons
    with drawn(_WIDE_IN, 3.9) as canvas:
        panels = np.atleast_1d(canvas.subplots(1, len(horizons), sharex=True, sharey=True))
        for panel, horizon in zip(panels, horizons, strict=True):
            plain_axes(panel)
            panel.set_title(horizon_title(horizon))
            for index, model in enumerate(models):
                groups = evaluation.curve(subset, model, f"calibration.groups.{horizon:g}")
                smooth = evaluation.curve(subset, model, f"calibration.smooth.{horizon:g}")
                if groups is None or smooth is None or np.isnan(groups.y).all():
                    continue
                colour = COLOURS[index]
                smooth = _between_groups(smooth, groups)
                panel.plot(smooth.x, smooth.y, color=colour, lw=1.4, label=model_title(model))
                if index == 0:
                    panel.fill_between(smooth.x, smooth.low, smooth.high, color=colour, alpha=0.13,
                                       linewidth=0)  # fmt: skip
                    panel.vlines(groups.x, groups.low, groups.high, color=colour, lw=1)
                panel.plot(groups.x, groups.y, "o", color=colour, ms=4)
                for kind, curve in (("groups", groups), ("smooth", smooth)):
                    parts.append(curve_table(subset, model, f"{kind}.{horizon:g}", curve))
        if not parts:
            return None
        table = pd.concat(parts, ignore_index=True)
        points = table[table["curve"].str.startswith("groups")]
        top = min(1.0, 1.12 * float(np.nanmax(points[["x", "y", "high"]].to_numpy())))
        for panel in panels:
            panel.plot([0, top], [0, top], color=MUTED, lw=0.8, zorder=1)
            panel.set(xlim=(0, top), ylim=(0, top), aspect="equal", xlabel="Predicted risk, %")
            per_cent(panel, "x", "y")
        panels[0].set_ylabel("Observed risk, %")
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=len(models))
        svg = svg_text(canvas)
    return Figure(
        f"calibration_{subset}",
        f"Calibration: {SUBSET_TITLES[subset].lower()}",
        f"Points: groups of equal numbers, Aalen-Johansen; lines: loess of pseudo-values between"
        " the outer groups. Intervals"
        f" and band (95 %) of the first model. On the diagonal risks are right."
        f" {events_told(evaluation, subset)}",
        f"Calibration at {len(horizons)} horizons on the {SUBSET_TITLES[subset].lower()} set.",
        svg,
        table,
    )


def _between_groups(smooth: Curve, groups: Curve) -> Curve:
    """Keep the smooth curve where it rests on groups: beyond them it rests on single patients."""
    kept = (smooth.x >= groups.x.min()) & (smooth.x <= groups.x.max())
    x, y, low, high = (part[kept] for part in (smooth.x, smooth.y, smooth.low, smooth.high))
    return Curve(x, y, low, high, smooth.x_name, smooth.y_name, smooth.method, smooth.n)


def decision_figure(evaluation: SurvivalEvaluation, subset: str) -> Figure | None:
    """Draw the net benefit of each calibrated model at each horizon, of all and of none."""
    horizons, parts = evaluation.horizons, []
    with drawn(_WIDE_IN, 3.3) as canvas:
        panels = np.atleast_1d(canvas.subplots(1, len(horizons), sharex=True, sharey=True))
        for panel, horizon in zip(panels, horizons, strict=True):
            plain_axes(panel)
            panel.set_title(horizon_title(horizon))
            everybody = evaluation.curve(subset, OBSERVED, f"decision.all.{horizon:g}")
            if everybody is None:
                panel.text(0.5, 0.5, "beyond follow-up", ha="center", color=MUTED,
                           transform=panel.transAxes)  # fmt: skip
                continue
            panel.plot(
                everybody.x, everybody.y, color=MUTED, lw=1.2, ls="--", label="Act on everybody"
            )
            parts.append(curve_table(subset, "everybody", f"{horizon:g}", everybody))
            for index, model in enumerate(evaluation.settings["calibrated_models"]):
                curve = evaluation.curve(subset, model, f"decision.{horizon:g}")
                if curve is None:
                    continue
                colour = COLOURS[index]
                panel.plot(curve.x, curve.y, color=colour, lw=1.6, label=model_title(model))
                if index == 0:
                    panel.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.13,
                                       linewidth=0)  # fmt: skip
                parts.append(curve_table(subset, model, f"{horizon:g}", curve))
        if not parts:
            return None
        table = pd.concat(parts, ignore_index=True)
        top = float(np.nanmax(table[["y", "high"]].to_numpy())) * 1.1
        for panel in panels:
            panel.axhline(0, color=INK, lw=0.9, label="Act on nobody")
            panel.set(xlim=(0, float(table["x"].max())), ylim=(-0.35 * top, top))
            panel.set_xlabel("Threshold risk, %")
            per_cent(panel, "x")
        panels[0].set_ylabel("Net benefit")
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        svg = svg_text(canvas)
    return Figure(
        f"decision_{subset}",
        f"Is acting on the risk worth it? {SUBSET_TITLES[subset]}",
        "Net benefit in true positives for each patient, death competing, censoring by"
        " Aalen-Johansen; 95 % band of the first model (pseudo-values, Gaffke’s limits)."
        f" {events_told(evaluation, subset)}",
        f"Decision curves at {len(horizons)} horizons on the {SUBSET_TITLES[subset].lower()} set.",
        svg,
        table,
    )
