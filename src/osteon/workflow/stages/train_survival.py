"""Train a network for each view and seed, fold by fold."""

from functools import partial
from pathlib import Path

from osteon.core.parallel import map_parallel
from osteon.training.settings import SurvivalTraining
from osteon.training.survival import train_survival
from osteon.training.survival_cases import SurvivalTables
from osteon.workflow.context import Context
from osteon.workflow.stage import Outcome, Stage
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_run import Member, members_planned, survival_tables
from osteon.workflow.training import finished_at

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    settings, members = survival_settings(context), members_planned(context)
    before = [finished_at(member.folder(context.run_folder)) for member in members]
    train = partial(
        _train, tables=survival_tables(context), root=context.study.folder,
        training=settings.network, run=context.run_folder,
    )  # fmt: skip
    one_at_a_time = settings.network.fit.device != "cpu"
    workers = 1 if one_at_a_time else settings.workers
    epochs = sum(map_parallel(train, members, workers=workers, description="training networks"))
    after = [finished_at(member.folder(context.run_folder)) for member in members]
    return Outcome({"networks": len(members), "epochs": epochs}, ran=before != after)


def _train(
    member: Member, *, tables: SurvivalTables, root: Path, training: SurvivalTraining, run: Path
) -> int:
    """Train one network; give the epochs it took."""
    result = train_survival(
        tables, root, training.model.changed({"view": member.view}), training.fit,
        member.folder(run), member.seed, member.fold,
    )  # fmt: skip
    return result.epochs


STAGE = Stage("train_survival", "training the survival networks", _run)
