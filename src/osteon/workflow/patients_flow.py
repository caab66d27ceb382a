"""The flow of a study whose cases are patients: who was scanned, who left and why."""

from collections.abc import Mapping

from osteon.cohort.flow import FlowChart, patient_flow
from osteon.cohort.follow_up import EXCLUSION_REASONS
from osteon.cohort.patient_cases import PATIENT_REASONS
from osteon.core.records import Exclusion
from osteon.workflow.context import Context

__all__ = ["patients_flow"]

_STAGES = ("follow_up", "patients")


def patients_flow(context: Context) -> FlowChart | None:
    """Count the patients the stages left out; ``None`` while the study is not divided."""
    study = context.study
    if not study.table_path("splits").exists() or not study.table_path("patient_cases").exists():
        return None
    instances = study.read("instances")
    scans = instances[(instances["modality"] == "CT") & instances["patient_id"].notna()]
    left_out = [
        Exclusion(**{str(name): value for name, value in row.items()})
        for stage in _STAGES
        for row in study.read_exclusions(stage).to_dict("records")
    ]
    return patient_flow(
        scans[["patient_id", "series_instance_uid"]].drop_duplicates(),
        left_out, _sentences(context), splits=study.read("splits"),
    )  # fmt: skip


def _sentences(context: Context) -> Mapping[str, str]:
    rules = {rule.reason: f"Not {rule.sentence}" for rule in context.eligibility.rules}
    return {**EXCLUSION_REASONS, **PATIENT_REASONS, **rules}
