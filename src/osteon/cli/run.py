"""Run a study: all stages of its recipe, skipping what is done."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from osteon import recipes
from osteon.workflow.run import open_study, run_study
from osteon.workflow.study import name_in_study_file, read_study_file

__all__ = ["command"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--preset", help="Go by this preset of the recipe from now on: kept in study.yaml.")
@click.option("--until", help="Stop after this stage.")
@click.option(
    "--set", "overrides", multiple=True, metavar="A.B=C", help="Change a setting; repeat."
)
@click.option("--json", "as_json", is_flag=True, help="Print what each stage did as JSON.")
def command(
    folder: Path,
    preset: str | None,
    until: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run a study: all stages of its recipe, skipping what is done.

    A run that was stopped goes on where it stopped when the same command is given again.
    """
    recipe = recipes.load(str(read_study_file(folder)["recipe"]))
    if preset is not None:
        if preset not in recipe.presets:
            raise click.BadParameter(
                f"wanted one of {', '.join(recipe.presets)}", param_hint="--preset"
            )
        name_in_study_file(folder, "preset", preset)
    context = open_study(folder, recipe, overrides)
    reports = list(run_study(context, until=until))
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports], indent=1))
        return
    for report in reports:
        counts = ", ".join(f"{name} {count:,}" for name, count in report.counts.items())
        state = f"{report.seconds:7.1f} s" if report.ran else "     kept"
        click.echo(f"{report.name:<18}{state}  {counts}")
