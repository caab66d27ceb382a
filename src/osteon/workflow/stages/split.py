"""Divide the patients into training, tuning and test."""

from osteon.cohort.freeze import read_split, split_study
from osteon.core.files import write_json
from osteon.errors import StudyError
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study = context.study
    cases = study.read("cases")
    if cases.empty:
        raise StudyError(
            f"study {study.folder} has no cases: every label was excluded or there is none",
            remedy=f"see {study.tables}/exclusions-cohort.parquet",
        )
    report = split_study(study.folder, radiograph_settings(context).split, study.settings.seed)
    write_json(study.tables / "split.json", report.as_json())
    if not report.is_good:
        absent = next(item for item in report.empty if not item.is_allowed)
        raise StudyError(
            f"{absent.label} is absent from {absent.part}: {absent.reason}",
            remedy=f"gather more patients, or --set 'split.allow_empty=[{absent.label}]'",
        )
    splits = read_split(study.folder)
    return Outcome({str(name): int(n) for name, n in splits["subset"].value_counts().items()})


STAGE = Stage(
    "split",
    "dividing the patients",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        inputs=lambda context: context.table_hashes("cases"),
        settings=lambda context: radiograph_settings(context).split.resolved(),
    ),
)
