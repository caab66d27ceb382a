"""A cohort made by hand-written rules, large enough to divide."""

import sys
from pathlib import Path

import numpy as np
import pytest

from osteon.core.labels import HIP_CLASSES

sys.path.insert(0, str(Path(__file__).parent))

from cohort_tables import cases_of


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
