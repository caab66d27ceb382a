"""A cohort made by hand-written rules, large enough to divide."""

import numpy as np
import pandas as pd
import pytest

from osteon.core.labels import HIP_CLASSES
from osteon.core.tables import CASES, INSTANCES, LABELS


def instances_of(rows):
    """Table of instances from a few columns; the others are empty."""
    frame = pd.DataFrame(rows)
    required = {"sop_class_uid": "1.2.3", "size_bytes": 1}
    for column in INSTANCES.columns:
        if column.name not in frame:
            frame[column.name] = required.get(column.name)
    for name in ("path", "content_hash"):
        frame[name] = frame[name].fillna(frame["sop_instance_uid"])
    return INSTANCES.checked(frame)


def labels_of(rows):
    frame = pd.DataFrame(rows)
    filled = {
        "x_min_px": 10.0, "y_min_px": 10.0, "x_max_px": 50.0, "y_max_px": 60.0,
        "label": "no_fracture", "label_source": "film", "annotator": "a",
    }  # fmt: skip
    for name, value in filled.items():
        frame[name] = value if name not in frame else frame[name].fillna(value)
    return LABELS.checked(frame)


def cases_of(rows):
    """Table of cases from (patient, film, laterality, label) and further columns."""
    frame = pd.DataFrame(rows)
    frame["case_id"] = frame["sop_instance_uid"] + ":" + frame["laterality"]
    filled = {
        "x_min_px": 0.0, "y_min_px": 0.0, "x_max_px": 9.0, "y_max_px": 9.0,
        "label_source": "film", "content_hash": "h", "path": "p",
    }  # fmt: skip
    for column in CASES.columns:
        if column.name not in frame:
            frame[column.name] = filled.get(column.name)
    return CASES.checked(frame)


@pytest.fixture(scope="session")
def cohort():
    """Cases of 400 patients: films of both hips, some patients with several visits."""
    generator = np.random.default_rng(5)
    rows = []
    for patient in range(400):
        for film in range(int(generator.integers(1, 4))):
            for side in "LR":
                label = generator.choice(HIP_CLASSES.classes, p=[0.5, 0.15, 0.05, 0.15, 0.1, 0.05])
                rows.append(
                    {
                        "patient_id": f"P{patient:04d}",
                        "sop_instance_uid": f"1.2.{patient}.{film}",
                        "laterality": side,
                        "label": str(label),
                        "patient_sex": "F" if patient % 3 else "M",
                        "patient_age_years": float(60 + patient % 37),
                        "institution_name": "Site B" if patient % 10 == 0 else "Site A",
                        "manufacturer": "Maker",
                        "study_date": "20200101",
                    }
                )
    return cases_of(rows)
