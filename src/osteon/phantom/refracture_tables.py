"""The tables of a synthetic follow-up cohort: what a hospital has, and apart from it the truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from osteon.core.files import write_json, write_text
from osteon.phantom.ceiling import ceilings
from osteon.phantom.hip_tables import SYNTHETIC_LINE, write_synthetic_csv
from osteon.phantom.refracture_patients import CohortPatient
from osteon.phantom.risk_factors import CLINICAL_SCHEMA

__all__ = ["CohortTables", "cohort_tables", "write_cohort_tables"]

CohortTables = dict[str, pd.DataFrame]

_EVENT_COLUMNS = ("patient_id", "event_date", "system", "code", "laterality")


def cohort_tables(patients: Sequence[CohortPatient]) -> CohortTables:
    """Make the tables by their names.

    Returns
    -------
    dict
        ``imaging`` (patient, day and place of each hip CT for a fracture), ``events`` (table
        :data:`osteon.core.schemas.EVENTS` with ``laterality``), ``vital_status``, ``clinical``,
        and ``truth``, which no stage of a study may read.
    """
    events = [{"patient_id": p.plan.patient_id, **row} for p in patients for row in p.claims.events]
    imaging = [
        {
            "patient_id": p.plan.patient_id,
            "study_date": day.isoformat(),
            "institution_name": p.scan.institution_name,
        }
        for p in patients
        for day in p.claims.imaging_dates
    ]
    vital = [
        {"patient_id": p.plan.patient_id, **p.claims.vital} for p in patients if p.claims.vital
    ]
    clinical = [{"patient_id": p.plan.patient_id, **p.clinical} for p in patients]
    found = pd.DataFrame(events, columns=list(_EVENT_COLUMNS))
    order = ["patient_id", "event_date", "code"]
    return {
        "imaging": pd.DataFrame(imaging),
        "events": found.drop_duplicates(order).sort_values(order, ignore_index=True),
        "vital_status": pd.DataFrame(vital),
        "clinical": pd.DataFrame(clinical),
        "truth": pd.DataFrame([_truth(p) for p in patients]),
    }


def _truth(patient: CohortPatient) -> dict[str, Any]:
    outcome = patient.outcome
    is_known = patient.clinical["t_score"] is not None
    return {
        "patient_id": patient.plan.patient_id,
        "site": patient.site,
        "index_date": outcome.index_date.isoformat(),
        "index_side": outcome.index_side.value,
        **patient.body,
        **{name: value for name, value in patient.factors.items() if name != "is_male"},
        "t_score_known": patient.factors["t_score"] if is_known else None,
        "log_hazard_fracture": outcome.log_hazard_fracture,
        "log_hazard_death": outcome.log_hazard_death,
        "fracture_day": outcome.fracture_day,
        "death_day": outcome.death_day,
        "loss_day": outcome.loss_day,
        "end_day": outcome.end_day,
        "time_days": outcome.time_days,
        "cause": outcome.cause,
        "patient_position": patient.scan.patient_position,
        "has_contrast": patient.scan.has_contrast,
        "fault": patient.claims.fault,
    }


def write_cohort_tables(tables: CohortTables, folder: Path) -> dict[str, int]:
    """Write the tables, the clinical table's schema, the truth and the ceilings; give back counts.

    ``truth/`` holds ``truth.csv`` and ``ceiling.json``.
    """
    for name in ("imaging", "events", "vital_status", "clinical"):
        write_synthetic_csv(tables[name], folder / f"{name}.csv")
    schema = yaml.safe_dump(dict(CLINICAL_SCHEMA), sort_keys=False)
    write_text(folder / "clinical.schema.yaml", f"# {SYNTHETIC_LINE}\n{schema}")
    truth = tables["truth"]
    write_synthetic_csv(truth, folder / "truth" / "truth.csv")
    write_json(folder / "truth" / "ceiling.json", {"synthetic": SYNTHETIC_LINE, **ceilings(truth)})
    return {
        "patients": len(truth),
        "events": len(tables["events"]),
        "subsequent_fractures": int((truth["cause"] == 1).sum()),
        "deaths": int((truth["cause"] == 2).sum()),
        "with_faulty_dates": int(truth["fault"].notna().sum()),
    }
