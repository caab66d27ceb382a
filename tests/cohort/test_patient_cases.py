import pandas as pd
import pytest

from osteon.cohort.eligibility import Eligibility, Rule
from osteon.cohort.patient_cases import build_patient_cases
from osteon.cohort.table_one import patient_table_one
from osteon.core.schemas import CLINICAL, FOLLOW_UP, SPLITS, VOLUMES

ADULT = Eligibility(
    (Rule("patient_age_years", "at_least", 18.0, "under_18", "18 years or older", True, "patient"),)
)


def volume(patient, *, chosen, reason=None, age=70.0):
    row = dict.fromkeys(VOLUMES.names)
    row |= {
        "series_instance_uid": f"1.2.{patient}.{int(chosen)}", "patient_id": patient,
        "patient_age_years": age, "patient_sex": "F", "institution_name": "A", "reconstruction": 1,
        "n_slices": 30, "slice_spacing_mm": 3.0, "row_spacing_mm": 1.0, "column_spacing_mm": 1.0,
        "z_extent_mm": 90.0, "is_chosen": chosen, "reason": reason, "content_hash": "h",
        "path": "p", "hips_in_view": 2, "enhanced_cm3": 0.0, "metal_cm3": 0.0,
    }  # fmt: skip
    return row


def followed(patient, end="lost"):
    return {
        "patient_id": patient, "index_date": "2015-01-01", "entry_days": 0, "time_days": 400,
        "cause": int(end == "subsequent_fracture"), "end_reason": end, "end_date": "2016-02-05",
    }  # fmt: skip


@pytest.fixture(scope="module")
def found():
    volumes = VOLUMES.checked(pd.DataFrame([
        volume("a", chosen=True), volume("b", chosen=False, reason="one_hip_in_view"),
        volume("c", chosen=True, age=15.0), volume("e", chosen=True),
    ]))  # fmt: skip
    follow_up = FOLLOW_UP.checked(pd.DataFrame([
        followed("a", "subsequent_fracture"), followed("b"), followed("c"), followed("d"),
    ]))  # fmt: skip
    return build_patient_cases(volumes, follow_up, ADULT)


def test_a_case_has_a_chosen_volume_and_follow_up(found):
    cases, _ = found
    assert cases["patient_id"].tolist() == ["a"]
    assert cases.loc[0, "case_id"] == "1.2.a.1"
    assert cases.loc[0, "label"] == "subsequent_fracture"


def test_every_other_followed_patient_leaves_with_a_reason(found):
    _, exclusions = found
    why = {item.key: (item.reason, item.detail) for item in exclusions}
    assert why["b"] == ("volume_not_suitable", "one_hip_in_view")
    assert why["c"] == ("under_18", "wanted: 18 years or older")
    assert why["d"][0] == "no_volume"
    assert set(why) == {"b", "c", "d"}


def test_table_one_counts_patients_and_what_is_missing(found):
    cases, _ = found
    second = cases.assign(case_id="1.2.z.1", patient_id="z", label="death", patient_age_years=80.0)
    splits = SPLITS.checked(pd.DataFrame(
        {"patient_id": ["a", "z"], "fold": 0, "subset": ["training", "internal_test"]}
    ))  # fmt: skip
    clinical = CLINICAL.checked(pd.DataFrame([
        {**dict.fromkeys(CLINICAL.names), "patient_id": "a", "bmi_kg_m2": 24.0,
         "prior_fracture": True},
    ]))  # fmt: skip
    table = patient_table_one(pd.concat([cases, second]), splits, clinical)
    assert {row.unit for row in table.rows} == {"patient"}
    by = {(row.variable, row.level): row.cells for row in table.rows}
    assert by["Patients", ""]["all"].value == 2
    assert by["Earlier fracture", "yes"]["training"].value == 1
    assert by["Body mass index (kg/m²)", "missing"]["internal_test"].value == 1
    assert by["Follow-up ended by", "death"]["internal_test"].value == 1
