from dataclasses import replace
from xml.etree import ElementTree

import pytest

from osteon.cohort.flow import FlowChart, FlowCounts, FlowStep
from osteon.reports.flow_chart import flow_figure
from osteon.reports.flow_view import counted, flow_view
from osteon.sources.report_scope import SearchStep


def counts(images, hips, patients):
    return FlowCounts(images, hips, patients)


def chart_of(start, steps, subsets=None, files=None):
    """Make a chart from (reason, counts, level), so that it adds up."""
    rows, remaining = [], start
    for reason, excluded, level in steps:
        remaining = remaining - excluded
        rows.append(FlowStep(reason, reason, excluded, remaining, level))
    return FlowChart(start, tuple(rows), subsets or {}, files or {})


SEARCH = (
    SearchStep("earlier_version", "Another version of the report is in force", 20, 1500),
    SearchStep("no_hit", "The report has none of the terms", 1430, 70),
    SearchStep("hit_not_kept", "Every hit is left out by keep=all", 0, 70),
    SearchStep("control", "Drawn at random among the others in the scope", -30, 100),
)


CHART = chart_of(
    counts(100, 150, 40),
    [
        ("no_label", counts(5, 0, 2), "data"),
        ("under_18_&_older", counts(2, 10, 1), "image"),
        ("several_frames", counts(0, 0, 0), "image"),
        ("lateral", counts(1, 1, 0), "hip"),
        ("pathological_fracture_of_any_kind_on_any_film_before_or_after", counts(0, 0, 0), "hip"),
    ],
    {"training": counts(60, 90, 25), "internal_test": counts(32, 49, 12)},
    {"not_dicom": 3, "same_uid_other_content": 1200},
)


def words(svg):
    root = ElementTree.fromstring(svg)
    return [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_counts_of_the_table_add_up():
    data = flow_figure(CHART).data
    for column in ("images", "hips", "patients"):
        by = data.groupby("level")[column].sum()
        assert by["read"] == by["left out"] + by["included"]
        assert by["included"] == by["subset"]


def test_the_drawing_says_what_the_table_says():
    text = words(flow_figure(CHART).svg)
    for shown in ("Read or labelled", "With a box and a class", "Eligible films", "Included"):
        assert shown in text
    assert text[text.index("Under 18 & older") :][1:4] == ["1", "2", "10"]
    assert {"40", "100", "150", "37", "92", "139"} <= set(text)
    assert "Looked for, and not met: several frames" in text
    assert "UID other content: 1,200" in " ".join(text)


def test_a_level_without_a_loss_is_shown_in_a_line():
    stages = flow_view(CHART).stages
    assert [stage.left_out.title for stage in stages] == [
        "Not usable", "Films excluded", "Hips excluded",
    ]  # fmt: skip
    assert stages[-1].remaining.numbers == counted(CHART.final)
    long = chart_of(
        counts(99, 99, 99),
        [(f"reason_{'with_many_words_' * 6}{n}", counts(1, 1, 1), "patient") for n in range(30)],
    )
    ElementTree.fromstring(flow_figure(long).svg)


def test_the_search_of_reports_comes_first():
    text = words(flow_figure(replace(CHART, search=SEARCH)).svg)
    assert text[:3] == ["Reports searched", "1,520", "reports"]
    asked = text.index("Films asked for")
    assert text[asked + 1 : asked + 7] == ["100", "examinations", "70", "found", "30", "controls"]
    assert "Every hit is left out by keep=all" not in text
    assert "Films asked for" not in words(flow_figure(CHART).svg)


def test_the_search_of_reports_is_in_the_table_and_adds_up():
    data = flow_figure(replace(CHART, search=SEARCH)).data
    by = data.groupby("level")["examinations"].sum()
    assert by["searched"] + by["drawn"] == by["not asked for"] + by["asked for"]
    assert by["asked for"] == 100
    films = data[data["examinations"].isna()].reset_index(drop=True)
    assert films.equals(flow_figure(CHART).data)
    assert "not asked for,reports,no_hit,1430,,," in flow_figure(replace(CHART, search=SEARCH)).csv


def test_films_that_could_not_be_prepared_have_a_box_of_their_own():
    lost = ("cannot_render", counts(2, 3, 1), "pixels")
    chart = chart_of(counts(9, 9, 9), [("lateral", counts(1, 1, 0), "hip"), lost])
    stages = flow_view(chart).stages
    assert [stage.left_out.title for stage in stages] == ["Hips excluded", "Not prepared"]
    assert [stage.remaining.title for stage in stages] == ["Eligible hips", "Included"]


@pytest.mark.parametrize("chart", [CHART, replace(CHART, search=SEARCH)], ids=["films", "reports"])
def test_every_word_stays_inside_its_box_and_the_drawing(chart):
    svg = flow_figure(chart).svg
    root = ElementTree.fromstring(svg)
    width, height = (float(root.get(name)) for name in ("width", "height"))
    space = "{http://www.w3.org/2000/svg}"
    boxes = [
        tuple(float(node.get(name)) for name in ("x", "y", "width", "height"))
        for node in root.iter(f"{space}rect")
    ]
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)
    for node in root.iter(f"{space}text"):
        x, y = float(node.get("x")), float(node.get("y"))
        styles = (node.get("class") or "").split()
        wide = (11 if "n" in styles else 6.7) * len(node.text)
        left = x - wide if "r" in styles else x
        assert any(
            bx <= left and left + wide <= bx + w and by < y < by + h for bx, by, w, h in boxes
        ), node.text


def test_test_subsets_tell_the_index_test(evaluation):
    view = flow_view(CHART, evaluation)
    lines = {box.title: box.lines for box in view.subsets}
    assert lines["Training"] == ()
    counts = evaluation.counts[0]
    positive = sum(counts.by_class[name] for name in evaluation.positive)
    assert lines["Internal test"][0].startswith(f"{positive} with a fracture, ")
    assert lines["Internal test"][1].startswith(f"{counts.cases - positive} without, ")


def test_a_chart_without_a_split_has_no_ends():
    chart = FlowChart(CHART.start, CHART.steps)
    assert flow_view(chart).subsets == ()
    assert ElementTree.fromstring(flow_figure(chart).svg) is not None
