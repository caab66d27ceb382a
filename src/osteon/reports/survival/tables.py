"""Tables of a survival evaluation: cohort, ranking, accuracy and calibration."""

from collections.abc import Callable, Sequence

import pandas as pd

from osteon.reports.survival.records import (
    ModelMeasure,
    SurvivalCounts,
    SurvivalEvaluation,
)
from osteon.reports.survival.table_parts import group_heading, subset_title
from osteon.reports.survival.wording import (
    folds_words,
    horizon_title,
    model_title,
    ranks_words,
)
from osteon.reports.table import (
    Cell,
    ColumnGroup,
    Row,
    Table,
    estimate_cell,
    text_cell,
)
from osteon.reports.wording import SUBSET_TITLES
from osteon.statistics.sample_size import hanley_mcneil_se

__all__ = [
    "accuracy_table",
    "calibration_table",
    "cohort_table",
    "ranking_table",
]

_TIES = (
    "An event tied with a censoring comes first, two events tied in time do not compare, equal"
    " scores count half."
)


def cohort_table(evaluation: SurvivalEvaluation) -> Table:
    """Patients, events, deaths and person-years of every subset, and what the events allow."""
    counts = evaluation.counts
    lines: list[tuple[str, Callable[[SurvivalCounts], Cell]]] = [
        ("Patients", lambda c: _count(c.patients)),
        ("Subsequent fractures", lambda c: _share(c.events, c.patients)),
        ("Deaths without one", lambda c: _share(c.deaths, c.patients)),
        ("Followed to the end, or lost", lambda c: _share(c.censored, c.patients)),
        ("Person-years", lambda c: Cell(f"{c.person_years:,.0f}", is_number=True)),
        ("Fractures for each 100 person-years", lambda c: estimate_cell(c.rate, "rate")),
        (
            "Median follow-up, days (reverse Kaplan-Meier)",
            lambda c: estimate_cell(c.median_follow_up_days, "days"),
        ),
        ("Longest follow-up, days", lambda c: Cell(f"{c.last_day:,.0f}", is_number=True)),
        ("Observed from after the index date", lambda c: _count(c.late_entries)),
    ]
    for horizon in evaluation.horizons:
        key = f"{horizon:g}"
        lines.append((f"Fractures within {horizon_title(horizon)}", _within(key)))
    area = float(evaluation.settings["expected_auroc"])
    title = f"95 % interval that so many fractures allow an AUC of {area:g}"
    lines.append((title, lambda c: _expected_interval(c, area)))
    rows = tuple(Row((text_cell(title), *(make(item) for item in counts))) for title, make in lines)
    return Table(
        name="cohort",
        title="Patients, follow-up and events",
        note=folds_words(evaluation.folds)
        + "Number (share of patients), or value (95 % interval). Person-years run from the start"
        " of observation to its end. The last row is Hanley and McNeil’s interval for all the"
        " fractures of a subset against all others: what the number of events alone allows,"
        " whichever the model.",
        head=("", *(SUBSET_TITLES[item.subset] for item in counts)),
        rows=rows,
        data=pd.DataFrame([_count_row(item) for item in counts]),
    )


def _within(key: str) -> Callable[[SurvivalCounts], Cell]:
    return lambda item: _count(item.events_by[key])


def _expected_interval(item: SurvivalCounts, area: float) -> Cell:
    others = item.patients - item.events
    if item.events < 1 or others < 1:
        return Cell("–", title="no fracture, or nobody without", is_number=True)
    half = 1.96 * hanley_mcneil_se(area, item.events, others)
    low, high = max(0.0, area - half), min(1.0, area + half)
    return Cell(f"{low:.2f} to {high:.2f}", is_number=True)


def _count(value: int) -> Cell:
    return Cell(f"{value:,}", is_number=True)


def _share(value: int, whole: int) -> Cell:
    return Cell(f"{value:,}", f"({100 * value / max(whole, 1):.1f} %)", is_number=True)


def _count_row(item: SurvivalCounts) -> dict[str, object]:
    names = (
        "subset", "patients", "cases", "events", "deaths", "censored", "person_years", "last_day",
        "late_entries",
    )  # fmt: skip
    row: dict[str, object] = {name: getattr(item, name) for name in names}
    for name in ("rate", "median_follow_up_days"):
        estimate = getattr(item, name)
        row |= {f"{name}_{part}": getattr(estimate, part) for part in ("value", "low", "high")}
    return row | {f"events_by_{days}": count for days, count in item.events_by.items()}


def ranking_table(evaluation: SurvivalEvaluation) -> Table:
    """Concordance and time-dependent areas of every model on every test subset."""
    horizons = evaluation.horizons
    ids = ["concordance.harrell", "concordance.uno", *(f"auroc.{h:g}" for h in horizons)]
    tau = horizon_title(float(evaluation.settings["tau_days"]))
    return _model_table(
        evaluation, ids,
        name="ranking",
        title="Concordance and time-dependent AUC",
        note=ranks_words(evaluation.folds)
        + f"Value (95 % interval, patients as clusters), chance is 0.5. {_TIES} Harrell’s C over"
        " all follow-up, death ending it as if censored (cause-specific); it depends on the"
        f" censoring of this study. Uno’s C weighs for censoring and stops at tau = {tau}. AUC:"
        " fracture by the horizon against all others, the dead among them (Blanche et al. 2013,"
        " second definition), weighted for censoring.",
        head=(
            "", "Harrell’s C", f"Uno’s C, to {tau}",
            *(f"AUC, {horizon_title(h)}" for h in horizons),
        ),
    )  # fmt: skip


