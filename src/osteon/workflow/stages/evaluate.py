"""Measure the model and its baselines on the test subsets, at frozen thresholds."""

from osteon.core.files import hash_file, write_json
from osteon.models.card import Metric
from osteon.prediction.run_folder import METRICS_NAME, PREDICTIONS_NAME
from osteon.reports.build import evaluate_run
from osteon.reports.records import Evaluation, Series
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.reporting import report_plan
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]

_ON_THE_CARD = (
    ("binary.auroc", "manual"),
    ("binary.auroc", "automatic"),
    ("binary.sensitivity", "automatic"),
    ("binary.specificity", "automatic"),
    ("multiclass.accuracy", "automatic"),
    ("detection.iou_mean", "automatic"),
)


def _run(context: Context) -> Outcome:
    evaluation = evaluate_run(
        context.study.folder, context.run_id, report_plan(context), films=pixel_cache(context)
    )
    metrics = [metric.resolved() for metric in _card_metrics(evaluation)]
    write_json(context.run_folder / METRICS_NAME, metrics)
    return Outcome({"measures": len(evaluation.measures)})


def _card_metrics(evaluation: Evaluation) -> list[Metric]:
    found = []
    for subset in evaluation.subsets:
        for name, boxes in _ON_THE_CARD:
            measure = evaluation.find(Series(subset, "model", boxes), name)
            if measure is not None:
                found.append(Metric.of(f"{name} ({boxes} boxes)", subset, measure.whole_patient))
    return found


STAGE = Stage(
    "evaluate",
    "measuring on the test patients",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        outputs=lambda context: [
            context.run_folder / METRICS_NAME,
            context.report_folder / "evaluation.json",
        ],
        inputs=lambda context: {"predictions": hash_file(context.run_folder / PREDICTIONS_NAME)},
        settings=lambda context: radiograph_settings(context).evaluation.resolved(),
    ),
)
