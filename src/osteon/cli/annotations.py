"""Boxes, outlines and masks of annotation tools: check them, take them in, write them out."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from osteon import recipes
from osteon.core.records import Exclusion
from osteon.errors import AnnotationError
from osteon.sources.annotations import all_formats, read_annotations, write_annotations
from osteon.workflow.context import Context
from osteon.workflow.run import load_stage, open_study
from osteon.workflow.stage import run_stage
from osteon.workflow.study import name_in_study_file, read_study_file

__all__ = ["command"]

_FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True)
)
_STUDY = click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder.",
)
_FORMAT = click.option("--format", "format_name", help="The format; found from the content.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Boxes, outlines and masks of annotation tools: check them, take them in, write them out."""


@command.command()
@_JSON
def formats(as_json: bool) -> None:
    """List the formats, whether they are read or written, and what each cannot hold."""
    rows = [
        {"name": f.name, "title": f.title, "written": f.write is not None, "loss": f.loss}
        for f in all_formats()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        direction = "read, written" if row["written"] else "read"
        click.echo(f"{row['name']:<16}{direction:<15}{row['title']}\n{'':<31}loses: {row['loss']}")


@command.command()
@_FILES
@_STUDY
@_FORMAT
@_JSON
def check(files: tuple[Path, ...], study: Path, format_name: str | None, as_json: bool) -> None:
    """Say what of annotation files would come into a study, and what not and why.

    Nothing is written. The exit code is 3 when something would be left out.
    """
    context = _open(study)
    labels, exclusions = _read(context, files, format_name)
    _tell(labels, exclusions, as_json)
    if exclusions:
        raise AnnotationError(
            f"{len(exclusions)} rows or files would be left out",
            remedy="correct them, or import without them",
        )


@command.command("import")
@_FILES
@_STUDY
@_JSON
def take_in(files: tuple[Path, ...], study: Path, as_json: bool) -> None:
    """Name annotation files in study.yaml and read them into the study's table of labels.

    An import lands whole with its list of what was left out, or not at all. The files stay where
    they are; osteon run reads them again only when they change.
    """
    context = _open(study)
    before = [context.study.resolve(path) for path in context.study.settings.annotations]
    after = list(dict.fromkeys([*before, *(path.resolve() for path in files)]))
    _read(context, after, None)  # all of them, before anything is changed
    name_in_study_file(study, "annotations", [str(path) for path in after])
    context = _open(study)
    run_stage(load_stage("label"), context)
    _tell(context.study.read("labels"), context.study.exclusions("label"), as_json)


@command.command()
@_STUDY
@click.option("--format", "format_name", required=True, help="See osteon annotations formats.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The file; a new folder for dicom_seg.",
)
def export(study: Path, format_name: str, output: Path) -> None:
    """Write a study's labels in the format of an annotation tool."""
    context = _open(study)
    labels = context.study.read("labels")
    instances = context.study.read("instances")
    write_annotations(labels, instances, context.recipe.labels, output, format_name)
    click.echo(f"{len(labels)} labels: {output}")


def _open(folder: Path) -> Context:
    context = open_study(folder, recipes.load(str(read_study_file(folder)["recipe"])))
    context.require_table("instances")
    return context


def _read(
    context: Context, files: Sequence[Path], format_name: str | None
) -> tuple[pd.DataFrame, list[Exclusion]]:
    instances = context.study.read("instances")
    return read_annotations(files, instances, context.recipe.labels, format_name=format_name)


def _tell(labels: pd.DataFrame, exclusions: Sequence[Exclusion], as_json: bool) -> None:
    counts = Counter(item.reason for item in exclusions)
    if as_json:
        rows: list[dict[str, Any]] = [
            {"level": e.level, "key": e.key, "reason": e.reason, "detail": e.detail}
            for e in exclusions
        ]
        told = {"labels": len(labels), "left_out": dict(counts), "rows": rows}
        click.echo(json.dumps(told, indent=1))
        return
    films, annotators = labels["sop_instance_uid"].nunique(), labels["annotator"].nunique()
    click.echo(f"{len(labels)} labels on {films} films by {annotators} annotators")
    click.echo(f"{len(exclusions)} left out")
    for reason, count in counts.most_common():
        click.echo(f"  {count:>6}  {reason}")
        for item in [item for item in exclusions if item.reason == reason][:3]:
            click.echo(f"          {item.key}: {item.detail}")
