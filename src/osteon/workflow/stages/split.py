"""Divide the patients into training, tuning and test."""

from osteon.cohort.freeze import read_split, split_study
from osteon.cohort.persons import persons_of
from osteon.core.files import write_json
from osteon.core.manifest import fingerprint
from osteon.errors import StudyError
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study, settings = context.study, context.study.settings.split
    table = context.recipe.cases_table
    cases = study.read(table.name)
    if cases.empty:
        raise StudyError(
            f"study {study.folder} has no cases: every label was excluded or there is none",
            remedy=f"see {study.tables}/exclusions-cohort.parquet",
        )
    if settings.inner_folds > 1:
        raise StudyError(
            "a run evaluates each patient once, nested folds test each several times",
            remedy="set split.inner_folds to 1; osteon split writes nested folds for others",
        )
    report = split_study(study.folder, settings, study.settings.seed, cases_of=table)
    write_json(study.tables / "split.json", report.as_json())
    if not report.is_good:
        absent = ",".join(sorted({item.label for item in report.empty if not item.is_allowed}))
        raise StudyError(
            str(report.obstacle),
            remedy=f"gather more patients, or --set 'split.allow_empty=[{absent}]'"
            if absent and not report.problems
            else "change split in study.yaml",
        )
    splits = read_split(study.folder)
    return Outcome({str(name): int(n) for name, n in splits["subset"].value_counts().items()})


STAGE = Stage(
    "split",
    "dividing the patients",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=lambda context: [
            *context.study.table_paths("splits"),
            context.study.tables / "split.json",
        ],
        inputs=lambda context: {
            **context.table_hashes(context.recipe.cases_table.name),
            "persons": fingerprint(persons_of(context.study.folder)),
        },
        settings=lambda context: context.study.settings.split.resolved(),
    ),
)
