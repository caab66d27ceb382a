"""Table 1 on a page: every row stands below the title of its characteristic."""

import pandas as pd
import pytest
from tests.cohort.cohort_tables import cases_of

from osteon.cohort.split import SplitSettings, split_patients
from osteon.cohort.table_one import table_one
from osteon.core.labels import HIP_CLASSES
from osteon.reports.patient_table import patient_table


@pytest.fixture
def cases() -> pd.DataFrame:
    rows = [
        {
            "patient_id": f"P{patient:02d}", "sop_instance_uid": f"{patient}.1", "laterality": side,
            "patient_age_years": 60.0 + patient, "patient_sex": "FM"[patient % 2],
            "label": "intertrochanteric" if side == "L" else "no_fracture",
        }
        for patient in range(20)
        for side in "LR"
    ]  # fmt: skip
    return cases_of(rows)


def headed(table):
    """The labels below each title; what stands before any title is below ''."""
    found, title = {"": []}, ""
    for row in table.rows:
        if row.kind == "group":
            title = row.cells[0].text
            found[title] = []
        else:
            found[title].append(row.cells[0].text)
    return found


def test_a_characteristic_that_nobody_recorded_has_its_title(cases):
    cases["institution_name"] = None
    splits, _ = split_patients(cases, SplitSettings(), 0)
    below = headed(patient_table(table_one(cases, splits, HIP_CLASSES)))
    assert below["Site, images"] == ["Not recorded"]
    assert below["Sex, patients"] == ["F", "M", "Not recorded"]
    assert below[""] == ["Patients", "Images", "Hips", "Age at imaging (years)", "Not recorded"]
