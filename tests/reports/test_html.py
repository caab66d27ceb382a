import base64
import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from osteon.cohort.flow import FlowChart, FlowCounts, FlowStep
from osteon.reports.checklist import DIAGNOSTIC_CHECKLISTS, checklist_table, load_checklist
from osteon.reports.html import GalleryItem, ReportContent, render_report, write_report
from osteon.reports.pictures import evaluation_figures

FLOW = FlowChart(
    FlowCounts(100, 150, 40),
    (
        FlowStep("young", "18 years or older", FlowCounts(7, 10, 3), FlowCounts(93, 140, 37)),
        FlowStep("frames", "a single frame", FlowCounts(0, 0, 0), FlowCounts(93, 140, 37)),
    ),
    {"training": FlowCounts(60, 90, 25), "internal_test": FlowCounts(33, 50, 12)},
    {"not_dicom": 4},
)


class Page(HTMLParser):
    """What a browser would meet: tags with attributes, headings, visible text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not {"style", "title", "script"} & set(self.open):
            self.text.append(data.strip())


@pytest.fixture(scope="module")
def content(evaluation, png):
    return ReportContent(
        title="Hip fracture <test>",
        question="Is it broken?",
        run_id="run-1",
        made_on="1 January 2026",
        evaluation=evaluation,
        figures=evaluation_figures(evaluation),
        flow=FLOW,
        gallery=(GalleryItem("Wrong", png, "Sure of it & wrong", "A film."),),
        gallery_note="The surest.",
        checklists=tuple(
            checklist_table(load_checklist(name), {}) for name in DIAGNOSTIC_CHECKLISTS
        ),
        limitations=("Few.",),
        records={"Settings": {"seed": 3}},
    )


@pytest.fixture(scope="module")
def page(content):
    return render_report(content)


def test_first_line_says_synthetic_and_only_when_it_is(content, page):
    assert Page(page).text[0] == "SYNTHETIC PATIENTS."
    real = replace(content, evaluation=replace(content.evaluation, is_synthetic=False))
    text = Page(render_report(real)).text
    assert text[0] == "Research software, not a medical device."
    assert not any("SYNTHETIC" in line for line in text)


def test_page_loads_nothing(page):
    for tag, attributes in Page(page).tags:
        assert tag not in {"link", "script", "iframe", "object", "embed", "video"}
        for name in ("src", "srcset", "data", "poster", "background"):
            assert attributes.get(name, "data:").startswith("data:")
        if tag != "a" and "href" in attributes:
            raise AssertionError(f"{tag} has an href")
        if tag == "a" and "download" in attributes:
            assert attributes["href"].startswith("data:")
    assert "@import" not in page
    assert not re.search(r"url\(\s*['\"]?https?:", page)


def test_every_picture_has_words_and_headings_do_not_skip(page):
    parsed = Page(page)
    pictures = [attributes for tag, attributes in parsed.tags if tag == "img"]
    assert len(pictures) == 11 + 1 + 1  # figures, flow chart, gallery
    assert all(attributes["alt"] for attributes in pictures)
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    html = next(attributes for tag, attributes in parsed.tags if tag == "html")
    assert html["lang"] == "en"


def test_contents_lead_to_sections_that_are_there(page):
    parsed = Page(page)
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    inside = [
        attributes["href"][1:]
        for tag, attributes in parsed.tags
        if tag == "a" and attributes["href"].startswith("#")
    ]
    assert set(inside) <= set(ids)
    assert {"summary", "flow", "performance", "subgroups", "errors", "checklist"} <= set(inside)


def test_words_of_the_study_are_escaped(page):
    assert "Hip fracture &lt;test&gt;" in page
    assert "Sure of it &amp; wrong" in page


def test_same_content_same_bytes(content, page):
    assert render_report(content) == page


def test_downloads_are_the_files_beside_the_page(content, page, tmp_path):
    index = write_report(content, tmp_path)
    assert index.read_text("utf-8") == page
    beside = {path.name: path for path in tmp_path.rglob("*.csv")}
    links = [
        attributes
        for tag, attributes in Page(page).tags
        if tag == "a" and attributes.get("download", "").endswith(".csv")
    ]
    figures = {figure.name: figure.csv for figure in content.figures}
    assert len(links) >= len(figures) + 6
    for link in links:
        inside = base64.b64decode(link["href"].partition("base64,")[2])
        files = [path.read_bytes() for path in tmp_path.rglob(link["download"])]
        assert inside in files, link["download"]
    assert {"measures.csv", "performance.csv", "flow_chart.csv"} <= set(beside)
    assert (tmp_path / "evaluation.json").exists()


def test_flow_chart_tells_what_was_left_out(page):
    pictures = [attributes for tag, attributes in Page(page).tags if tag == "img"]
    chart = next(item for item in pictures if item["alt"].startswith("Flow chart"))
    assert "Read: 40 patients, 100 images, 150 hips" in chart["alt"]
    drawing = b64decode(chart["src"].partition(",")[2]).decode()
    for words in ("Young", "Looked for, and not met: frames", "Not DICOM: 4"):
        assert words in drawing


def test_unfilled_items_are_left_to_the_authors_and_nothing_is_scored(page):
    text = Page(page).text
    assert text.count("To be completed by the authors") == 48 + 44
    joined = " ".join(text)
    assert not re.search(r"\d+\s*(/|of)\s*(40|44|48)\b", joined)


def test_a_picture_that_is_no_png_is_refused():
    with pytest.raises(ValueError, match="not a PNG"):
        GalleryItem("Wrong", b"GIF89a", "", "")
