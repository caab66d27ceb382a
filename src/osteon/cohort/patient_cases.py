"""From chosen volumes and follow-up to cases, one for each patient, and to those not taken."""

import pandas as pd

from osteon.cohort.eligibility import Eligibility
from osteon.core.records import Exclusion
from osteon.core.schemas import PATIENT_CASES

__all__ = ["PATIENT_REASONS", "build_patient_cases"]

STAGE = "patients"
PATIENT_REASONS = {
    "no_volume": "No CT volume that can be used",
    "volume_not_suitable": "No CT volume that keeps the rules of choice",
}
"""Why a followed patient is no case, besides the rules of eligibility."""


def build_patient_cases(
    volumes: pd.DataFrame, follow_up: pd.DataFrame, eligibility: Eligibility
) -> tuple[pd.DataFrame, list[Exclusion]]:
    """Make the table of cases, and say of every other followed patient why not.

    Parameters
    ----------
    volumes
        Table VOLUMES, at most one chosen for a patient.
    follow_up
        Table FOLLOW_UP.
    eligibility
        Rules on the columns of both tables; a patient leaves under the first that fails.

    Returns
    -------
    tuple
        Table PATIENT_CASES ordered by patient, with ``label`` the reason follow-up ended, and
        exclusions of level ``patient``.
    """
    chosen = volumes[volumes["is_chosen"].fillna(False)]
    frame = follow_up.merge(chosen, on="patient_id", how="inner", suffixes=("", "_of_volume"))
    frame = frame.sort_values("patient_id", ignore_index=True)
    exclusions = _without_volume(volumes, follow_up, set(frame["patient_id"]))
    failing = eligibility.failing(frame)
    for patient, reasons in zip(frame["patient_id"], failing, strict=True):
        if reasons:
            detail = f"wanted: {eligibility.sentence(reasons[0])}"
            if len(reasons) > 1:
                detail += f"; fails also: {', '.join(reasons[1:])}"
            exclusions.append(Exclusion("patient", str(patient), STAGE, reasons[0], detail))
    kept = frame[[not reasons for reasons in failing]]
    cases = kept.rename(columns={"series_instance_uid": "case_id", "end_reason": "label"})
    return PATIENT_CASES.checked(cases[list(PATIENT_CASES.names)]), exclusions


def _without_volume(
    volumes: pd.DataFrame, follow_up: pd.DataFrame, kept: set[str]
) -> list[Exclusion]:
    reasons = volumes.groupby("patient_id")["reason"].agg(lambda own: own.dropna().unique())
    found = []
    for patient in sorted(set(follow_up["patient_id"]) - kept):
        own = sorted(reasons.get(patient, ()))
        reason = "volume_not_suitable" if own else "no_volume"
        detail = ", ".join(own) if own else "none of the patient's series makes a volume"
        found.append(Exclusion("patient", str(patient), STAGE, reason, detail))
    return found
