"""Make a study's reference standard, list disagreements, take adjudications in."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from osteon import recipes
from osteon.cohort.adjudication import disagreements as differing
from osteon.cohort.adjudication import undecided, write_adjudication_sheet
from osteon.cohort.annotator_agreement import AnnotatorAgreement, annotator_agreement
from osteon.core.records import Exclusion
from osteon.core.rng import generator
from osteon.errors import AnnotationError
from osteon.workflow.context import Context
from osteon.workflow.reference import (
    build,
    keep,
    keep_adjudications,
    must_be_made,
    read_answers,
)
from osteon.workflow.run import load_stage, open_study
from osteon.workflow.stage import run_stage
from osteon.workflow.study import read_study_file

__all__ = ["command"]

_FOLDER = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Make a study's reference standard, list disagreements, take adjudications in."""


@command.command("build")
@_FOLDER
@_JSON
def make(folder: Path, as_json: bool) -> None:
    """Decide the class of every hip from evidence, adjudications and annotators.

    Writes tables/reference_standard.parquet, tables/evidence.parquet (every piece, used or not,
    and why) and adds to tables/reference_standard_history.parquet. osteon run does the same where
    study.yaml names evidence or adjudications were taken in, and its cases take these classes.
    """
    context = _open(folder)
    answers = read_answers(context)
    made, refused = build(context, answers)
    keep(context, made)
    exclusions = [*answers.exclusions, *refused, *made.exclusions]
    if must_be_made(context):
        run_stage(load_stage("label"), context)
    table = made.table
    told = {
        "hips": len(table),
        "status": _counts(table["status"]),
        "rule": _counts(table["rule"]),
        "label": _counts(table["label"].dropna()),
        "in_use": must_be_made(context),
        "left_out": _counts(item.reason for item in exclusions),
        "rows": [_row(item) for item in exclusions],
    }
    if as_json:
        click.echo(json.dumps(told, indent=1))
        return
    click.echo(f"{len(table)} hips; in use by osteon run: {'yes' if told['in_use'] else 'no'}")
    for name in ("status", "rule", "label", "left_out"):
        counts: dict[str, int] = told[name]  # type: ignore[assignment]
        click.echo(f"{name.replace('_', ' ')}")
        for value, count in counts.items():
            click.echo(f"  {count:>6}  {value}")


@command.command()
@_FOLDER
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the undecided hips as a table to fill in: CSV, or .xlsx.",
)
@click.option("--replicates", default=2000, show_default=True, help="Of the bootstrap of boxes.")
@_JSON
def disagreements(folder: Path, output: Path | None, replicates: int, as_json: bool) -> None:
    """List the hips on which annotators or evidence differ, and how far annotators agree."""
    context = _open(folder)
    answers = read_answers(context)
    made, _ = build(context, answers)
    rows = differing(made.table, made.evidence)
    waiting = undecided(made.table)
    agreement = annotator_agreement(
        answers.labels, context.study.read("instances"), context.recipe.labels,
        rng=generator(context.study.settings.seed, "annotator agreement"), replicates=replicates,
    )  # fmt: skip
    if output is not None:
        write_adjudication_sheet(made.table, output, context.recipe.labels)
    if as_json:
        told = {
            "differing": _records(rows),
            "undecided": _records(waiting),
            "agreement": agreement.as_json(),
        }
        click.echo(json.dumps(told, indent=1))
        return
    for line in [*_differing_lines(rows, waiting), *_agreement_lines(agreement)]:
        click.echo(line)
    if output is not None:
        click.echo(f"{len(waiting)} hips to adjudicate: {output}")


@command.command()
@_FOLDER
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_JSON
def adjudicate(folder: Path, table: Path, as_json: bool) -> None:
    """Take in a table of disagreements that an adjudicator filled in.

    Rows with an unknown case or class, or with changed original answers, are refused and listed;
    the others are added to tables/adjudications.parquet, in which nothing is ever changed.
    The exit code is 3 when a row was refused.
    """
    context = _open(folder)
    report = keep_adjudications(context, table)
    if len(report.adjudications):
        run_stage(load_stage("label"), context)
    if as_json:
        told = {
            "taken": len(report.adjudications),
            "open": report.open_rows,
            "refused": [_row(item) for item in report.refused],
        }
        click.echo(json.dumps(told, indent=1))
    else:
        click.echo(f"{len(report.adjudications)} taken, {report.open_rows} still open")
        for item in report.refused:
            click.echo(f"  refused: {item.key}: {item.reason}: {item.detail}")
    if report.refused:
        raise AnnotationError(
            f"{len(report.refused)} rows of {table} were refused",
            remedy="correct them in a table made anew, and take it in",
        )


def _open(folder: Path) -> Context:
    context = open_study(folder, recipes.load(str(read_study_file(folder)["recipe"])))
    context.require_table("instances")
    return context


def _counts(values: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _row(item: Exclusion) -> dict[str, str]:
    return {"key": item.key, "reason": item.reason, "detail": item.detail}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records"))
    return records


def _differing_lines(rows: pd.DataFrame, waiting: pd.DataFrame) -> list[str]:
    lines = [f"{len(rows)} hips on which answers or evidence differ, {len(waiting)} undecided"]
    lines += [
        f"  {row['case_id']}  {row['answers']}  -> {_or_dash(row['label'])} ({row['rule']})"
        for row in rows.to_dict("records")
    ]
    return lines


def _or_dash(value: Any) -> str:
    return "–" if pd.isna(value) else str(value)


def _agreement_lines(agreement: AnnotatorAgreement) -> list[str]:
    lines = [f"{agreement.hips} hips with two or more annotators"]
    lines.append(f"  Fleiss' kappa {_told(agreement.fleiss)}")
    lines += [f"    {name}: {_told(value)}" for name, value in agreement.per_class.items()]
    for pair in agreement.pairs:
        boxes = pair.boxes.mean_iou.formatted(3)
        lines.append(
            f"  {pair.first}, {pair.second}: {pair.hips} hips, Cohen's kappa {_told(pair.kappa)},"
            f" mean IoU {boxes}, least {pair.boxes.min_iou:.3f}"
        )
    return lines


def _told(estimate: Any) -> str:
    remark = f" ({estimate.reason})" if estimate.reason else ""
    return f"{estimate.formatted(3)}{remark}"
