"""From a study folder to the report of a survival study: read, evaluate, draw, write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.files import read_json
from osteon.core.schemas import (
    EXCLUSIONS,
    FOLLOW_UP,
    RISK_SCORES,
    SPLITS,
    SURVIVAL_CURVES,
    exclusion_rows,
)
from osteon.core.tables import Schema, read_table
from osteon.errors import StudyError
from osteon.reports.build import report_folder
from osteon.reports.checklist import checklist_table, load_checklist
from osteon.reports.published import load_published
from osteon.reports.survival.evaluation import evaluate_survival
from osteon.reports.survival.facts import survival_facts, survival_limitations
from osteon.reports.survival.flow import survival_flow
from osteon.reports.survival.page import (
    SurvivalContent,
    write_survival_numbers,
    write_survival_report,
)
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.table import Table

__all__ = [
    "SurvivalExtras",
    "SurvivalReportPlan",
    "build_survival_report",
    "evaluate_survival_run",
]


@dataclass(frozen=True, slots=True)
class SurvivalReportPlan:
    """What a recipe decides about its report.

    Parameters
    ----------
    title, question, outcome
        The recipe's sentences; ``outcome`` says what a subsequent fracture is.
    seed
        Names the random numbers of the bootstraps.
    is_synthetic
        Whether any patient is synthetic.
    analysis
        Horizons, comparisons, family.
    published
        The paper's numbers, or ``None``.
    """

    title: str
    question: str
    outcome: str
    seed: int
    is_synthetic: bool
    analysis: SurvivalAnalysisPlan = field(default_factory=SurvivalAnalysisPlan)
    published: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalExtras:
    """What a report can show beyond the study folder's tables; all of it optional.

    Parameters
    ----------
    exclusions
        Table EXCLUSIONS of the stages that left patients out, for the flow chart.
    series_left_out
        CT series that were not used, by reason.
    characteristics
        Further tables of who the patients are.
    seeds
        The ensemble seed by seed, see :mod:`osteon.reports.survival.seeds`.
    control
        The negative control, see :mod:`osteon.reports.survival.negative_control`.
    facts
        Answers of the checklist that only the recipe knows, by fact.
    records
        Title to JSON-like value, shown at the end.
    """

    exclusions: pd.DataFrame = field(default_factory=lambda: exclusion_rows(()))
    series_left_out: Mapping[str, int] = field(default_factory=dict)
    characteristics: tuple[Table, ...] = ()
    seeds: Table | None = None
    control: Table | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)


def evaluate_survival_run(
    study: Path,
    run_id: str,
    plan: SurvivalReportPlan,
    *,
    ceiling_log_hazard: Mapping[str, float] | None = None,
) -> SurvivalEvaluation:
    """Evaluate a run of a study folder, and write its numbers.

    Reads ``follow_up`` and ``splits`` of ``tables/``, ``risk_scores`` and ``survival_curves`` of
    ``runs/<run>/`` (Parquet). Writes ``evaluation.json`` and ``tables/*.csv`` below
    ``reports/<run>/``.

    Raises
    ------
    StudyError
        If one of the tables is not there.
    TableError
        If a table does not fit.
    """
    tables, run = study / "tables", study / "runs" / run_id
    found = evaluate_survival(
        _read(FOLLOW_UP, tables, "the cohort stage"),
        _read(SPLITS, tables, "the split stage"),
        _read(RISK_SCORES, run, "the prediction stage"),
        _read(SURVIVAL_CURVES, run, "the prediction stage"),
        is_synthetic=plan.is_synthetic,
        seed=plan.seed,
        plan=plan.analysis,
        ceiling_log_hazard=ceiling_log_hazard,
    )
    write_survival_numbers(found, report_folder(study, run_id))
    return found


def _read(schema: Schema, folder: Path, stage: str) -> pd.DataFrame:
    path = folder / f"{schema.name}.parquet"
    if not path.exists():
        raise StudyError(f"table {schema.name} is not at {path}", remedy=f"run {stage} first")
    return read_table(schema, path)


def build_survival_report(
    study: Path,
    run_id: str,
    plan: SurvivalReportPlan,
    *,
    made_on: str,
    extras: SurvivalExtras | None = None,
) -> Path:
    """Make the page of a run that has been evaluated.

    Parameters
    ----------
    study, run_id, plan
        As in :func:`evaluate_survival_run`.
    made_on
        The day in words, shown on the page.
    extras
        Exclusions, Table 1, further facts and records.

    Returns
    -------
    The path of ``reports/<run>/index.html``.

    Raises
    ------
    StudyError
        If the run was not evaluated.
    """
    folder, more = report_folder(study, run_id), extras or SurvivalExtras()
    path = folder / "evaluation.json"
    if not path.exists():
        raise StudyError(
            f"run {run_id} is not evaluated", remedy=f"osteon evaluate --study {study}"
        )
    evaluation = SurvivalEvaluation.from_json(read_json(path))
    facts = survival_facts(
        evaluation, question=plan.question, outcome=plan.outcome, has_flow=True, known=more.facts
    )
    content = SurvivalContent(
        title=plan.title,
        question=plan.question,
        run_id=run_id,
        made_on=made_on,
        evaluation=evaluation,
        flow=survival_flow(
            evaluation.counts, EXCLUSIONS.checked(more.exclusions),
            series_left_out=more.series_left_out,
        ),
        characteristics=more.characteristics,
        seeds=more.seeds,
        control=more.control,
        published=None if plan.published is None else load_published(plan.published),
        checklists=(checklist_table(load_checklist("tripod_ai"), facts),),
        limitations=survival_limitations(evaluation),
        records={"Analysis plan": evaluation.settings, **more.records},
    )  # fmt: skip
    return write_survival_report(content, folder)
