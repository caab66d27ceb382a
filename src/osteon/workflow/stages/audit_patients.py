"""Look for what training could see of the test where cases are patients; stop where it can."""

import numpy as np

from osteon.cohort.leakage.finding import Finding, finding_rows, first_of_each
from osteon.cohort.leakage.people import patient_findings
from osteon.cohort.leakage.volumes import projection_findings
from osteon.cohort.persons import joined_persons, persons_of
from osteon.core.manifest import fingerprint
from osteon.errors import StudyError
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]

_VIEW = "frontal"


def _run(context: Context) -> Outcome:
    study = context.study
    cases, splits = study.read("patient_cases"), study.read("splits")
    persons = joined_persons(cases["patient_id"].astype(str), persons_of(study.folder))
    found = list(patient_findings(cases, splits, persons))
    rows = study.read("projections")
    rows = rows[rows["view"] == _VIEW]
    pictures = np.stack([np.load(study.folder / path) for path in rows["path"]])
    found += projection_findings(rows["patient_id"].astype(str).to_list(), pictures, splits)
    findings = first_of_each(found)
    study.write("leakage", finding_rows(findings))
    _refuse(context, findings)
    return Outcome({"volumes_compared": len(pictures), "findings": len(findings)})


def _refuse(context: Context, findings: list[Finding]) -> None:
    accepted = context.study.settings.leakage.accept
    refusing = [item for item in findings if item.check not in accepted]
    if refusing:
        first = refusing[0]
        raise StudyError(
            f"{len(refusing)} findings of leakage; first: {first.detail}",
            remedy=f"see {context.study.table_path('leakage')}; mend the split or the ids, or give "
            f"a reason in study.yaml: leakage: {{accept: {{{first.check}: why}}}}",
        )


STAGE = Stage(
    "audit_patients",
    "looking for leakage",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=lambda context: context.study.table_paths("leakage"),
        inputs=lambda context: {
            **context.table_hashes("patient_cases", "splits", "projections"),
            "persons": fingerprint(persons_of(context.study.folder)),
        },
        settings=lambda context: context.study.settings.leakage.resolved(),
    ),
)
