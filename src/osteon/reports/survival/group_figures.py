"""Figures of risk groups, with the numbers at risk under the axis, and of recalibration."""

import numpy as np
import pandas as pd

from osteon.reports.figure import COLOURS, INK, MUTED, PAPER_WIDTH_IN, Figure, drawn, plain_axes
from osteon.reports.figure import svg_text as saved
from osteon.reports.survival.figures import curve_table, per_cent, stepped_band, year_axis
from osteon.reports.survival.recalibration import AS_IT_IS, LEVEL, LEVEL_AND_SPREAD
from osteon.reports.survival.records import RiskGroups, SurvivalEvaluation
from osteon.reports.survival.wording import horizon_title, model_title
from osteon.reports.wording import SUBSET_TITLES, p_value_text

__all__ = ["group_figure", "recalibration_figure"]

_OF_GROUPS = (COLOURS[2], COLOURS[4], COLOURS[1], COLOURS[3])  # low to high
_VERSIONS = {AS_IT_IS: "As it is", LEVEL: "Level updated", LEVEL_AND_SPREAD: "Level and spread"}


def group_figure(evaluation: SurvivalEvaluation, item: RiskGroups) -> Figure:
    """Draw the cumulative incidence of each risk group over the numbers at risk."""
    last = evaluation.horizons[-1]
    parts, tops = [], [0.05]
    rows = len(item.groups)
    with drawn(PAPER_WIDTH_IN, 4.1 + 0.24 * rows) as canvas:
        upper, lower = canvas.subplots(2, 1, height_ratios=(13, 1 + rows), sharex=True)
        plain_axes(upper)
        for index, group in enumerate(item.groups):
            colour = _OF_GROUPS[index % len(_OF_GROUPS)]
            if group.curve is None:
                continue
            label = f"{group.title}: {group.events} of {group.patients}"
            stepped_band(upper, group.curve, colour, label)
            until = group.curve.x <= last
            tops.append(float(np.nanmax(np.nan_to_num(group.curve.high[until]), initial=0.0)))
            parts.append(curve_table(item.subset, item.model, group.title, group.curve))
        year_axis(upper, last)
        upper.set_ylim(0, min(1.0, 1.05 * max(tops)))
        per_cent(upper, "y")
        upper.set_ylabel("Fracture, death competing, %")
        upper.tick_params(labelbottom=True)
        upper.set_xlabel("Years from the index date")
        upper.legend(loc="upper left", title="Fractures of patients", alignment="left")
        lower.spines[:].set_visible(False)
        lower.tick_params(length=0, pad=8, labelbottom=False)
        lower.set_ylim(rows, -1)
        lower.set_yticks(
            np.arange(rows) + 0.2, [group.title.removesuffix(" risk") for group in item.groups]
        )
        lower.text(0, -0.6, "At risk", color=MUTED, fontsize=8.5, ha="left")
        for index, group in enumerate(item.groups):
            colour = _OF_GROUPS[index % len(_OF_GROUPS)]
            for day, count in zip(group.at_risk.days, group.at_risk.counts, strict=True):
                where = "left" if day == 0 else "right" if day >= last else "center"
                lower.text(day, index + 0.35, f"{count}", color=colour, fontsize=9, ha=where)
        svg = saved(canvas)
    words = "; ".join(
        f"{group.title}: {', '.join(map(str, group.at_risk.counts))}" for group in item.groups
    )
    return Figure(
        f"risk_groups_{item.subset}",
        f"Groups by predicted risk: {SUBSET_TITLES[item.subset].lower()}",
        f"Aalen-Johansen with 95 % bands. Cut points from the {item.cut_points_from}"
        f" patients. Log-rank P {p_value_text(item.test.p_value)} (cause-specific; not Gray’s"
        " test).",
        f"Cumulative incidence by risk group. At risk each year: {words}.",
        svg,
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(),
    )


def recalibration_figure(evaluation: SurvivalEvaluation) -> Figure | None:
    """Draw observed over expected before and after the update, with intervals."""
    found = evaluation.recalibration
    if found is None:
        return None
    by_key = {(m.model, m.id): m.estimate for m in found.measures}
    rows = []
    for place, horizon in enumerate(evaluation.horizons):
        for index, version in enumerate(_VERSIONS):
            estimate = by_key.get((version, f"calibration.oe.{horizon:g}"))
            if estimate is not None and estimate.is_defined:
                numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
                at = place + 0.2 * (index - 1)
                rows.append({"days": horizon, "version": version, "at": at, **numbers})
    if not rows:
        return None
    table = pd.DataFrame(rows)
    with drawn(PAPER_WIDTH_IN, 3.3) as canvas:
        axes = canvas.add_subplot()
        plain_axes(axes)
        axes.axhline(1, color=INK, lw=0.9)
        for index, (version, title) in enumerate(_VERSIONS.items()):
            own = table[table["version"] == version]
            axes.vlines(own["at"], own["low"], own["high"], color=COLOURS[index], lw=1.6)
            axes.plot(own["at"], own["value"], "o", color=COLOURS[index], ms=5, label=title)
        axes.set_yscale("log")
        ticks_at = [t for t in (0.125, 0.25, 0.5, 1, 2, 4, 8) if _inside(t, table)]
        axes.set_yticks(ticks_at, [f"{t:g}" for t in ticks_at])
        axes.minorticks_off()
        axes.set_xticks(
            range(len(evaluation.horizons)), [horizon_title(h) for h in evaluation.horizons]
        )
        axes.grid(visible=False, axis="x")
        axes.set_ylabel("Observed / expected")
        canvas.legend(loc="outside lower center", ncols=len(_VERSIONS))
        svg = saved(canvas)
    return Figure(
        "recalibration",
        "Before and after recalibration",
        f"{model_title(found.model)}, {found.tested_patients} outside patients who did not fit"
        " it; 95 % intervals. At 1 the level is right; below, risks are too high.",
        "Observed over expected risk before and after recalibration at each horizon.",
        svg,
        table.drop(columns="at"),
    )


def _inside(tick: float, table: pd.DataFrame) -> bool:
    low, high = min(0.7, float(table["low"].min())), max(1.4, float(table["high"].max()))
    return low / 1.3 <= tick <= high * 1.3
