"""Make the report of a run: one HTML page, with every figure and table beside it."""

from pathlib import Path

import click

from osteon import recipes
from osteon.reports.gallery import read_gallery
from osteon.workflow.recipe import TimeToEvent
from osteon.workflow.reporting import make_report
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file
from osteon.workflow.survival_report import make_survival_report

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
    if isinstance(recipe.target, TimeToEvent):
        click.echo(str(make_survival_report(context, run)))
        return
    gallery = read_gallery(folder / "reports" / run / "gallery")
    page = make_report(context, run, gallery=gallery, package=model)
    click.echo(str(page))
