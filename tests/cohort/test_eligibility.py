"""Rules as data: what passes, what is missing, and conditions as a person types them."""

import pandas as pd
import pytest

from osteon.cohort.eligibility import Eligibility, Rule, parse_condition
from osteon.errors import SettingsError

FRAME = pd.DataFrame(
    {
        "age": pd.array([17.0, 18.0, 90.0, None], dtype="Float64"),
        "view": pd.array(["AP", "ll", "", None], dtype="string"),
        "date": pd.array(["20140101", "20150101", "20200101", None], dtype="string"),
    }
)


@pytest.mark.parametrize(
    ("field", "operator", "value", "wanted"),
    [
        ("age", "at_least", 18, [0, 1, 1, 0]),
        ("age", "at_most", 18, [1, 1, 0, 0]),
        ("age", "equals", 18, [0, 1, 0, 0]),
        ("age", "not_equals", 18, [1, 0, 1, 0]),
        ("view", "equals", "ap", [1, 0, 0, 0]),
        ("view", "one_of", ("AP", "LL"), [1, 1, 0, 0]),
        ("view", "none_of", ("LL",), [1, 0, 0, 0]),
        ("view", "matches", "^a", [1, 0, 0, 0]),
        ("view", "is_present", None, [1, 1, 0, 0]),
        ("view", "is_missing", None, [0, 0, 1, 1]),
        ("date", "at_least", "20150101", [0, 1, 1, 0]),
    ],
)
def test_operators(field, operator, value, wanted):
    rule = Rule(field, operator, value, "reason", "sentence")
    assert list(rule.passes(FRAME)) == [bool(item) for item in wanted]


def test_a_missing_value_passes_only_where_the_rule_says_so():
    strict = Rule("view", "one_of", ("AP",), "view", "AP view")
    lenient = Rule("view", "one_of", ("AP",), "view", "AP view", missing_passes=True)
    assert list(strict.passes(FRAME)) == [True, False, False, False]
    assert list(lenient.passes(FRAME)) == [True, False, True, True]


def test_all_failing_reasons_are_kept_in_order():
    eligibility = Eligibility(
        (
            Rule("age", "at_least", 18, "age_under_18", "18 years or older"),
            Rule("view", "equals", "AP", "other_view", "AP view"),
        )
    )
    assert eligibility.failing(FRAME) == [
        ("age_under_18",),
        ("other_view",),
        ("other_view",),
        ("age_under_18", "other_view"),
    ]
    assert eligibility.sentence("other_view") == "AP view"
    assert Eligibility().failing(FRAME) == [()] * 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rule("age", "at_least", None, "r", "s"),
        lambda: Rule("age", "one_of", "AP", "r", "s"),
        lambda: Rule("age", "is_present", 1, "r", "s"),
        lambda: Rule("age", "equals", 1, "Not a code", "s"),
        lambda: Rule("age", "matches", "(", "r", "s"),
        lambda: Rule("absent", "equals", 1, "r", "s").passes(FRAME),
        lambda: Eligibility((Rule("a", "equals", 1, "r", "s"), Rule("b", "equals", 1, "r", "s"))),
        lambda: parse_condition("institution"),
        lambda: parse_condition("a>3"),
    ],
)
def test_rules_that_make_no_sense_are_refused(make):
    with pytest.raises(SettingsError):
        make()


def test_conditions_are_read():
    rule = parse_condition("institution_name = Site B")
    assert (rule.field, rule.operator, rule.value) == ("institution_name", "equals", "Site B")
    assert parse_condition("patient_age_years>=65").value == 65.0
    assert parse_condition("study_date>=20150101").value == "20150101"
    assert parse_condition("manufacturer~^fuji").operator == "matches"
    assert parse_condition("a!=b").operator == "not_equals"
