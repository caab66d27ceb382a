"""What a study's recipe and tables decide about its report, and the report itself."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from osteon.cohort.flow import FlowChart, flow_chart
from osteon.cohort.leakage.finding import TITLES
from osteon.core.files import read_json
from osteon.core.records import Exclusion
from osteon.errors import PackageError, StudyError
from osteon.models.card_classifier import ClassifierCard
from osteon.models.card_kinds import card_from_json
from osteon.models.package import CARD_FILE
from osteon.reports.build import ReportExtras, ReportPlan, build_report
from osteon.reports.html import GalleryItem
from osteon.sources.report_scope import SearchStep
from osteon.workflow.context import Context
from osteon.workflow.patients_flow import patients_flow
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.recipe import TimeToEvent

__all__ = ["make_report", "report_plan", "study_flow"]


def report_plan(context: Context) -> ReportPlan:
    """Make the plan of a study's report from its recipe and settings."""
    recipe, settings = context.recipe, radiograph_settings(context)
    columns = ("age_band", *recipe.analysis.subgroups, "fracture")
    return ReportPlan(
        title=recipe.title,
        question=recipe.question,
        reference_standard=recipe.reference_standard,
        label_set=recipe.labels,
        seed=settings.seed,
        published=recipe.published,
        evaluation=settings.evaluation.changed({"subgroup_columns": list(dict.fromkeys(columns))}),
    )


def study_flow(context: Context) -> FlowChart | None:
    """Count what the study's stages left out; ``None`` while one of them has not run."""
    study = context.study
    if isinstance(context.recipe.target, TimeToEvent):
        return patients_flow(context)
    names = ("instances", "labels", "cases", "splits")
    is_there = all(study.table_path(name).exists() for name in names)
    if not is_there or not study.has_exclusions("cohort"):
        return None
    files: dict[str, int] = {}
    if study.table_path("exclusions").exists():
        rows = study.read("exclusions")
        counts = rows[rows["level"] == "file"]["reason"].value_counts()
        files = {str(reason): int(count) for reason, count in counts.items()}
    return flow_chart(
        study.read("instances"),
        study.read("labels"),
        context.eligibility,
        _left_out(context, "cohort"),
        splits=study.read("splits"),
        files_excluded=files,
        search=_search_steps(context),
        unprepared=_left_out(context, "prepare"),
    )


def _left_out(context: Context, stage: str) -> list[Exclusion]:
    """Give what a stage left out; nothing while it has not run."""
    if not context.study.has_exclusions(stage):
        return []
    return context.study.exclusions(stage)


def _search_steps(context: Context) -> list[SearchStep]:
    named = context.study.settings.report_search
    if named is None:
        return []
    path = context.study.resolve(named)
    try:
        return [SearchStep(**step) for step in read_json(path)["steps"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StudyError(
            f"report_search: {path} holds no counts of a search of reports",
            remedy="name the counts.json that osteon search-reports -o wrote",
        ) from error


def make_report(
    context: Context, run_id: str, *, gallery: Sequence[GalleryItem], package: Path | None
) -> Path:
    """Make the page of a run that was evaluated, dated today; gives its path.

    ``package`` is the folder of the model package whose card is shown, if any.
    """
    card = None
    if package is not None:
        found = card_from_json(read_json(package / CARD_FILE), source=str(package))
        if not isinstance(found, ClassifierCard):
            raise PackageError(
                f"{package} is a package of kind {found.kind}, wanted one of a classifier",
                remedy="name the package of this study's run",
            )
        card = found
    accepted = context.study.settings.leakage.accept
    extras = ReportExtras(
        flow=study_flow(context),
        gallery=tuple(gallery),
        card=card,
        accepted_leakage={TITLES[check]: reason for check, reason in accepted.items()},
        records={"Settings of the study": context.study.settings.resolved()},
    )
    today = date.today()
    made_on = f"{today.day} {today:%B %Y}"
    folder = context.study.folder
    return build_report(folder, run_id, report_plan(context), made_on=made_on, extras=extras)
