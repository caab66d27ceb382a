"""Measure every model on the test patients, and compare them as the plan says."""

from osteon.core.files import hash_file
from osteon.reports.survival.build import evaluate_survival_run
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_report import ceiling_log_hazard, survival_plan
from osteon.workflow.survival_run import CURVES_NAME, SCORES_NAME

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    found = evaluate_survival_run(
        context.study.folder, context.run_id, survival_plan(context),
        ceiling_log_hazard=ceiling_log_hazard(context),
    )  # fmt: skip
    return Outcome({"measures": len(found.measures), "comparisons": len(found.tests)})


STAGE = Stage(
    "evaluate_survival",
    "measuring on the test patients",
    _run,
    Kept(
        folder=lambda context: context.run_folder,
        inputs=lambda context: {
            "risk_scores": hash_file(context.run_folder / SCORES_NAME),
            "survival_curves": hash_file(context.run_folder / CURVES_NAME),
            **context.table_hashes("follow_up", "splits"),
        },
        settings=lambda context: survival_settings(context).analysis.resolved(),
    ),
)
