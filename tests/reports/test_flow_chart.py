import re
from xml.etree import ElementTree

from osteon.cohort.flow import FlowChart, FlowCounts, FlowStep
from osteon.reports.flow_chart import flow_figure, flow_view

CHART = FlowChart(
    FlowCounts(100, 150, 40),
    (
        FlowStep(
            "under_18_&_older", "18 years or older", FlowCounts(7, 10, 3), FlowCounts(93, 140, 37)
        ),
        FlowStep("lateral", "Cross-table lateral", FlowCounts(1, 1, 0), FlowCounts(92, 139, 37)),
    ),
    {"training": FlowCounts(60, 90, 25), "internal_test": FlowCounts(32, 49, 12)},
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
    figure = flow_figure(CHART)
    text = " ".join(words(figure.svg)).replace("\xa0", " ")
    text = re.sub(r"[\u2002\u2009]+", "", text)
    assert "100 images · 150 hips · 40 patients" in text
    assert "Under 18 & older: 7 images · 10 hips · 3 patients" in text
    assert "Lateral: 1 image · 1 hip · 0 patients" in text
    assert "92 images · 139 hips · 37 patients" in text


def test_every_word_stays_inside_its_box_and_the_drawing():
    svg = flow_figure(CHART).svg
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
        end = x + 6.6 * len(node.text)
        assert any(bx <= x and end <= bx + w and by < y < by + h for bx, by, w, h in boxes)


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
