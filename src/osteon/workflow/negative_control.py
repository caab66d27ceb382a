"""Train a study's networks again on dealt-out outcomes: a check of the pipeline."""

from pathlib import Path

import pandas as pd

from osteon.cohort.dealt_out import deal_out_outcomes
from osteon.core.rng import generator
from osteon.core.schemas import FOLLOW_UP, RISK_SCORES
from osteon.core.tables import read_table, write_table
from osteon.prediction.settings import SurvivalSettings
from osteon.prediction.survival import predict_survival
from osteon.prediction.survival_members import members_of_run
from osteon.prediction.survival_run_folder import SCORES_NAME
from osteon.reports.survival.negative_control import negative_control_table
from osteon.reports.survival.plan import SurvivalAnalysisPlan
from osteon.reports.survival.seeds import named_by_seed
from osteon.reports.table import Table
from osteon.training.settings import SurvivalTraining
from osteon.training.survival_cases import SurvivalTables
from osteon.training.survival_ensemble import train_survival_ensemble
from osteon.workflow.context import Context
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_run import seeds_of, survival_tables
from osteon.workflow.training import folds_of

__all__ = ["control_scores", "control_table", "run_negative_control"]

_FOLLOW_UP_NAME = "follow_up.parquet"
_NAMES = ("projections", "follow_up", "splits")


def run_negative_control(context: Context) -> Table:
    """Train every network of the study on dealt-out outcomes, predict, and tell the concordances.

    What is dealt is decided by the study's seed (:func:`deal_out_outcomes`). Networks, scores and
    the dealt table go to ``runs/<run>-negative-control``, apart from the study's own; a stopped
    control goes on where it was. The study's tables stay as they are.

    Raises
    ------
    StudyError
        If the stages before training have not run.
    """
    settings = survival_settings(context)
    for name in _NAMES:
        context.require_table(name)
    tables = survival_tables(context)
    rng = generator(settings.seed, "negative control")
    dealt = SurvivalTables(
        tables.projections, deal_out_outcomes(tables.follow_up, tables.splits, rng),
        tables.splits, tables.clinical, tables.is_synthetic,
    )  # fmt: skip
    folder = _control_folder(context, context.run_id)
    parts = [
        control_scores(
            dealt, context.study.folder, settings.network, settings.prediction, folder,
            seeds_of(context), fold=fold, workers=settings.workers,
        )
        for fold in folds_of(context)
    ]  # fmt: skip
    write_table(dealt.follow_up, FOLLOW_UP, folder / _FOLLOW_UP_NAME)
    scores = pd.concat(parts, ignore_index=True)
    write_table(scores, RISK_SCORES, folder / SCORES_NAME)
    table = negative_control_table(scores, dealt.follow_up, settings.analysis)
    table.write(context.report_folder / "tables")
    return table


def control_scores(
    tables: SurvivalTables,
    root: Path,
    training: SurvivalTraining,
    prediction: SurvivalSettings,
    folder: Path,
    seeds: list[int],
    *,
    fold: int,
    workers: int | None,
) -> pd.DataFrame:
    """Train on the outcomes as they are given, and score with each seed and with all.

    Parameters
    ----------
    tables, root, training, seeds, fold, workers
        As of :func:`osteon.training.survival_ensemble.train_survival_ensemble`.
    prediction
        Horizons.
    folder
        Gets the networks, below ``fold-<fold>``.

    Returns
    -------
    DataFrame
        Table RISK_SCORES, models ``ensemble`` and ``ensemble (seed <n>)``.
    """
    own = folder / f"fold-{fold}" / "survival"
    train_survival_ensemble(tables, root, training, own, seeds, fold=fold, workers=workers)
    found = predict_survival(
        members_of_run(own, fold=fold), tables.projections, tables.splits, root, prediction,
        clinical=tables.clinical, fold=fold,
    )  # fmt: skip
    scores = pd.concat([found.risk_scores, named_by_seed(found.by_seed)], ignore_index=True)
    is_ensemble = scores["model"].str.partition(" (seed")[0] == "ensemble"
    return scores[is_ensemble].reset_index(drop=True)


def control_table(context: Context, run_id: str, plan: SurvivalAnalysisPlan) -> Table | None:
    """Read the control of a run that was made before; ``None`` where there is none."""
    folder = _control_folder(context, run_id)
    if not (folder / SCORES_NAME).exists():
        return None
    scores = read_table(RISK_SCORES, folder / SCORES_NAME)
    return negative_control_table(scores, read_table(FOLLOW_UP, folder / _FOLLOW_UP_NAME), plan)


def _control_folder(context: Context, run_id: str) -> Path:
    return context.study.folder / "runs" / f"{run_id}-negative-control"
