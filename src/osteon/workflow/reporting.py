"""What a recipe decides about its report."""

from osteon.reports.build import ReportPlan
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings

__all__ = ["report_plan"]


def report_plan(context: Context) -> ReportPlan:
    """Make the report's plan from the recipe and the settings."""
    recipe = context.recipe
    return ReportPlan(
        title=recipe.title,
        question=recipe.question,
        reference_standard=recipe.reference_standard,
        label_set=recipe.labels,
        seed=context.study.settings.seed,
        published=recipe.published,
        evaluation=radiograph_settings(context).evaluation,
    )
