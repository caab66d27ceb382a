"""Read the annotations and match them with the instances."""

from osteon.cohort.weak_labels import refuse_report_labels
from osteon.core.files import hash_file
from osteon.errors import StudyError
from osteon.sources.annotations import read_annotations
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _inputs(context: Context) -> dict[str, str]:
    study = context.study
    paths = [study.resolve(path) for path in study.settings.annotations]
    if missing := [path for path in paths if not path.is_file()]:
        raise StudyError(
            f"annotation file {missing[0]} does not exist",
            remedy="correct annotations in study.yaml",
        )
    return {
        **context.table_hashes("instances"),
        **{str(path): hash_file(path) for path in paths},
    }


def _run(context: Context) -> Outcome:
    study = context.study
    instances = study.read("instances")
    paths = [study.resolve(path) for path in study.settings.annotations]
    labels, exclusions = read_annotations(paths, instances, context.recipe.labels)
    refuse_report_labels(labels, is_named=study.settings.report_labels)
    study.write("labels", labels)
    study.write_exclusions("label", exclusions)
    return Outcome({"labels": len(labels), "excluded": len(exclusions)})


STAGE = Stage(
    "label",
    "reading the annotations",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        inputs=_inputs,
        settings=lambda context: {
            "classes": list(context.recipe.labels.classes),
            "report_labels": context.study.settings.report_labels,
        },
    ),
)
