"""Read the sources into the table of instances."""

from osteon.errors import StudyError
from osteon.sources.ingest import ingest
from osteon.workflow.context import Context
from osteon.workflow.stage import Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study = context.study
    if not study.settings.sources:
        raise StudyError(
            f"study {study.folder} names no sources", remedy="list them under sources in study.yaml"
        )
    paths = [study.resolve(path) for path in study.settings.sources]
    report = ingest(paths, study.folder, workers=study.settings.workers)
    counts = {"instances": report.instances, "files_excluded": report.files_excluded}
    return Outcome(counts, ran=not report.is_up_to_date)


STAGE = Stage("ingest", "reading the sources", _run)
