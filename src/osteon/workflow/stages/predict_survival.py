"""Ask every model of every patient: the ensemble, its parts, the baselines."""

import pandas as pd

from osteon.core.files import hash_file
from osteon.core.schemas import RISK_SCORES, SURVIVAL_CURVES
from osteon.core.tables import write_table
from osteon.models.checkpoint import WEIGHTS_NAME
from osteon.prediction.survival import (
    SurvivalPredictions,
    predict_mean_brightness,
    predict_survival,
)
from osteon.prediction.survival_members import members_of_run
from osteon.prediction.survival_run_folder import (
    CURVES_NAME,
    SCORES_NAME,
    SEEDS_NAME,
    save_survival_run,
)
from osteon.reports.survival.seeds import named_by_seed
from osteon.training.mean_brightness import fit_mean_brightness
from osteon.workflow.clinical_models import with_clinical
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_run import (
    clinical_table,
    networks_folder,
    survival_run_settings,
    survival_tables,
)
from osteon.workflow.training import folds_of

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    found = [part for fold in folds_of(context) for part in _fold(context, fold)]
    scores = pd.concat([part.risk_scores for part in found], ignore_index=True)
    curves = pd.concat([part.survival_curves for part in found], ignore_index=True)
    scores, curves = with_clinical(context, scores, curves)
    write_table(scores, RISK_SCORES, context.run_folder / SCORES_NAME)
    write_table(curves, SURVIVAL_CURVES, context.run_folder / CURVES_NAME)
    of_seeds = pd.concat([named_by_seed(part.by_seed) for part in found], ignore_index=True)
    write_table(of_seeds, RISK_SCORES, context.run_folder / SEEDS_NAME)
    save_survival_run(context.run_folder, survival_run_settings(context))
    exclusions = {item.key: item for part in found for item in part.exclusions}
    context.study.write_exclusions("predict_survival", list(exclusions.values()))
    return Outcome({
        "models": int(scores["model"].nunique()), "scores": len(scores),
        "excluded": len(exclusions),
    })  # fmt: skip


def _fold(context: Context, fold: int) -> list[SurvivalPredictions]:
    settings, tables = survival_settings(context), survival_tables(context)
    root = context.study.folder
    members = members_of_run(context.run_folder, fold=fold)
    ensemble = predict_survival(
        members, tables.projections, tables.splits, root, settings.prediction,
        clinical=tables.clinical, fold=fold,
    )  # fmt: skip
    brightness = fit_mean_brightness(tables, root, settings.network.model, fold=fold)
    baseline = predict_mean_brightness(
        brightness, tables.projections, tables.splits, root, settings.prediction, fold=fold
    )
    return [ensemble, baseline]


def _inputs(context: Context) -> dict[str, str]:
    names = ["projections", "follow_up", "splits"]
    if clinical_table(context) is not None:
        names.append("clinical")
    weights = {
        f"fold {fold} {path.parent.name}": hash_file(path)
        for fold in folds_of(context)
        for path in sorted(networks_folder(context, fold).glob(f"*/{WEIGHTS_NAME}"))
    }
    return {**context.table_hashes(*names), **weights}


STAGE = Stage(
    "predict_survival",
    "asking every model of every patient",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        outputs=lambda context: [
            context.run_folder / name for name in (SCORES_NAME, CURVES_NAME, SEEDS_NAME)
        ],
        inputs=_inputs,
        settings=lambda context: {
            "run": survival_run_settings(context).resolved(),
            "clinical_model": survival_settings(context).clinical_model.resolved(),
        },
    ),
)
