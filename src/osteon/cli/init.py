"""Make a study folder for a recipe, with a commented study.yaml."""

from pathlib import Path

import click
import yaml

from osteon import recipes
from osteon.workflow.recipe import Recipe
from osteon.workflow.study import Study

__all__ = ["command"]


@click.command()
@click.argument("recipe_name", metavar="RECIPE")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--source", "sources", multiple=True, help="Folder, archive or file with DICOM; repeat."
)
@click.option("--annotations", multiple=True, help="File with boxes and classes; repeat.")
@click.option("--preset", help="The recipe's preset to start from; the first one when not given.")
@click.option(
    "--seed", type=int, default=2020, show_default=True, help="Decides every random draw."
)
def command(
    recipe_name: str,
    folder: Path,
    sources: tuple[str, ...],
    annotations: tuple[str, ...],
    preset: str | None,
    seed: int,
) -> None:
    r"""Make a study folder for a recipe, with a commented study.yaml.

    \b
    osteon init hip_fracture my-study --source /data/export --annotations boxes.json
    osteon run my-study
    """
    recipe = recipes.load(recipe_name)
    name = preset or next(iter(recipe.presets))
    if name not in recipe.presets:
        raise click.BadParameter(
            f"wanted one of {', '.join(recipe.presets)}", param_hint="--preset"
        )
    paths = {"sources": sources, "annotations": annotations}
    written = {
        "recipe": recipe.name,
        "preset": name,
        **{
            key: [str(Path(path).expanduser().resolve()) for path in given]
            for key, given in paths.items()
            if given
        },
        "seed": seed,
    }
    settings = recipe.presets[name].changed(written)
    Study.create(folder, settings, _template(recipe, written, name))
    click.echo(f"{folder} is ready: edit {folder / 'study.yaml'}, then osteon run {folder}")


def _template(recipe: Recipe, written: dict[str, object], preset: str) -> str:
    others = {k: v for k, v in recipe.presets[preset].resolved().items() if k not in written}
    listing = yaml.safe_dump(others, sort_keys=False, allow_unicode=True)
    commented = "\n".join(f"# {line}" for line in listing.splitlines())
    return (
        f"# {recipe.title}\n# {recipe.paper}\n# Paths count from this folder.\n\n"
        f"{yaml.safe_dump(written, sort_keys=False, allow_unicode=True)}\n"
        f"# What preset {preset} sets; take the # away before what you change.\n#\n{commented}\n"
    )
