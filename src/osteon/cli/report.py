"""Make the report of a run: one HTML page, with every figure and table beside it."""

from datetime import date
from pathlib import Path

import click

from osteon import recipes
from osteon.core.files import read_json
from osteon.models.card import card_from_json
from osteon.reports.build import ReportExtras, build_report
from osteon.reports.gallery import read_gallery
from osteon.workflow.reporting import report_plan, study_flow
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file

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
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the model package whose card is shown.",
)
@click.option(
    "--set", "overrides", multiple=True, metavar="A.B=C", help="Change a setting; repeat."
)
def command(
    study: Path, run_id: str | None, model: Path | None, overrides: tuple[str, ...]
) -> None:
    """Make the report of a run: one HTML page, with every figure and table beside it.

    The run must have been evaluated. Prints the path of the page.
    """
    recipe = recipes.load(str(read_study_file(study)["recipe"]))
    context = open_study(study, recipe, overrides)
    run, folder = run_id or context.run_id, context.study.folder
    card = None
    if model is not None:
        card = card_from_json(read_json(model / "card.json"), source=str(model))
    extras = ReportExtras(
        flow=study_flow(context),
        gallery=read_gallery(folder / "reports" / run / "gallery"),
        card=card,
        records={"Settings of the study": context.study.settings.resolved()},
    )
    today = date.today()
    made_on = f"{today.day} {today:%B %Y}"
    page = build_report(folder, run, report_plan(context), made_on=made_on, extras=extras)
    click.echo(str(page))
