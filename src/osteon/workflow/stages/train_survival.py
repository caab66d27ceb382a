"""Train a network for each view and seed, fold by fold."""

from osteon.training.survival_ensemble import train_survival_ensemble
from osteon.workflow.context import Context
from osteon.workflow.stage import Outcome, Stage
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_run import networks_folder, seeds_of, survival_tables
from osteon.workflow.training import finished_at, folds_of

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    settings, tables = survival_settings(context), survival_tables(context)
    networks, epochs, ran = 0, 0, False
    for fold in folds_of(context):
        folder = networks_folder(context, fold)
        before = [finished_at(path) for path in sorted(folder.glob("*"))]
        results = train_survival_ensemble(
            tables, context.study.folder, settings.network, folder, seeds_of(context),
            fold=fold, workers=settings.workers,
        )  # fmt: skip
        ran |= before != [finished_at(path) for path in sorted(folder.glob("*"))]
        networks += len(results)
        epochs += sum(result.epochs for result in results.values())
    return Outcome({"networks": networks, "epochs": epochs}, ran)


STAGE = Stage("train_survival", "training the survival networks", _run)
