"""Render and reduce every film of the study."""

from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study = context.study
    cases = study.read("cases")
    exclusions = pixel_cache(context).prepare(cases, workers=study.settings.workers)
    study.write_exclusions("prepare", exclusions)
    return Outcome({"films": int(cases["content_hash"].nunique()), "excluded": len(exclusions)})


STAGE = Stage(
    "prepare",
    "rendering the films",
    _run,
    Kept(
        folder=lambda context: context.study.cache,
        outputs=lambda context: context.study.table_paths("exclusions-prepare"),
        inputs=lambda context: context.table_hashes("cases"),
        settings=lambda context: {"film_side_px": radiograph_settings(context).film_side_px},
    ),
)
