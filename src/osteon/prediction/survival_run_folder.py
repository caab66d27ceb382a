"""A survival run's folder as the source of a package.

::

    RUN_DIR/survival.json             how its networks are fed and read, a SurvivalRunSettings
    RUN_DIR/survival_curves.parquet   table SURVIVAL_CURVES
    RUN_DIR/metrics.json              optional: for the card, a list of models.card.Metric
    RUN_DIR/**/spec.json              one folder for each network
    STUDY/tables/projections.parquet, follow_up.parquet, splits.parquet

Of several folds the first counts: its networks are packed, its training patients are the others'
test patients.
"""

import json
from pathlib import Path

from osteon.core.files import read_json, write_json
from osteon.core.schemas import FOLLOW_UP, PROJECTIONS, SPLITS, SURVIVAL_CURVES
from osteon.core.settings import Settings, load_settings
from osteon.core.tables import read_table
from osteon.errors import SettingsError, StudyError
from osteon.models.card_survival import CtPreprocessing
from osteon.prediction.settings import SurvivalSettings
from osteon.prediction.survival_assemble import SurvivalRun, SurvivalRunTables
from osteon.prediction.survival_members import members_of_run

__all__ = [
    "CURVES_NAME",
    "SCORES_NAME",
    "SEEDS_NAME",
    "SurvivalRunSettings",
    "save_survival_run",
    "survival_run",
    "survival_tables_of_run",
]

SCORES_NAME = "risk_scores.parquet"
CURVES_NAME = "survival_curves.parquet"
SEEDS_NAME = "seed_scores.parquet"
_RUN_NAME = "survival.json"
_FOLD = 0


class SurvivalRunSettings(Settings):
    """How a run's networks are fed and read.

    Parameters
    ----------
    preprocessing
        From CT to projection.
    prediction
        Horizons.
    causes
        The event, and what competes with it.
    """

    preprocessing: CtPreprocessing
    prediction: SurvivalSettings
    causes: tuple[str, str]


def save_survival_run(run_folder: Path, settings: SurvivalRunSettings) -> None:
    """Write down how a run's networks are fed where :func:`survival_run` finds it."""
    write_json(run_folder / _RUN_NAME, settings.resolved())


def survival_run(run_folder: Path) -> SurvivalRun:
    """Load a run's networks.

    Raises
    ------
    StudyError
        If the run has not come to its predictions, or has no network.
    PackageError
        If weights and spec do not fit.
    """
    path = run_folder / _RUN_NAME
    try:
        settings = load_settings(SurvivalRunSettings, read_json(path))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, SettingsError) as error:
        raise StudyError(
            f"{path} cannot be used: {error}",
            remedy="run 'osteon run' to its end, or give another run folder",
        ) from error
    return SurvivalRun(
        members_of_run(run_folder, fold=_FOLD),
        settings.preprocessing,
        settings.prediction.horizons_days,
        settings.causes,
    )


def survival_tables_of_run(run_folder: Path, study: Path) -> SurvivalRunTables:
    """Read a run's curves and its study's projections, follow-up and splits."""
    tables = study / "tables"
    splits = read_table(SPLITS, tables / "splits.parquet")
    curves = read_table(SURVIVAL_CURVES, run_folder / CURVES_NAME)
    return SurvivalRunTables(
        read_table(PROJECTIONS, tables / "projections.parquet"),
        read_table(FOLLOW_UP, tables / "follow_up.parquet"),
        splits[splits["fold"] == _FOLD],
        curves[curves["fold"] == _FOLD],
    )
