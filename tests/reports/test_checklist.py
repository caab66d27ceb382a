import pytest

from osteon.reports.checklist import DIAGNOSTIC_CHECKLISTS, OPEN, checklist_table, load_checklist
from osteon.reports.facts import StudyFacts, limitations, study_facts


@pytest.fixture(scope="module")
def facts(evaluation, study):
    return study_facts(
        StudyFacts(
            evaluation, study.cases, study.splits, "Is it broken?", "Later CT.", has_flow=True,
            has_paper=True, error_count=3, versions={"osteon": "1"},
            model_facts={"intended_use": "Research"},
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rows", "last"), [("stard_ai", 48, "40b"), ("claim_2024", 44, "44")]
)
def test_items_are_numbered_as_published(name, rows, last):
    checklist = load_checklist(name)
    assert len(checklist.items) == rows
    assert (checklist.items[0].number, checklist.items[-1].number) == ("1", last)
    assert checklist.doi.startswith("10.")


@pytest.mark.parametrize("name", DIAGNOSTIC_CHECKLISTS)
def test_answers_stand_where_the_study_knows_and_nowhere_else(name, facts):
    checklist = load_checklist(name)
    table = checklist_table(checklist, facts)
    answers = dict(zip(table.data["item"], table.data["answer"], strict=True))
    for item in checklist.items:
        expected = facts.get(item.fact, OPEN) if item.fact else OPEN
        assert answers[item.number] == expected
    filled = [answer for answer in answers.values() if answer != OPEN]
    assert len(filled) > 20
    assert OPEN in answers.values()


def test_every_fact_answers_something(facts):
    asked = {item.fact for name in DIAGNOSTIC_CHECKLISTS for item in load_checklist(name).items}
    assert set(facts) <= asked


def test_facts_are_those_of_the_study(facts, evaluation):
    assert "internal test 44" in facts["partitions"] or "internal test" in facts["partitions"]
    assert "phantom" in facts["reference_standard"]
    assert "Philips" in facts["devices_and_software"]
    assert str(evaluation.counts[0].by_class["intertrochanteric"]) in facts["severity"]
    assert facts["software"] == "osteon 1"
    assert facts["external"].startswith("External test: AUC 0.")


def test_limitations_name_the_rare_classes_and_the_synthetic_patients(evaluation):
    found = limitations(evaluation)
    assert "synthetic" in found[0]
    assert any("fewer than 20 hips of" in sentence for sentence in found)


def test_an_unknown_checklist_is_refused():
    with pytest.raises(ValueError, match="wanted one of stard_ai, claim_2024"):
        load_checklist("prisma")
