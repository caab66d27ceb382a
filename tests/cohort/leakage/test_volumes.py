import numpy as np
import pandas as pd

from osteon.cohort.leakage.people import patient_findings
from osteon.cohort.leakage.volumes import projection_findings
from osteon.core.schemas import SPLITS

SUBSETS = ["training", "internal_test", "tuning"]
SPLIT = SPLITS.checked(pd.DataFrame({"patient_id": ["a", "b", "c"], "fold": 0, "subset": SUBSETS}))


def pictures():
    rng = np.random.default_rng(0)
    first, other = rng.random((2, 20, 20), dtype=np.float32)
    noise = rng.normal(0, 0.001, (20, 20)).astype(np.float32)
    return np.stack([first, first * 1.1 + 0.2 + noise, other])


def test_a_copy_in_another_subset_is_found_whatever_its_grey():
    found = list(projection_findings(["a", "b", "c"], pictures(), SPLIT))
    assert [(item.first, item.second, item.check) for item in found] == [
        ("a", "b", "near_duplicate_pixels")
    ]
    assert found[0].strength > 0.9999


def test_a_copy_within_a_subset_is_no_leakage():
    together = SPLIT.assign(subset="training")
    assert list(projection_findings(["a", "b", "c"], pictures(), together)) == []


def test_one_person_under_two_ids_and_one_content_are_found():
    cases = pd.DataFrame(
        {"patient_id": ["a", "b", "c"], "content_hash": ["1", "2", "1"], "case_id": ["x", "y", "z"]}
    )
    persons = {"a": "a", "b": "a", "c": "c"}
    checks = {item.check for item in patient_findings(cases, SPLIT, persons)}
    assert checks == {"same_person_two_ids", "near_duplicate_pixels"}
