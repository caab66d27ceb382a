"""Read the annotations, match them with the instances, and make the reference standard."""

from pathlib import Path
from typing import Any

from osteon.cohort.reference_standard import apply_to_labels
from osteon.core.files import hash_path
from osteon.workflow.context import Context
from osteon.workflow.reference import (
    annotation_files,
    build,
    keep,
    must_be_made,
    read_answers,
    reference_inputs,
)
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _outputs(context: Context) -> list[Path]:
    names = ["labels", "exclusions-label"]
    if must_be_made(context):
        names += ["evidence", "reference_standard"]
    return context.study.table_paths(*names)


def _inputs(context: Context) -> dict[str, str]:
    own = {str(path): hash_path(path) for path in annotation_files(context)}
    more = reference_inputs(context) if must_be_made(context) else {}
    return {**context.table_hashes("instances"), **own, **more}


def _settings(context: Context) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "classes": list(context.recipe.labels.classes),
        "report_labels": context.study.settings.report_labels,
    }
    plan = context.recipe.reference_plan
    if must_be_made(context):
        settings["reference_standard"] = context.study.settings.reference_standard.resolved()
        settings["reference_plan"] = None if plan is None else plan.as_json()
    return settings


def _run(context: Context) -> Outcome:
    study = context.study
    answers = read_answers(context)
    exclusions, counts = [*answers.exclusions], {}
    labels = answers.labels
    if must_be_made(context):
        made, refused = build(context, answers)
        keep(context, made)
        exclusions += [*refused, *made.exclusions]
        labels = apply_to_labels(labels, made.table)
        states = made.table["status"].value_counts()
        counts = {name: int(states.get(name, 0)) for name in ("decided", "undecided")}
    study.write("labels", labels)
    study.write_exclusions("label", exclusions)
    return Outcome({"labels": len(labels), "excluded": len(exclusions), **counts})


STAGE = Stage(
    "label",
    "reading the annotations",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=_outputs,
        inputs=_inputs,
        settings=_settings,
    ),
)
