"""From a study folder to its report: read, evaluate, draw, write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.cohort.flow import FlowChart
from osteon.cohort.table_one import table_one
from osteon.core.files import read_json, write_json, write_text
from osteon.core.labels import LabelSet
from osteon.core.schemas import CASES, DETECTIONS, PREDICTIONS, SPLITS
from osteon.core.tables import read_table
from osteon.errors import StudyError
from osteon.models.card_classifier import ClassifierCard
from osteon.reports.baselines import BaselineSettings, header_baseline, thumbnail_baseline
from osteon.reports.checklist import DIAGNOSTIC_CHECKLISTS, checklist_table, load_checklist
from osteon.reports.csv_files import csv_text
from osteon.reports.evaluation import EvaluationSettings, evaluate
from osteon.reports.facts import StudyFacts, limitations, study_facts
from osteon.reports.gallery import GALLERY_NOTE
from osteon.reports.html import GalleryItem, ReportContent, write_report
from osteon.reports.learning import read_learning
from osteon.reports.model_card import card_facts, card_table
from osteon.reports.operating_points import (
    TuningScores,
    choose_operating_points,
    read_operating_points,
)
from osteon.reports.patient_table import patient_table
from osteon.reports.pictures import evaluation_figures
from osteon.reports.published import load_published
from osteon.reports.records import Evaluation, FrozenThreshold
from osteon.reports.results import result_parts
from osteon.reports.thumbnails import Films, make_thumbnails

__all__ = ["ReportExtras", "ReportPlan", "build_report", "evaluate_run", "report_folder"]


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """What a recipe decides about its report.

    Parameters
    ----------
    title, question, reference_standard
        The recipe's sentences.
    label_set
        The classes.
    seed
        Names the random numbers of the bootstraps.
    published
        The paper's numbers, or ``None``.
    evaluation, baselines
        Settings of the two steps.
    """

    title: str
    question: str
    reference_standard: str
    label_set: LabelSet
    seed: int
    published: Path | None = None
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    baselines: BaselineSettings = field(default_factory=BaselineSettings)


@dataclass(frozen=True, slots=True, eq=False)
class ReportExtras:
    """What a report can show beyond the study folder's tables; all of it optional.

    Parameters
    ----------
    flow
        Counts from the files to the subsets.
    gallery
        Films the model got wrong, drawn by who has the model.
    card
        The model package's card.
    accepted_leakage
        What the audit for leakage looks for, in words, to the reason why findings are accepted.
    records
        Title to JSON-like value, shown at the end beside the manifests.
    """

    flow: FlowChart | None = None
    gallery: tuple[GalleryItem, ...] = ()
    card: ClassifierCard | None = None
    accepted_leakage: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)


def report_folder(study: Path, run_id: str) -> Path:
    """Where a run's report goes."""
    return study / "reports" / run_id


def evaluate_run(
    study: Path,
    run_id: str,
    plan: ReportPlan,
    *,
    films: Films | None = None,
    extra_boxes: Mapping[str, int] | None = None,
) -> Evaluation:
    """Evaluate a run of a study folder, and write its numbers.

    Reads ``tables/cases.parquet``, ``tables/splits.parquet``, ``runs/<run>/predictions.parquet``
    and, where it is, ``runs/<run>/operating_points.json``; its thresholds stand beside those
    chosen here on the tuning rows. Writes ``evaluation.json`` and ``tables/*.csv`` below
    ``reports/<run>/``.

    Parameters
    ----------
    study, run_id
        The study folder and the run.
    plan
        What the recipe decides.
    films
        Prepared films for the thumbnail baseline, usually a
        :class:`osteon.pixels.cache.PixelCache`; without them that baseline is left out.
    extra_boxes
        Subset to the number of automatic boxes without a labelled hip; by default what
        ``runs/<run>/detections.parquet`` says, where it is.

    Raises
    ------
    StudyError
        If the run has no predictions.
    TableError
        If a table does not fit.
    """
    cases, splits = _tables(study)
    run = study / "runs" / run_id
    if not (run / "predictions.parquet").exists():
        raise StudyError(
            f"run {run_id} has no predictions at {run}",
            remedy="run the prediction stage, or name another run",
        )
    predictions = read_table(PREDICTIONS, run / "predictions.parquet")
    baselines = _baselines(cases, splits, plan, films)
    points = _thresholds(run, predictions, baselines, plan)
    found = evaluate(
        predictions,
        cases,
        plan.label_set,
        points,
        seed=plan.seed,
        settings=plan.evaluation,
        baselines=baselines,
        extra_boxes=_extra_boxes(run) if extra_boxes is None else extra_boxes,
    )
    _write_numbers(found, report_folder(study, run_id))
    return found


