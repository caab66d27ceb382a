"""Tables of risk groups and of recalibration."""

import pandas as pd

from osteon.reports.survival.recalibration import AS_IT_IS, LEVEL, LEVEL_AND_SPREAD
from osteon.reports.survival.records import (
    Recalibration,
    RiskGroups,
    SurvivalEvaluation,
    measure_row,
)
from osteon.reports.survival.table_parts import group_heading
from osteon.reports.survival.wording import horizon_title, model_title
from osteon.reports.table import Cell, Row, Table, estimate_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES, p_value_text

__all__ = ["recalibration_table", "risk_group_table"]

_VERSIONS = {
    AS_IT_IS: "As it is",
    LEVEL: "Level updated",
    LEVEL_AND_SPREAD: "Level and spread updated",
}


def risk_group_table(evaluation: SurvivalEvaluation) -> Table | None:
    """Cumulative incidence of each risk group at each horizon, with the test between groups."""
    if not evaluation.groups:
        return None
    rows: list[Row] = []
    for item in evaluation.groups:
        words = (
            f"{SUBSET_TITLES[item.subset]}: Gray P {p_value_text(item.gray.p_value)},"
            f" log-rank P {p_value_text(item.test.p_value)}"
        )
        rows.append(Row((text_cell(words),), "group"))
        for group in item.groups:
            numbers = (f"{x:,}" for x in (group.patients, group.events, group.deaths))
            cells = [Cell(number, is_number=True) for number in numbers]
            cells += [estimate_cell(group.incidence[f"{h:g}"], "risk") for h in evaluation.horizons]
            rows.append(Row((text_cell(group.title), *cells)))
    first = evaluation.groups[0]
    cuts = ", ".join(f"{cut:.3g}".replace("-", "−") for cut in first.cut_points)
    return Table(
        name="risk_groups",
        title="Groups by predicted risk",
        note="Cumulative incidence of a fracture in per cent, death competing (95 % interval,"
        f" Aalen-Johansen). Cut points ({cuts}) of the score of the"
        f" {model_title(first.model).lower()} are quantiles of the {first.cut_points_from}"
        " patients. Gray’s test (1988) compares the cumulative incidences, the log-rank test the"
        " cause-specific hazards (death ends follow-up as if censored)."
        + "".join(f" {SUBSET_TITLES[item.subset]}: no Gray’s test, {item.gray.reason}."
                  for item in evaluation.groups if item.gray.reason),
        head=(
            "", "Patients", "Fractures", "Deaths",
            *(f"By {horizon_title(h)}, %" for h in evaluation.horizons),
        ),
        rows=tuple(rows),
        data=pd.concat([_group_data(item) for item in evaluation.groups], ignore_index=True),
    )  # fmt: skip


def _group_data(item: RiskGroups) -> pd.DataFrame:
    rows = []
    for group in item.groups:
        for days, estimate in group.incidence.items():
            parts = {p: getattr(estimate, p) for p in ("value", "low", "high", "reason")}
            counts = {"patients": group.patients, "events": group.events, "deaths": group.deaths}
            tests = {"p_gray": item.gray.p_value, "p_log_rank": item.test.p_value}
            where = {"subset": item.subset, "group": group.title}
            rows.append({**where, **counts, "days": days, **parts, **tests})
    return pd.DataFrame(rows)


def recalibration_table(evaluation: SurvivalEvaluation) -> Table | None:
    """Calibration and accuracy before and after the update, on those who fitted nothing."""
    found = evaluation.recalibration
    if found is None:
        return None
    parts = ("risk.observed", "risk.predicted", "calibration.oe", "calibration.slope",
             "calibration.ici", "brier_ipcw", "ipa")  # fmt: skip
    by_key = {(m.model, m.id): m for m in found.measures}
    rows: list[Row] = []
    for horizon in evaluation.horizons:
        events = next(m.events for m in found.measures if m.id == f"brier_ipcw.{horizon:g}")
        rows.append(group_heading(horizon_title(horizon), events))
        for version, title in _VERSIONS.items():
            ids = [f"{part}.{horizon:g}" for part in parts]
            measures = [by_key.get((version, name)) for name in ids]
            if not any(measures):
                continue
            cells = [
                Cell("–", title="not measured", is_number=True)
                if measure is None
                else estimate_cell(measure.estimate, name)
                for measure, name in zip(measures, ids, strict=True)
            ]
            rows.append(Row((text_cell(title), *cells)))
    return Table(
        name="recalibration",
        title="Before and after recalibration, on patients who did not fit it",
        note=_recalibration_note(found),
        head=("", "Observed, %", "Predicted, %", "O/E", "Slope", "ICI, %", "Brier", "Scaled, %"),
        rows=tuple(rows),
        data=pd.DataFrame([measure_row(measure) for measure in found.measures]),
    )


def _recalibration_note(found: Recalibration) -> str:
    level, slope = found.intercept, found.slope
    words = (
        f"{model_title(found.model)}, fitted on {found.fitted_on}: {found.patients:,} patients,"
        f" {found.events:,} fractures; tested on the other {found.tested_patients:,}. "
    )
    if not level.is_defined:
        return words + f"No update could be fitted: {level.reason}."
    words += f"Level: log hazard moved by {_signed(level.formatted(2))}. "
    if slope.is_defined:
        words += f"Level and spread: log hazards multiplied by {_signed(slope.formatted(2))}. "
    return words + (
        "Ranks, and so C and AUC, are not changed by the level. The tables above show the model as"
        " it is, on all test patients."
    )


def _signed(text: str) -> str:
    return text.replace("-", "−")