def accuracy_table(evaluation: SurvivalEvaluation) -> Table:
    """Brier scores at the horizons and integrated, as they are and against the null model."""
    horizons = [f"{h:g}" for h in evaluation.horizons] + ["integrated"]
    ids = [f"{name}.{h}" for name in ("brier_ipcw", "ipa") for h in horizons]
    words = [*(horizon_title(h) for h in evaluation.horizons), "Integrated"]
    return _model_table(
        evaluation, ids,
        name="accuracy",
        title="Accuracy of the risks: Brier score, and against the null model",
        note="Value (95 % interval). Weighted for censoring; death counts as no fracture. Scaled:"
        " 1 − Brier / Brier of a model that gives everybody the Aalen-Johansen risk of these"
        " patients, in per cent (index of prediction accuracy): 0 is useless, below 0 worse. Its"
        " interval is a bootstrap of patients. Integrated: mean over time to the last horizon.",
        head=("", *(words * 2)),
        groups=(
            ColumnGroup("", 1),
            ColumnGroup("Brier score", len(words)),
            ColumnGroup("Scaled against the null model, %", len(words)),
        ),
    )  # fmt: skip


def calibration_table(evaluation: SurvivalEvaluation) -> Table:
    """Observed and predicted risk, their ratio, slope and ICI at each horizon."""
    parts = ("risk.observed", "risk.predicted", "calibration.oe", "calibration.slope",
             "calibration.ici", "calibration.e90")  # fmt: skip
    drawn = evaluation.settings["calibrated_models"]
    rows: list[Row] = []
    for subset in evaluation.subsets:
        for horizon in evaluation.horizons:
            title = f"{subset_title(evaluation, subset)}: {horizon_title(horizon)}"
            rows.append(group_heading(title, evaluation.count(subset).events_by[f"{horizon:g}"]))
            ids = [f"{part}.{horizon:g}" for part in parts]
            shown = [m for m in evaluation.models(subset) if m in drawn]
            rows += _model_rows(evaluation, subset, ids, shown)
    return Table(
        name="calibration",
        title="Do the risks mean what they say?",
        note="Value (95 % interval). Observed: Aalen-Johansen, death competing. O/E: observed over"
        " mean predicted risk, below 1 risks are too high. Slope 1 is right, below 1 risks are too"
        " far apart. ICI and E90: mean and 90th percentile of the distance between risks and the"
        " smooth curve, in percentage points. Models whose curves are drawn; every other is in the"
        " CSV.",
        head=("", "Observed risk, %", "Predicted, mean, %", "O/E", "Slope", "ICI, %", "E90, %"),
        rows=tuple(rows),
        data=_numbers(evaluation, lambda m: m.id.startswith(("calibration.", "risk."))),
    )


def _model_table(
    evaluation: SurvivalEvaluation,
    ids: Sequence[str],
    *,
    name: str,
    title: str,
    note: str,
    head: tuple[str, ...],
    groups: tuple[ColumnGroup, ...] = (),
) -> Table:
    rows: list[Row] = []
    for subset in evaluation.subsets:
        counts = evaluation.count(subset)
        rows.append(group_heading(subset_title(evaluation, subset), counts.events))
        rows += _model_rows(evaluation, subset, ids, evaluation.models(subset))
    wanted = set(ids)
    data = _numbers(evaluation, lambda m: m.id in wanted)
    return Table(name, title, note, head, tuple(rows), data, groups)


def _model_rows(
    evaluation: SurvivalEvaluation, subset: str, ids: Sequence[str], models: Sequence[str]
) -> list[Row]:
    rows = []
    for model in models:
        found = [evaluation.find(subset, model, name) for name in ids]
        if not any(found):
            continue
        cells = (_measure_cell(measure, name) for measure, name in zip(found, ids, strict=True))
        row = (text_cell(model_title(model)), *cells)
        rows.append(Row(row, "main" if model == evaluation.main_model else "body"))
    return rows


def _measure_cell(measure: ModelMeasure | None, measure_id: str) -> Cell:
    if measure is None:
        return Cell("–", title="not measured", is_number=True)
    return estimate_cell(measure.estimate, measure_id)


def _numbers(
    evaluation: SurvivalEvaluation, wanted: Callable[[ModelMeasure], bool]
) -> pd.DataFrame:
    table = evaluation.measures_table()
    names = {(m.subset, m.model, m.id) for m in evaluation.measures if wanted(m)}
    keys = zip(table["subset"], table["model"], table["id"], strict=True)
    return table[[key in names for key in keys]].reset_index(drop=True)
