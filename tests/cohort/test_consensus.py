"""Majority, ties, the senior, and annotators who are missing."""

import pytest

from osteon.cohort.consensus import Answer, agree
from osteon.cohort.evidence_rules import ReferenceSettings


def verdict(text, **settings):
    answers = tuple(Answer(who, label, "film") for who, label in text.split())
    return agree(answers, ReferenceSettings(**settings))


@pytest.mark.parametrize(
    ("text", "settings", "label", "rule"),
    [
        ("ax", {}, "x", "single_annotator"),
        ("ax bx", {}, "x", "unanimous"),
        ("ax by", {}, None, "annotators_disagree"),
        ("ax bx cy", {}, None, "annotators_disagree"),
        ("ax bx cy", {"consensus": "majority"}, "x", "majority"),
        ("ax by", {"consensus": "majority"}, None, "tie"),
        ("ax bx cy dz", {"consensus": "majority"}, None, "tie"),
        ("ax by cz", {"consensus": "majority"}, None, "tie"),
        ("ax by", {"consensus": "senior", "senior": "B"}, "y", "senior"),
        ("ax by", {"consensus": "senior", "senior": "c"}, None, "senior_missing"),
        ("ax bx", {"consensus": "senior", "senior": "c"}, "x", "unanimous"),
        ("ax", {"min_annotators": 2}, None, "annotator_missing"),
        ("", {}, None, "annotator_missing"),
    ],
)
def test_what_annotators_say_together(text, settings, label, rule):
    found = verdict(text, **settings)
    assert (found.label, found.rule) == (label, rule)


def test_who_decided_is_named():
    assert verdict("bx ax cy", consensus="majority").decided_by == "a, b"
