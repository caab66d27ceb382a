"""Measure every model on the test patients, and compare them as the plan says."""

from osteon.core.files import hash_file, write_json
from osteon.models.card import Metric
from osteon.prediction.run_folder import METRICS_NAME
from osteon.prediction.survival_run_folder import CURVES_NAME, SCORES_NAME
from osteon.reports.survival.build import evaluate_survival_run
from osteon.reports.survival.records import SurvivalEvaluation
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_report import ceiling_log_hazard, survival_plan

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    found = evaluate_survival_run(
        context.study.folder, context.run_id, survival_plan(context),
        ceiling_log_hazard=ceiling_log_hazard(context),
    )  # fmt: skip
    metrics = [metric.resolved() for metric in _card_metrics(found)]
    write_json(context.run_folder / METRICS_NAME, metrics)
    return Outcome({"measures": len(found.measures), "comparisons": len(found.tests)})


def _card_metrics(found: SurvivalEvaluation) -> list[Metric]:
    """Give what the package's card says of the main model: how it ranks, horizon by horizon."""
    names = ["concordance.harrell", *(f"auroc.{days:g}" for days in found.horizons)]
    measures = [
        found.find(subset, found.main_model, name) for subset in found.subsets for name in names
    ]
    return [Metric.of(item.id, item.subset, item.estimate) for item in measures if item]


STAGE = Stage(
    "evaluate_survival",
    "measuring on the test patients",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        outputs=lambda context: [
            context.run_folder / METRICS_NAME,
            context.report_folder / "evaluation.json",
        ],
        inputs=lambda context: {
            "risk_scores": hash_file(context.run_folder / SCORES_NAME),
            "survival_curves": hash_file(context.run_folder / CURVES_NAME),
            **context.table_hashes("follow_up", "splits"),
        },
        settings=lambda context: survival_settings(context).analysis.resolved(),
    ),
)
