"""Apply the recipe's eligibility and make the table of cases."""

from dataclasses import asdict

from osteon.cohort.cases import build_cases, judge_candidates
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study = context.study
    labels = study.read("labels")
    instances = study.read("instances")
    cases, exclusions = build_cases(instances, labels, context.eligibility)
    study.write("eligibility", judge_candidates(instances, labels, context.eligibility))
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
        outputs=lambda context: context.study.table_paths(
            "eligibility", "cases", "exclusions-cohort"
        ),
        inputs=lambda context: context.table_hashes("instances", "labels"),
        settings=lambda context: asdict(context.eligibility),
    ),
)
