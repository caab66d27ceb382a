"""What a study's recipe and tables decide about its report."""

from osteon.cohort.flow import FlowChart, flow_chart
from osteon.core.records import Exclusion
from osteon.reports.build import ReportPlan
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings

__all__ = ["report_plan", "study_flow"]


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
    names = ("instances", "labels", "cases", "splits")
    is_there = all(study.table_path(name).exists() for name in names)
    if not is_there or not (study.tables / "exclusions-cohort.parquet").exists():
        return None
    left_out = [
        Exclusion(**{str(name): value for name, value in row.items()})
        for row in study.read_exclusions("cohort").to_dict("records")
    ]
    files: dict[str, int] = {}
    if study.table_path("exclusions").exists():
        rows = study.read("exclusions")
        counts = rows[rows["level"] == "file"]["reason"].value_counts()
        files = {str(reason): int(count) for reason, count in counts.items()}
    return flow_chart(
        study.read("instances"),
        study.read("labels"),
        context.recipe.eligibility,
        left_out,
        splits=study.read("splits"),
        files_excluded=files,
    )
