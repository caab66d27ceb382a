"""Apply the recipe's eligibility and make the table of cases."""

from dataclasses import asdict

from osteon.cohort.cases import build_cases
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study = context.study
    labels = study.read("labels")
    cases, exclusions = build_cases(study.read("instances"), labels, context.recipe.eligibility)
    study.write("cases", cases)
    study.write_exclusions("cohort", exclusions)
    return Outcome(
        {
            "labels": len(labels),
            "cases": len(cases),
            "images": int(cases["sop_instance_uid"].nunique()),
            "patients": int(cases["patient_id"].nunique()),
            "excluded": len(exclusions),
        }
    )


STAGE = Stage(
    "cohort",
    "applying the eligibility rules",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        inputs=lambda context: context.table_hashes("instances", "labels"),
        settings=lambda context: asdict(context.recipe.eligibility),
    ),
)
