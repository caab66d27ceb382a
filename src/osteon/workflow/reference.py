"""The reference standard of a study: made from its annotations, evidence and adjudications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from osteon.cohort.adjudication import AdjudicationReport, read_adjudications, undecided
from osteon.cohort.evidence import read_evidence
from osteon.cohort.evidence_rules import ReferencePlan
from osteon.cohort.reference_history import with_changes
from osteon.cohort.reference_standard import ReferenceStandard, build_reference
from osteon.cohort.weak_labels import refuse_report_labels
from osteon.core.files import hash_path
from osteon.core.records import Exclusion
from osteon.core.schemas import ADJUDICATIONS, REFERENCE_HISTORY
from osteon.errors import StudyError, UsageError
from osteon.sources.annotations import read_annotations
from osteon.workflow.context import Context

__all__ = [
    "StudyAnswers",
    "annotation_files",
    "build",
    "evidence_files",
    "keep",
    "keep_adjudications",
    "must_be_made",
    "read_answers",
    "reference_inputs",
]


@dataclass(frozen=True, slots=True, eq=False)
class StudyAnswers:
    """What the annotators of a study said, before any rule, and the rows that were not taken."""

    labels: pd.DataFrame
    exclusions: Sequence[Exclusion]


def must_be_made(context: Context) -> bool:
    """Whether the study's labels go through the reference standard: it has evidence of its own."""
    has_files = bool(context.study.settings.reference_standard.evidence)
    return has_files or context.study.table_path(ADJUDICATIONS.name).exists()


def evidence_files(context: Context) -> list[Path]:
    """Give the files of evidence that study.yaml names.

    Raises
    ------
    StudyError
        If one is absent.
    """
    named = context.study.settings.reference_standard.evidence
    return _existing(context, named, "reference_standard.evidence")


def reference_inputs(context: Context) -> dict[str, str]:
    """Hashes of what the reference standard is made of, beside the annotations."""
    inputs = {str(path): hash_path(path) for path in evidence_files(context)}
    if context.study.table_path(ADJUDICATIONS.name).exists():
        inputs[ADJUDICATIONS.name] = context.table_hash(ADJUDICATIONS.name)
    return inputs


def annotation_files(context: Context) -> list[Path]:
    """Give the annotation files, folders and archives that study.yaml names.

    Raises
    ------
    StudyError
        If one is absent.
    """
    return _existing(context, context.study.settings.annotations, "annotations")


def _existing(context: Context, named: Sequence[str], key: str) -> list[Path]:
    paths = [context.study.resolve(path) for path in named]
    if missing := [path for path in paths if not path.exists()]:
        raise StudyError(
            f"{key}: {missing[0]} does not exist", remedy=f"correct {key} in study.yaml"
        )
    return paths


def read_answers(context: Context) -> StudyAnswers:
    """Read what the annotators of the study said.

    Raises
    ------
    TableError
        If labels rest on radiology reports and study.yaml does not name them.
    """
    instances = context.study.read("instances")
    paths = annotation_files(context)
    labels, exclusions = read_annotations(paths, instances, context.recipe.labels)
    refuse_report_labels(labels, is_named=context.study.settings.report_labels)
    return StudyAnswers(labels, exclusions)


def build(
    context: Context, answers: StudyAnswers, *, with_adjudications: bool = True
) -> tuple[ReferenceStandard, tuple[Exclusion, ...]]:
    """Make the reference standard; gives it and the rows of evidence files not taken.

    Raises
    ------
    UsageError
        If the recipe has no rules of evidence.
    """
    study = context.study
    instances = study.read("instances")
    settings = study.settings.reference_standard
    plan = _plan(context)
    evidence, refused = read_evidence(evidence_files(context), plan, instances["patient_id"])
    has_judge = with_adjudications and study.table_path(ADJUDICATIONS.name).exists()
    made = build_reference(
        answers.labels, instances, evidence, plan, context.recipe.labels, settings=settings,
        adjudications=study.read(ADJUDICATIONS.name) if has_judge else None,
    )  # fmt: skip
    return made, tuple(refused)


def _plan(context: Context) -> ReferencePlan:
    plan = context.recipe.reference_plan
    if plan is None:
        raise UsageError(
            f"recipe {context.recipe.name} has no rules of evidence",
            remedy="give its RECIPE a reference_plan, or take reference_standard out of study.yaml",
        )
    return plan


def keep(context: Context, made: ReferenceStandard) -> None:
    """Write the tables of a reference standard; the history is only ever added to."""
    study = context.study
    has_history = study.table_path(REFERENCE_HISTORY.name).exists()
    history = study.read(REFERENCE_HISTORY.name) if has_history else None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    study.write(REFERENCE_HISTORY.name, with_changes(history, made.table, built_at=now))
    study.write("evidence", made.evidence)
    study.write("reference_standard", made.table)


def keep_adjudications(context: Context, path: Path) -> AdjudicationReport:
    """Take an adjudication table in: what is good is added to those there are.

    Raises
    ------
    DataError
        If the table cannot be read or lacks a column.
    """
    study = context.study
    made, _ = build(context, read_answers(context), with_adjudications=False)
    has_some = study.table_path(ADJUDICATIONS.name).exists()
    before = study.read(ADJUDICATIONS.name) if has_some else ADJUDICATIONS.empty()
    number = 1 if before.empty else int(before["number"].max()) + 1
    waiting = undecided(made.table)
    report = read_adjudications(path, waiting, context.recipe.labels, number=number)
    if len(report.adjudications):
        rows = [before, report.adjudications] if len(before) else [report.adjudications]
        study.write(ADJUDICATIONS.name, pd.concat(rows, ignore_index=True))
    return report
