"""The stage that puts a run into a model package, whatever the recipe predicts."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from osteon.core.files import hash_file
from osteon.core.settings import Settings
from osteon.models.card import Card
from osteon.models.checkpoint import WEIGHTS_NAME
from osteon.models.package import CARD_FILE
from osteon.workflow.context import Context
from osteon.workflow.packages import Packing, package_folder, packing
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["package_stage"]

C = TypeVar("C", bound=Card)
S = TypeVar("S", bound=Settings)


def package_stage(
    name: str,
    pack: Callable[[Packing, Path, S], C],
    settings: Callable[[Context], S],
    results: tuple[str, ...],
    counts: Callable[[C], Mapping[str, int]],
) -> Stage:
    """Make the stage of a recipe.

    Parameters
    ----------
    name
        Of the stage.
    pack
        Makes the package in a new folder.
    settings
        The package's, of a study.
    results
        Files of the run's folder that the package rests on beside its networks' weights.
    counts
        What is told of the finished package beside its parts.
    """

    def run(context: Context) -> Outcome:
        folder = package_folder(context)
        shutil.rmtree(folder, ignore_errors=True)
        card = pack(packing(context), folder, settings(context))
        return Outcome({"parts": len(card.parts), **counts(card)})

    def inputs(context: Context) -> dict[str, str]:
        run = context.run_folder
        weights = [str(path.relative_to(run)) for path in sorted(run.rglob(WEIGHTS_NAME))]
        return {name: hash_file(run / name) for name in (*results, *weights)}

    return Stage(
        name,
        "building the model package",
        run,
        Kept(
            folder=lambda context: context.run_folder,
            outputs=lambda context: [package_folder(context) / CARD_FILE],
            inputs=inputs,
            settings=lambda context: {
                **settings(context).resolved(),
                "destination": package_folder(context).name,
            },
        ),
    )
