"""Rules at every level, each hip's first and other reasons, and what a change would change."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner
from tests.cohort.cohort_tables import instances_of, labels_of

from osteon.cli.eligibility import command
from osteon.cohort.cases import build_cases, judge_candidates
from osteon.cohort.eligibility import Eligibility, Rule
from osteon.cohort.eligibility_changes import AddedRule, EligibilityChanges, compare_rules
from osteon.cohort.flow import FlowCounts, flow_chart
from osteon.core.schemas import ELIGIBILITY, INSTANCES, LABELS
from osteon.core.settings import load_settings
from osteon.core.tables import write_table
from osteon.errors import SettingsError, StudyError

IMPLANT = ("label", "not_equals", "arthroplasty")


def tables():
    """Patient A: two films, an implant on one hip of the first; patient B: one film."""
    films = instances_of(
        [
            {"sop_instance_uid": "1.1", "patient_id": "A", "modality": "DX", "view_position": "AP"},
            {"sop_instance_uid": "1.2", "patient_id": "A", "modality": "DX", "view_position": "LL"},
            {"sop_instance_uid": "1.3", "patient_id": "B", "modality": "CR", "view_position": "LL"},
        ]
    ).assign(number_of_frames=1)
    hips = [
        {"sop_instance_uid": uid, "laterality": side, "label": "no_fracture"}
        for uid in ("1.1", "1.2", "1.3")
        for side in "LR"
    ]
    hips[0]["label"] = "arthroplasty"
    return films, labels_of(hips)


@pytest.mark.parametrize(
    ("level", "needs", "inside"),
    [
        ("hip", "all", {"1.1:R", "1.2:L", "1.2:R", "1.3:L", "1.3:R"}),
        ("image", "all", {"1.2:L", "1.2:R", "1.3:L", "1.3:R"}),
        ("image", "any", {"1.1:L", "1.1:R", "1.2:L", "1.2:R", "1.3:L", "1.3:R"}),
        ("patient", "all", {"1.3:L", "1.3:R"}),
    ],
)
def test_a_rule_decides_at_its_level(level, needs, inside):
    rule = Rule(*IMPLANT, "implant", "no arthroplasty", level=level, needs=needs)
    cases, _ = build_cases(*tables(), Eligibility((rule,)))
    assert set(cases["case_id"]) == inside


def test_a_patient_may_need_one_film_of_a_view():
    rule = Rule(
        "view_position", "equals", "AP", "no_ap", "an AP film", level="patient", needs="any"
    )
    cases, exclusions = build_cases(*tables(), Eligibility((rule,)))
    assert set(cases["patient_id"]) == {"A"}
    chart = flow_chart(*tables(), Eligibility((rule,)), exclusions)
    assert [(step.level, step.excluded) for step in chart.steps] == [
        ("patient", FlowCounts(1, 2, 1))
    ]


def test_each_excluded_hip_keeps_its_first_rule_and_all_others():
    rules = Eligibility(
        (
            Rule("view_position", "equals", "AP", "not_ap", "AP"),
            Rule(*IMPLANT, "implant", "no implant", level="patient"),
        )
    )
    table = judge_candidates(*tables(), rules).set_index("case_id")
    assert table.loc["1.2:L", "first_failing"] == "not_ap"
    assert table.loc["1.2:L", "failing"] == "not_ap;implant"
    assert table.loc["1.1:R", "first_failing"] == "implant"
    assert table.loc["1.3:L", "failing"] == "not_ap"
    assert not table["is_in"].any()


def test_changes_of_a_study_drop_and_add_rules():
    rules = Eligibility((Rule("modality", "equals", "DX", "not_dx", "DX"),))
    added = AddedRule(condition="view_position!=LL", reason="lateral", level="image")
    changed = EligibilityChanges(drop=("not_dx",), add=(added,)).applied(rules)
    assert [(rule.reason, rule.level) for rule in changed.rules] == [("lateral", "image")]
    assert EligibilityChanges().applied(rules) == rules
    with pytest.raises(SettingsError, match="no rule 'not_dy'"):
        EligibilityChanges(drop=("not_dy",)).applied(rules)
    with pytest.raises(SettingsError):
        load_settings(EligibilityChanges, {"add": [{"condition": "no sign", "reason": "x"}]})


def test_a_comparison_adds_up():
    old = Eligibility((Rule("modality", "equals", "DX", "not_dx", "DX"),))
    new = Eligibility((Rule(*IMPLANT, "implant", "no implant"),))
    before, after = (judge_candidates(*tables(), rules) for rules in (old, new))
    classes = pd.Series({"1.1:L": "arthroplasty"}).reindex(before["case_id"]).fillna("no_fracture")
    rules = {rule.reason: rule for rule in (*old.rules, *new.rules)}
    change = compare_rules(before, after, rules, classes)
    assert change.before + change.comes - change.goes == FlowCounts(
        change.before.images + change.comes.images - change.goes.images,
        change.after.hips,
        change.before.patients + change.comes.patients - change.goes.patients,
    )
    assert (change.comes.hips, change.goes.hips) == (2, 1)
    assert change.goes_by_class == {"arthroplasty": 1}
    assert [(rule.first_before, rule.first_after) for rule in change.rules] == [(2, 0), (0, 1)]
    assert compare_rules(before, before, rules, classes).is_nothing


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.yaml").write_text("recipe: hip_fracture\npreset: demo\n")
    films, labels = tables()
    write_table(films, INSTANCES, tmp_path / "tables/instances.parquet")
    write_table(labels, LABELS, tmp_path / "tables/labels.parquet")
    return tmp_path


def run(study, *options):
    result = CliRunner().invoke(command, ["--study", str(study), *options])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.output


def test_the_command_shows_a_change_and_writes_nothing(study):
    from osteon import recipes

    with pytest.raises(StudyError, match="no cohort yet"):
        run(study)
    films, labels = tables()
    judged = judge_candidates(films, labels, recipes.load("hip_fracture").eligibility)
    write_table(judged, ELIGIBILITY, study / "tables/eligibility.parquet")
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    assert "nothing would change" in run(study)
    content = json.loads(run(study, "--drop", "cross_table_lateral", "--json"))
    assert content["comes"] == {"images": 2, "hips": 4, "patients": 2}
    text = run(study, "--add", "implant:label!=arthroplasty@patient")
    assert "would go out" in text
    assert "nothing was written" in text
    assert before == {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
