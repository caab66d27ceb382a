"""Project every chosen volume to the standard views."""

from functools import partial

from osteon.drr.prepare import ProjectionCache, prepare_projections
from osteon.drr.views import project_views
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study, settings = context.study, survival_settings(context)
    volumes = study.read("volumes")
    cases = study.read("patient_cases")
    wanted = volumes[volumes["series_instance_uid"].isin(set(cases["case_id"]))]
    cache = ProjectionCache(study.folder, settings.projection.resolved(), settings.reading)
    projections, exclusions = prepare_projections(
        wanted, study.read("instances"), cache,
        partial(project_views, settings=settings.projection), workers=settings.workers,
    )  # fmt: skip
    study.write("projections", projections)
    study.write_exclusions("project", exclusions)
    return Outcome({"projections": len(projections), "excluded": len(exclusions)})


STAGE = Stage(
    "project",
    "projecting the volumes",
    _run,
    Kept(
        folder=lambda context: context.study.cache,
        outputs=lambda context: context.study.table_paths("projections", "exclusions-project"),
        inputs=lambda context: context.table_hashes("volumes", "patient_cases"),
        settings=lambda context: {
            "projection": survival_settings(context).projection.resolved(),
            "reading": survival_settings(context).reading.resolved(),
        },
    ),
)
