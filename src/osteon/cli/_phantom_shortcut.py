"""Check that synthetic films do not give a hip's class away outside the hips."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from osteon.phantom.hip_tables import SYNTHETIC_LINE
from osteon.phantom.shortcut import check_shortcuts

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--trained-on",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Learn from this synthetic study (another seed) instead of from folds.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    folder: Path, trained_on: Path | None, seed: int, workers: int | None, as_json: bool
) -> None:
    """Check that synthetic films do not give a hip's class away outside the hips.

    A logistic regression sees thumbnail and histogram of the films with all hips masked; its AUC
    is printed with a 95 % interval, which should hold 0.5. It learns from other patients of the
    folder (five folds, five times) or from another study.
    """
    check = check_shortcuts(folder, trained_on, seed=seed, workers=workers)
    if as_json:
        areas = {name: asdict(area) for name, area in check.areas.items()}
        content = {"synthetic": SYNTHETIC_LINE, "passed": check.passed, "auroc": areas}
        click.echo(json.dumps(content, indent=1))
        return
    click.echo(SYNTHETIC_LINE)
    click.echo(f"{check.films} films, {check.hips} hips, {check.patients} patients, hips masked")
    for name, area in check.areas.items():
        click.echo(f"  {name:<26} AUC {area.formatted(2)}")
    click.echo("no shortcut found" if check.passed else "fracture can be told without the hips")
