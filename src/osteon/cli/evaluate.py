"""Evaluate a run of a study on its test patients, at frozen thresholds, beside two baselines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from osteon import recipes
from osteon.core.progress import say
from osteon.core.tables import rows_of
from osteon.errors import UsageError
from osteon.reports.build import evaluate_run, report_folder
from osteon.reports.summary import summarise_evaluation
from osteon.reports.survival.build import evaluate_survival_run
from osteon.reports.survival.facts import horizons_beyond
from osteon.reports.survival.negative_control import control_sentences
from osteon.reports.survival.summary import summary_sentences
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.negative_control import run_negative_control
from osteon.workflow.recipe import TimeToEvent
from osteon.workflow.reporting import report_plan
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file
from osteon.workflow.survival_report import ceiling_log_hazard, survival_plan

__all__ = ["command"]


@click.command()
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder.",
)
@click.option("--run", "run_id", help="Which run; the one of the present settings by default.")
@click.option(
    "--set", "overrides", multiple=True, metavar="A.B=C", help="Change a setting; repeat."
)
@click.option(
    "--negative-control",
    is_flag=True,
    help="Survival studies: train again on outcomes dealt out at random; C must fall to 0.5.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every number as JSON.")
def command(
    study: Path,
    run_id: str | None,
    overrides: tuple[str, ...],
    negative_control: bool,
    as_json: bool,
) -> None:
    """Evaluate a run of a study on its test patients, at frozen thresholds, beside two baselines.

    Thresholds are chosen on tuning patients. Writes evaluation.json and tables as CSV to the
    study's reports folder. With --negative-control it trains the study's networks on outcomes
    dealt out among the patients instead, and writes tables/negative_control.csv.
    """
    recipe = recipes.load(str(read_study_file(study)["recipe"]))
    context = open_study(study, recipe, overrides)
    run = run_id or context.run_id
    evaluate = _survival if isinstance(recipe.target, TimeToEvent) else _classes
    if negative_control:
        _refuse_other_run(context, run)
        evaluate = _control
    numbers, is_synthetic, sentences = evaluate(context, run)
    if as_json:
        click.echo(json.dumps(numbers, indent=1))
        return
    if is_synthetic:
        click.echo("SYNTHETIC PATIENTS: these numbers say nothing about patients.")
    for sentence in sentences:
        click.echo(sentence)
    click.echo(f"written to {report_folder(context.study.folder, run)}")


_Told = tuple[Any, bool, Sequence[str]]


def _refuse_other_run(context: Context, run: str) -> None:
    if run != context.run_id:
        raise UsageError(
            f"got --run {run} with --negative-control, which trains by the present settings:"
            f" they make run {context.run_id}",
            remedy="leave --run out, or set what that run had with --set",
        )


def _classes(context: Context, run: str) -> _Told:
    films = pixel_cache(context) if context.study.cache.exists() else None
    if films is None:
        say("no prepared films in this study: the thumbnail baseline is left out")
    found = evaluate_run(context.study.folder, run, report_plan(context), films=films)
    return found.to_json(), found.is_synthetic, summarise_evaluation(found).sentences


def _survival(context: Context, run: str) -> _Told:
    found = evaluate_survival_run(
        context.study.folder, run, survival_plan(context),
        ceiling_log_hazard=ceiling_log_hazard(context),
    )  # fmt: skip
    told = (*summary_sentences(found), *horizons_beyond(found))
    return found.to_json(), found.is_synthetic, told


def _control(context: Context, run: str) -> _Told:
    table = run_negative_control(context)
    told = control_sentences(table)
    again = f"osteon report --study {context.study.folder} shows it on the page"
    return rows_of(table.data), context.is_synthetic(), [*told, again]
