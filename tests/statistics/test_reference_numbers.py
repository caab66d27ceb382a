import json

from tests.statistics.conftest import FACTS
from tests.statistics.reference_numbers import (
    NOT_OURS_FILE,
    agrees,
    expected_numbers,
    groups_not_ours,
    pattern_of,
)
from tests.statistics.test_twins import STEMS


def test_no_number_is_left_and_the_groups_are_on_file(reference_data):
    groups = []
    for stem in STEMS:
        own, unmapped = groups_not_ours(stem, expected_numbers(reference_data, stem))
        assert not unmapped
        groups += own
    assert groups == json.loads((FACTS / NOT_OURS_FILE).read_text()), (
        "run python -m tests.statistics.reference_numbers REFERENCE_FOLDER --write"
    )


def test_every_group_says_why():
    for group in json.loads((FACTS / NOT_OURS_FILE).read_text()):
        assert group["count"] > 0
        assert len(group["reason"]) > 4


def test_the_comparison_can_fail():
    assert agrees(1.0, 1.0 + 5e-7)
    assert not agrees(1.0, 1.0 + 2e-6)
    assert not agrees((1.0, 1e-9), 1.0 + 1e-8)
    assert agrees((0.123, 0.0, 5e-4), 0.1234)
    assert pattern_of("agreement", "cohen_unweighted_diagnoses_r2_r3.value") is None
