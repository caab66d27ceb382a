"""List the recipes: published study designs that can be run."""

import json

import click

from osteon import recipes
from osteon.core.labels import LabelSet
from osteon.workflow.recipe import TimeToEvent

__all__ = ["command"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List the recipes: published study designs that can be run."""
    found = [recipes.load(name) for name in recipes.names()]
    if as_json:
        rows = [
            {
                "name": recipe.name,
                "title": recipe.title,
                "question": recipe.question,
                "paper": recipe.paper,
                "unit_of_analysis": recipe.unit_of_analysis,
                **_target(recipe.target),
                "presets": list(recipe.presets),
                "stages": list(recipe.stages),
            }
            for recipe in found
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for recipe in found:
        click.echo(f"{recipe.name}\n  {recipe.title}\n  {recipe.question}\n  {recipe.paper}")
        click.echo(f"  presets: {', '.join(recipe.presets)}")


def _target(target: LabelSet | TimeToEvent) -> dict[str, object]:
    if isinstance(target, LabelSet):
        return {"classes": list(target.classes)}
    return {"event": target.event, "horizons_days": list(target.horizons_days)}
