"""Make the page: every number, figure and error of the run in one file."""

from osteon.core.files import hash_file
from osteon.core.schemas import PREDICTIONS
from osteon.core.tables import read_table
from osteon.models.package import CARD_FILE
from osteon.prediction.run_folder import PREDICTIONS_NAME
from osteon.reports.gallery import write_gallery
from osteon.workflow.context import Context
from osteon.workflow.gallery import error_gallery
from osteon.workflow.packages import package_folder
from osteon.workflow.reporting import make_report
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    predictions = read_table(PREDICTIONS, context.run_folder / PREDICTIONS_NAME)
    gallery = error_gallery(context, predictions)
    write_gallery(gallery, context.report_folder / "gallery")
    make_report(context, context.run_id, gallery=gallery, package=package_folder(context))
    return Outcome({"errors_shown": len(gallery)})


def _inputs(context: Context) -> dict[str, str]:
    return {
        "evaluation": hash_file(context.report_folder / "evaluation.json"),
        "card": hash_file(package_folder(context) / CARD_FILE),
    }


STAGE = Stage(
    "report",
    "making the report",
    _run,
    Kept(
        folder=lambda context: context.report_folder,
        outputs=lambda context: [context.report_folder / "index.html"],
        inputs=_inputs,
        settings=lambda context: {"recipe": context.recipe.name},
    ),
)
