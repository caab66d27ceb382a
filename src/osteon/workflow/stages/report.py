"""Make the page: every number, figure and error of the run in one file."""

from datetime import date

from osteon.core.files import hash_file, read_json
from osteon.core.tables import PREDICTIONS, read_table
from osteon.models.card import card_from_json
from osteon.models.package import CARD_FILE
from osteon.prediction.run_folder import PREDICTIONS_NAME
from osteon.reports.build import ReportExtras, build_report
from osteon.reports.gallery import write_gallery
from osteon.workflow.context import Context
from osteon.workflow.gallery import error_gallery
from osteon.workflow.packages import package_folder
from osteon.workflow.reporting import report_plan, study_flow
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study, run_id = context.study, context.run_id
    predictions = read_table(PREDICTIONS, context.run_folder / PREDICTIONS_NAME)
    gallery = error_gallery(context, predictions)
    write_gallery(gallery, context.report_folder / "gallery")
    card = package_folder(context) / CARD_FILE
    extras = ReportExtras(
        flow=study_flow(context),
        gallery=gallery,
        card=card_from_json(read_json(card), source=str(card.parent)),
        records={"Settings of the study": study.settings.resolved()},
    )
    today = date.today()
    made_on = f"{today.day} {today:%B %Y}"
    build_report(study.folder, run_id, report_plan(context), made_on=made_on, extras=extras)
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
        inputs=_inputs,
        settings=lambda context: {"recipe": context.recipe.name},
    ),
)
