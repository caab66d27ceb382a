"""Describe a study's patients, images and hips: Table 1, by subset or by site."""

import json
from pathlib import Path

import click

from osteon import recipes
from osteon.cohort.table_one import Spread, TableOne, patient_table_one, table_one
from osteon.errors import UsageError
from osteon.reports.pages import Page, write_page
from osteon.reports.patient_table import patient_table
from osteon.workflow.context import Context
from osteon.workflow.recipe import TimeToEvent
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file

__all__ = ["command"]


@click.command()
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder, split.",
)
@click.option(
    "--by", default="subset", show_default=True,
    help="'subset', or a column of the cases such as institution_name.",
)  # fmt: skip
@click.option("--fold", default=0, show_default=True, help="Which fold of the split.")
@click.option(
    "--continuous",
    "spread",
    type=click.Choice(["mean_sd", "median_iqr"]),
    default="mean_sd",
    show_default=True,
    help="Mean and standard deviation, or median and quartiles.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for CSV and HTML; reports/table-one of the study when not given.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(
    study: Path, by: str, fold: int, spread: Spread, output: Path | None, as_json: bool
) -> None:
    """Describe a study's patients, images and hips: Table 1, by subset or by site.

    With tests (Kruskal-Wallis, chi-square, Fisher), the largest standardised difference, and how
    many values are missing. Writes table_1.csv and table_1.html.
    """
    context = open_study(study, recipes.load(str(read_study_file(study)["recipe"])))
    data = _table(context, by, fold, spread)
    table = patient_table(data)
    folder = output or context.study.folder / "reports" / "table-one"
    page = Page("Who the patients are", context.recipe.title, context.is_synthetic(),
                tables=(table,))  # fmt: skip
    path = write_page(page, folder, table.name)
    if as_json:
        click.echo(json.dumps(data.frame().to_dict("records"), indent=1, ensure_ascii=False))
        return
    click.echo(data.frame().to_string(index=False))
    click.echo(f"page: {path}")


def _table(context: Context, by: str, fold: int, spread: Spread) -> TableOne:
    study, recipe = context.study, context.recipe
    splits = study.read("splits")
    if not isinstance(recipe.target, TimeToEvent):
        return table_one(
            study.read("cases"), splits, recipe.labels, fold=fold, by=by, spread=spread
        )
    if by != "subset":
        raise UsageError(
            f"patients of recipe {recipe.name} are described by subset, got --by {by}",
            remedy="leave --by out",
        )
    clinical = study.read("clinical") if study.table_path("clinical").exists() else None
    return patient_table_one(
        study.read("patient_cases"), splits, clinical, fold=fold, spread=spread
    )
