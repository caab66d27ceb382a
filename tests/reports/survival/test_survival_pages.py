import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from tests.reports.test_html import Page

from osteon.core.files import read_json
from osteon.core.schemas import FOLLOW_UP, RISK_SCORES, SPLITS, SURVIVAL_CURVES
from osteon.core.tables import write_table
from osteon.errors import StudyError, UsageError
from osteon.prediction.patient_risk import patient_risk, reference_cohort
from osteon.reports.checklist import load_checklist
from osteon.reports.published import load_published
from osteon.reports.survival.build import (
    SurvivalExtras,
    SurvivalReportPlan,
    build_survival_report,
    evaluate_survival_run,
)
from osteon.reports.survival.comparison_tables import comparison_table, invalid_table
from osteon.reports.survival.facts import survival_facts, survival_limitations
from osteon.reports.survival.page import SurvivalContent, render_survival_report
from osteon.reports.survival.patient_page import ViewPicture, patient_page, write_patient
from osteon.reports.survival.predicted import SurvivalTables
from osteon.reports.survival.tables import cohort_table

PUBLISHED = Path(__file__).parent / "published.json"


@pytest.fixture(scope="module")
def content(survival):
    return SurvivalContent(
        "Refracture <test>", "Who breaks again?", "run-1", "1 January 2026", survival,
        published=load_published(PUBLISHED), limitations=survival_limitations(survival),
        records={"Plan": survival.settings},
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(content):
    return render_survival_report(content)


def test_the_first_line_says_synthetic_and_only_when_it_is(content, page):
    assert Page(page).text[0] == "SYNTHETIC PATIENTS."
    real = replace(content, evaluation=replace(content.evaluation, is_synthetic=False))
    text = Page(render_survival_report(real)).text
    assert text[0] == "Research software, not a medical device."
    assert not any("SYNTHETIC" in line for line in text)


def test_the_page_loads_nothing_and_is_the_same_again(content, page):
    for tag, attributes in Page(page).tags:
        assert tag not in {"link", "script", "iframe", "object", "embed", "video"}
        assert attributes.get("src", "data:").startswith("data:")
    assert "Refracture &lt;test&gt;" in page
    assert render_survival_report(content) == page


def test_contents_lead_to_sections_and_pictures_have_words(page):
    parsed = Page(page)
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    inside = {a["href"][1:] for tag, a in parsed.tags if tag == "a" and a["href"][0] == "#"}
    assert len(set(ids)) == len(ids)
    assert inside <= set(ids)
    assert {"ranking", "comparisons", "accuracy", "recalibration", "groups", "paper"} <= inside
    assert all(a["alt"] for tag, a in parsed.tags if tag == "img")


def test_every_table_counts_its_events(survival, page):
    events = survival.count("internal_test").events
    assert page.count(f"130 patients, {events} fractures") >= 4
    assert f"{survival.count('external_test').events_by['730']} fractures" in page
    head = cohort_table(survival).data
    assert head["events"].tolist() == [item.events for item in survival.counts]


def test_the_papers_numbers_stand_beside_ours_as_printed(survival, page):
    rows = " ".join(Page(page).text)
    assert "0.73" in rows
    assert "0.730 " not in rows.split("Published, and measured here")[1].split("0.74")[0]
    ours = survival.find("internal_test", "ensemble", "concordance.harrell").estimate.value
    assert f"{ours:.3f}" in rows


def test_the_papers_test_is_marked_invalid_and_why(survival):
    table = invalid_table(survival)
    assert table.title.startswith("INVALID")
    assert all(row.cells[-1].small == "INVALID" for row in table.rows if row.kind != "group")
    assert "not further patients" in table.note
    assert "24 tests" in comparison_table(survival).note


def test_checklist_has_the_published_items_and_real_answers(survival):
    checklist = load_checklist("tripod_ai")
    assert len(checklist.items) == 52
    assert (checklist.items[0].number, checklist.items[-1].number) == ("1", "27c")
    facts = survival_facts(survival, question="Who?", outcome="A fracture.", has_flow=True)
    assert set(facts) <= {item.fact for item in checklist.items}
    assert str(survival.count("internal_test").events) in facts["events"]


def test_few_events_are_a_limitation(survival):
    events = survival.count("internal_test").events
    said = " ".join(survival_limitations(survival))
    assert f"Internal test: {events} fractures, fewer than the 100" in said


@pytest.fixture
def folder(tmp_path, survival_study):
    follow_up, splits, scores, curves = survival_study.tables()
    run = tmp_path / "runs" / "r1"
    write_table(follow_up, FOLLOW_UP, tmp_path / "tables" / "follow_up.parquet")
    write_table(splits, SPLITS, tmp_path / "tables" / "splits.parquet")
    few = scores[scores["model"].isin(["ensemble", "clinical"])]
    write_table(few, RISK_SCORES, run / "risk_scores.parquet")
    write_table(curves[curves["model"] == "ensemble"], SURVIVAL_CURVES,
                run / "survival_curves.parquet")  # fmt: skip
    return tmp_path


def test_from_a_study_folder_to_its_report(folder, plan):
    report = SurvivalReportPlan("T", "Q?", "O", 1, True, plan, PUBLISHED)
    with pytest.raises(StudyError, match="not evaluated"):
        build_survival_report(folder, "r1", report, made_on="today")
    found = evaluate_survival_run(folder, "r1", report)
    out = pd.DataFrame(
        [{"level": "patient", "key": f"p{i}", "stage": "cohort", "reason": reason, "detail": "d"}
         for i, reason in enumerate(["no_volume", "no_volume", "event_before_index"])]
    )  # fmt: skip
    extras = SurvivalExtras(out, {"hips_not_in_view": 3})
    index = build_survival_report(folder, "r1", report, made_on="today", extras=extras)
    names = {path.name for path in index.parent.rglob("*.*")}
    assert {"index.html", "evaluation.json", "measures.csv", "ranking.csv", "comparisons.csv",
            "risk_groups_internal_test.svg", "risk_groups_internal_test.csv",
            "flow_chart.svg"} <= names  # fmt: skip
    for path in index.parent.rglob("*.svg"):
        ElementTree.parse(path)
    flow = pd.read_csv(index.parent / "figures" / "flow_chart.csv")
    by = flow.groupby("level")["patients"].sum()
    assert by["found"] == by["left out"] + by["included"] == 3 + by["subset"]
    drawn = (index.parent / "figures" / "flow_chart.svg").read_text()
    assert "Event before index" in drawn
    assert "Hips not in view: 3" in drawn
    at_risk = found.groups[0].groups[0].at_risk.counts
    groups = (index.parent / "figures" / "risk_groups_internal_test.svg").read_text()
    assert f">{at_risk[0]}<" in groups
    with pytest.raises(StudyError, match="risk_scores is not at"):
        evaluate_survival_run(folder, "r2", report)


@pytest.fixture(scope="module")
def one_patient(survival_study):
    follow_up, _, scores, curves = survival_study.tables()
    tables = SurvivalTables(follow_up, scores, curves)
    reference = tables.predicted("training")[0]
    tested = tables.predicted("external_test")[0]
    row = np.arange(len(tested)) == 3
    return tested.case_ids[3], tested.curves.where(row), reference


def among(reference, horizons=(730, 1095, 1825)):
    longest = float(reference.time_days.max())
    return reference_cohort(reference.curves, "training", longest, horizons)


def test_a_patients_risk_is_that_of_the_curve(one_patient):
    case, own, reference = one_patient
    cohort = among(reference, (730, 1825, 3600))
    found = patient_risk(case, own, cohort, model="ensemble", is_synthetic=True)
    first, second, beyond = found.risks
    assert first.risk == pytest.approx(own.risk(730)[0])
    assert first.low < first.risk < first.high
    assert first.risk < second.risk
    others = reference.curves.risk(730)
    assert first.percentile == pytest.approx(100 * np.mean(others < first.risk), abs=1)
    assert first.reference_risk == pytest.approx(others.mean())
    assert beyond.risk is None
    assert "nothing is known beyond" in beyond.reason
    assert found.curve.days[-1] == cohort.followed_days
    assert found.curve.reference_mean[0] == 1.0
    with pytest.raises(UsageError, match="wanted one"):
        patient_risk(case, reference.curves, cohort, model="e", is_synthetic=True)
    other = replace(own, time_days=own.time_days + 1)
    with pytest.raises(UsageError, match="other times"):
        patient_risk(case, other, cohort, model="e", is_synthetic=True)


def test_a_patients_page_says_what_is_what(one_patient, tmp_path):
    case, own, reference = one_patient
    risk = patient_risk(case, own, among(reference), model="ensemble", is_synthetic=True)
    grey = np.linspace(0, 1, 48 * 40, dtype=np.float32).reshape(48, 40)
    pictures = [ViewPicture(view, grey, grey) for view in ("frontal", "lateral", "axial")]
    path = write_patient(risk, pictures, tmp_path, "case")
    text = " ".join(Page(path.read_text("utf-8")).text)
    assert text.startswith("SYNTHETIC PATIENTS.")
    assert f"{100 * risk.risks[0].risk:.1f}" in text
    assert len(re.findall("Rank, not a risk", text)) == 3
    assert "percentile of 60 training patients" in text
    assert "no relative score" in text
    images = [a for tag, a in Page(path.read_text("utf-8")).tags if tag == "img"]
    assert len(images) == 1 + 6
    record = read_json(tmp_path / "case.json")
    assert record["note"] == "SYNTHETIC PATIENT"
    assert record["risks"][0]["risk"] == pytest.approx(risk.risks[0].risk)
    unmoved = patient_page(risk, [ViewPicture("frontal", grey, np.zeros_like(grey))])
    assert "no place in this view spoke for a fracture" in unmoved
    assert "no place in this view" not in path.read_text("utf-8")
    real = patient_page(replace(risk, is_synthetic=False), pictures)
    assert Page(real).text[0] == "Research software, not a medical device."
    with pytest.raises(UsageError, match="heat map has shape"):
        ViewPicture("frontal", grey, grey[:-1])
