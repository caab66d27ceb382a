"""Run a study: every stage of its recipe in order, skipping what is done."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from osteon.core.files import remove_abandoned
from osteon.core.settings import with_overrides
from osteon.errors import UsageError
from osteon.workflow.context import Context
from osteon.workflow.recipe import Recipe
from osteon.workflow.stage import Stage, StageReport, run_stage
from osteon.workflow.study import Study, read_study_file

__all__ = ["load_stage", "open_study", "run_study"]


def load_stage(name: str) -> Stage:
    """Get a stage by its name, from the file of that name in ``workflow/stages``."""
    stage: Stage = import_module(f"osteon.workflow.stages.{name}").STAGE
    return stage


def open_study(folder: Path, recipe: Recipe, overrides: Sequence[str] = ()) -> Context:
    """Open a study folder: the recipe's preset, then study.yaml, then ``--set a.b=c``.

    Raises
    ------
    SettingsError
        If a key is unknown or a value is not allowed.
    UsageError
        If the study names a preset its recipe does not have.
    """
    written = read_study_file(folder)
    name = str(written.get("preset", next(iter(recipe.presets))))
    if name not in recipe.presets:
        raise UsageError(
            f"recipe {recipe.name} has no preset {name!r}",
            remedy=f"one of {', '.join(recipe.presets)}",
        )
    preset = recipe.presets[name]
    settings = with_overrides(preset.changed(written), overrides)
    return Context(Study(folder.resolve(), settings), recipe)


def run_study(context: Context, *, until: str | None = None) -> Iterator[StageReport]:
    """Run the recipe's stages in order; give a report after each.

    Raises
    ------
    UsageError
        If ``until`` is not a stage of the recipe.
    """
    stages = context.recipe.stages
    if until is not None and until not in stages:
        raise UsageError(
            f"recipe {context.recipe.name} has no stage {until!r}",
            remedy=f"one of {', '.join(stages)}",
        )
    remove_abandoned(context.study.folder)
    for name in stages:
        yield run_stage(load_stage(name), context)
        if name == until:
            return