def _extra_boxes(run: Path) -> dict[str, int]:
    path = run / "detections.parquet"
    if not path.exists():
        return {}
    boxes = read_table(DETECTIONS, path)
    is_extra = boxes["case_id"].isna()
    return {str(name): int(n) for name, n in is_extra.groupby(boxes["subset"]).sum().items()}


def _write_numbers(evaluation: Evaluation, folder: Path) -> None:
    for part in result_parts(evaluation, ()):
        for table in part.tables:
            table.write(folder / "tables")
    write_text(folder / "tables" / "measures.csv", csv_text(evaluation.measures_table()))
    write_json(folder / "evaluation.json", evaluation.to_json())


def _tables(study: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables = study / "tables"
    return read_table(CASES, tables / "cases.parquet"), read_table(
        SPLITS, tables / "splits.parquet"
    )


def _baselines(
    cases: pd.DataFrame, splits: pd.DataFrame, plan: ReportPlan, films: Films | None
) -> dict[str, pd.DataFrame]:
    found = {"header": header_baseline(cases, splits, plan.label_set, plan.baselines)}
    if films is not None:
        thumbnails = make_thumbnails(cases, films)
        found["thumbnail"] = thumbnail_baseline(
            thumbnails, cases, splits, plan.label_set, plan.baselines
        )
    return found


def _thresholds(
    run: Path,
    predictions: pd.DataFrame,
    baselines: Mapping[str, pd.DataFrame],
    plan: ReportPlan,
) -> tuple[FrozenThreshold, ...]:
    path = run / "operating_points.json"
    points = list(read_operating_points(path)) if path.exists() else []
    for predictor, table in {"model": predictions, **baselines}.items():
        tuning = TuningScores.of(table, plan.label_set, predictor=predictor)
        points += choose_operating_points(tuning, plan.evaluation)
    return tuple(points)


def build_report(
    study: Path,
    run_id: str,
    plan: ReportPlan,
    *,
    made_on: str,
    extras: ReportExtras | None = None,
) -> Path:
    """Make the page of a run that has been evaluated.

    Parameters
    ----------
    study, run_id, plan
        As in :func:`evaluate_run`.
    made_on
        The day in words, shown on the page.
    extras
        Flow chart, error gallery, model card.

    Returns
    -------
    The path of ``reports/<run>/index.html``.

    Raises
    ------
    StudyError
        If the run was not evaluated.
    """
    folder, more = report_folder(study, run_id), extras or ReportExtras()
    path = folder / "evaluation.json"
    if not path.exists():
        raise StudyError(
            f"run {run_id} is not evaluated", remedy=f"osteon evaluate --study {study}"
        )
    evaluation = Evaluation.from_json(read_json(path))
    cases, splits = _tables(study)
    manifests = _manifests(study, run_id)
    facts = study_facts(_facts(evaluation, cases, splits, plan, more, manifests))
    learning = read_learning(study / "runs" / run_id)
    content = ReportContent(
        title=plan.title,
        question=plan.question,
        run_id=run_id,
        made_on=made_on,
        evaluation=evaluation,
        figures=(*evaluation_figures(evaluation), *learning),
        flow=more.flow,
        table_one=patient_table(table_one(cases, splits, plan.label_set)),
        published=None if plan.published is None else load_published(plan.published),
        gallery=more.gallery,
        gallery_note=GALLERY_NOTE,
        model_card=None if more.card is None else card_table(more.card),
        checklists=tuple(
            checklist_table(load_checklist(name), facts) for name in DIAGNOSTIC_CHECKLISTS
        ),
        limitations=limitations(evaluation),
        accepted_leakage=more.accepted_leakage,
        records={"Settings of the evaluation": evaluation.settings, **more.records, **manifests},
    )
    return write_report(content, folder)


def _facts(
    evaluation: Evaluation,
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    plan: ReportPlan,
    more: ReportExtras,
    manifests: Mapping[str, Any],
) -> StudyFacts:
    versions: dict[str, str] = {}
    for manifest in manifests.values():
        versions |= manifest.get("versions", {})
    return StudyFacts(
        evaluation,
        cases,
        splits,
        plan.question,
        plan.reference_standard,
        has_flow=more.flow is not None,
        has_paper=plan.published is not None,
        error_count=len(more.gallery),
        versions=versions,
        model_facts={} if more.card is None else card_facts(more.card),
    )


def _manifests(study: Path, run_id: str) -> dict[str, Any]:
    paths: Iterable[Path] = (
        *sorted((study / "tables").glob("*manifest.json")),
        *sorted((study / "runs" / run_id).rglob("*manifest.json")),
    )
    return {f"Manifest: {path.relative_to(study)}": read_json(path) for path in paths}
