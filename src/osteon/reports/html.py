"""The report: one HTML page that holds everything and loads nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteon.cohort.flow import FlowChart
from osteon.core.files import write_json, write_text
from osteon.reports.csv_files import csv_text
from osteon.reports.figure import Figure
from osteon.reports.flow_chart import flow_figure
from osteon.reports.pages import page_template
from osteon.reports.paper_table import paper_table
from osteon.reports.published import Published
from osteon.reports.records import Evaluation
from osteon.reports.results import ResultPart, result_parts
from osteon.reports.summary import summarise_evaluation
from osteon.reports.table import Table
from osteon.reports.wording import SUBSET_TITLES

__all__ = [
    "GalleryItem",
    "ReportContent",
    "render_report",
    "write_report",
]


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """A film of the error gallery.

    Parameters
    ----------
    title
        What it is and what the model said, e.g. ``"Intertrochanteric, called no fracture"``.
    png
        The picture, heat map drawn in, as PNG.
    caption
        Probabilities, case id, what to look at.
    alt
        What the picture shows, for those who cannot see it.

    Raises
    ------
    ValueError
        If the picture is not a PNG.
    """

    title: str
    png: bytes
    caption: str
    alt: str

    def __post_init__(self) -> None:
        if not self.png.startswith(b"\x89PNG\r\n\x1a\n"):
            raise ValueError(f"gallery item {self.title!r}: the picture is not a PNG")


@dataclass(frozen=True, slots=True, eq=False)
class ReportContent:
    """Everything a page shows; what is ``None`` or empty is left out of it.

    Parameters
    ----------
    title, question
        The study's name and what it asks.
    run_id, made_on
        Which run, and the day it was made in words; given, so that a page can be made again.
    evaluation
        Every number.
    figures
        In the order they are shown; a figure called ``subgroups`` goes to its section.
    flow
        Counts from the files to the subsets.
    table_one
        Patients by subset.
    published
        The paper's numbers.
    gallery, gallery_note
        Films the model got wrong, and how they were chosen.
    model_card, checklists
        Further tables.
    limitations
        Sentences.
    accepted_leakage
        What the audit for leakage looks for, in words, to the reason why findings are accepted.
    records
        Title to JSON-like value: settings and manifests, shown as they are.
    """

    title: str
    question: str
    run_id: str
    made_on: str
    evaluation: Evaluation
    figures: tuple[Figure, ...] = ()
    flow: FlowChart | None = None
    table_one: Table | None = None
    published: Published | None = None
    gallery: tuple[GalleryItem, ...] = ()
    gallery_note: str = ""
    model_card: Table | None = None
    checklists: tuple[Table, ...] = ()
    limitations: tuple[str, ...] = ()
    accepted_leakage: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)


def write_report(content: ReportContent, folder: Path) -> Path:
    """Write the page, and every figure, table and number beside it.

    ``index.html`` can be sent alone. The folder also gets ``evaluation.json``, ``figures/*.svg``
    with the ``.csv`` behind each, and ``tables/*.csv``.

    Returns
    -------
    The path of ``index.html``, which is written last.
    """
    drawn = (*content.figures, *([flow] if (flow := _flow(content)) else []))
    for figure in drawn:
        figure.write(folder / "figures")
    for table in _report_tables(content):
        table.write(folder / "tables")
    write_text(folder / "tables" / "measures.csv", _all_measures(content.evaluation))
    write_json(folder / "evaluation.json", content.evaluation.to_json())
    page = folder / "index.html"
    write_text(page, render_report(content))
    return page


def _report_tables(content: ReportContent) -> tuple[Table, ...]:
    """Make every table of a page, in the page's order."""
    optional = (
        content.table_one,
        *(table for part in _results(content) for table in part.tables),
        _paper(content),
        content.model_card,
        *content.checklists,
    )
    return tuple(table for table in optional if table is not None)


def render_report(content: ReportContent) -> str:
    """Make the page as text; the same content gives the same bytes."""
    view = {
        "content": content,
        "is_synthetic": content.evaluation.is_synthetic,
        "parts_of_results": _results(content),
        "training_figures": [f for f in content.figures if f.name.startswith("learning")],
        "paper": _paper(content),
        "summary": summarise_evaluation(content.evaluation),
        "flow_figure": _flow(content),
        "sections": _sections(content),
        "records": [(title, _pretty(value)) for title, value in content.records.items()],
        "subset_titles": SUBSET_TITLES,
    }
    return page_template("report.html").render(view)


def _results(content: ReportContent) -> tuple[ResultPart, ...]:
    """Order tables and figures into the sections of the results."""
    return result_parts(content.evaluation, content.figures)


def _flow(content: ReportContent) -> Figure | None:
    return None if content.flow is None else flow_figure(content.flow, content.evaluation)


def _paper(content: ReportContent) -> Table | None:
    return None if content.published is None else paper_table(content.published, content.evaluation)


def _sections(content: ReportContent) -> list[tuple[str, str]]:
    has_training = any(figure.name.startswith("learning") for figure in content.figures)
    optional = (
        ("summary", "Summary", True),
        ("flow", "Flow chart", content.flow is not None),
        ("patients", "Patients", content.table_one is not None),
        *((part.key, part.title, True) for part in _results(content)),
        ("paper", "Paper against here", content.published is not None),
        ("errors", "Where it was wrong", bool(content.gallery)),
        ("model", "Model and training", has_training or content.model_card is not None),
        ("checklist", "Checklists", bool(content.checklists)),
        ("limitations", "Limitations", bool(content.limitations)),
        ("settings", "Settings and manifest", bool(content.records)),
    )
    return [(key, title) for key, title, is_there in optional if is_there]


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)


def _all_measures(evaluation: Evaluation) -> str:
    return csv_text(evaluation.measures_table())
