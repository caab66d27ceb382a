"""The flow of a study whose cases are patients: who was scanned, who left and why."""

from collections.abc import Mapping

import pandas as pd

from osteon.cohort.flow import FlowChart, patient_flow
from osteon.cohort.follow_up import EXCLUSION_REASONS
from osteon.cohort.patient_cases import PATIENT_REASONS
from osteon.workflow.context import Context

__all__ = ["patients_flow", "scans_of"]

_STAGES = ("follow_up", "patients")


def patients_flow(context: Context) -> FlowChart | None:
    """Count the patients the stages left out; ``None`` while the study is not divided."""
    study = context.study
    if not study.table_path("splits").exists() or not study.table_path("patient_cases").exists():
        return None
    left_out = [item for stage in _STAGES for item in study.exclusions(stage)]
    scans = scans_of(study.read("instances"))
    return patient_flow(
        scans[["patient_id", "series_instance_uid"]].drop_duplicates(),
        left_out, _sentences(context), splits=study.read("splits"),
    )  # fmt: skip


def scans_of(instances: pd.DataFrame) -> pd.DataFrame:
    """Take the CT instances of known patients."""
    return instances[(instances["modality"] == "CT") & instances["patient_id"].notna()]


def _sentences(context: Context) -> Mapping[str, str]:
    rules = {rule.reason: f"Not {rule.sentence}" for rule in context.eligibility.rules}
    return {**EXCLUSION_REASONS, **PATIENT_REASONS, **rules}
