"""Where the networks and predictions of a survival run lie, and the tables they rest on."""

from pathlib import Path

import pandas as pd

from osteon.core.rng import seed_for
from osteon.errors import UsageError
from osteon.models.card_survival import CtPreprocessing
from osteon.prediction.survival_run_folder import SurvivalRunSettings
from osteon.training.survival_cases import SurvivalTables
from osteon.workflow.context import Context
from osteon.workflow.recipe import TimeToEvent
from osteon.workflow.survival import survival_settings
from osteon.workflow.training import fold_folder

__all__ = [
    "clinical_table",
    "networks_folder",
    "seeds_of",
    "survival_run_settings",
    "survival_tables",
]


def seeds_of(context: Context) -> list[int]:
    """Seeds of the networks of each view, of the study's own."""
    settings = survival_settings(context)
    return [seed_for(settings.seed, "survival", n) % 2**31 for n in range(settings.seeds)]


def networks_folder(context: Context, fold: int) -> Path:
    """Where the networks of a fold lie."""
    return fold_folder(context, fold, "survival")


def clinical_table(context: Context) -> pd.DataFrame | None:
    """Read the risk factors as they were known at the index date, if the study has them."""
    if not context.study.table_path("clinical").exists():
        return None
    return context.study.read("clinical")


def survival_tables(context: Context) -> SurvivalTables:
    """Read what survival models are trained on."""
    study = context.study
    return SurvivalTables(
        study.read("projections"),
        study.read("follow_up"),
        study.read("splits"),
        clinical_table(context),
        context.is_synthetic(),
    )


def survival_run_settings(context: Context) -> SurvivalRunSettings:
    """Say how a run's networks are fed and read, from the study's settings.

    Raises
    ------
    UsageError
        If the recipe predicts no time to an event.
    """
    settings, target = survival_settings(context), context.recipe.target
    if not isinstance(target, TimeToEvent):
        raise UsageError(f"recipe {context.recipe.name} predicts no time to an event")
    preprocessing = CtPreprocessing(
        projection=settings.projection, reading=settings.reading, volumes=settings.volumes
    )
    return SurvivalRunSettings(
        preprocessing=preprocessing,
        prediction=settings.prediction,
        causes=(target.event, target.competing),
    )
