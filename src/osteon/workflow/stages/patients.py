"""Join volumes and follow-up, apply the recipe's eligibility: one case for each patient."""

from dataclasses import asdict

from osteon.cohort.patient_cases import build_patient_cases
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study = context.study
    cases, exclusions = build_patient_cases(
        study.read("volumes"), study.read("follow_up"), context.eligibility
    )
    study.write("patient_cases", cases)
    study.write_exclusions("patients", exclusions)
    ends = cases["label"].value_counts()
    return Outcome({
        "cases": len(cases), **{str(name): int(n) for name, n in ends.items()},
        "excluded": len(exclusions),
    })  # fmt: skip


STAGE = Stage(
    "patients",
    "applying the eligibility rules",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=lambda context: context.study.table_paths("patient_cases", "exclusions-patients"),
        inputs=lambda context: context.table_hashes("volumes", "follow_up"),
        settings=lambda context: asdict(context.eligibility),
    ),
)
