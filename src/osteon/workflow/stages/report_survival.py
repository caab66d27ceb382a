"""Make the pages: every number and figure of the run, and some patients' curves."""

from osteon.core.files import hash_file
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings
from osteon.workflow.survival_report import make_survival_report, write_patient_pages

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    pages = write_patient_pages(context)
    make_survival_report(context, context.run_id)
    return Outcome({"patient_pages": len(pages)})


def _inputs(context: Context) -> dict[str, str]:
    found = {"evaluation": context.report_folder / "evaluation.json"}
    control = context.report_folder / "tables" / "negative_control.csv"
    if control.exists():
        found["negative_control"] = control
    return {name: hash_file(path) for name, path in found.items()}


STAGE = Stage(
    "report_survival",
    "making the report",
    _run,
    Kept(
        folder=lambda context: context.report_folder,
        outputs=lambda context: [context.report_folder / "index.html"],
        inputs=_inputs,
        settings=lambda context: {"shown_patients": survival_settings(context).shown_patients},
    ),
)
