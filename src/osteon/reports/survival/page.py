"""The report of a survival study: one HTML page that holds everything and loads nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from osteon.core.files import write_json, write_text
from osteon.core.records import Estimate
from osteon.reports.csv_files import csv_text
from osteon.reports.figure import Figure
from osteon.reports.pages import page_template
from osteon.reports.paper_table import laid_beside
from osteon.reports.published import Published, PublishedValue
from osteon.reports.summary import Card
from osteon.reports.survival.comparison_tables import comparison_table, invalid_table
from osteon.reports.survival.figures import (
    calibration_figure,
    decision_figure,
    ranking_figure,
    risk_figure,
)
from osteon.reports.survival.group_figures import group_figure, recalibration_figure
from osteon.reports.survival.group_tables import recalibration_table, risk_group_table
from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.survival.summary import summary_cards, summary_sentences
from osteon.reports.survival.tables import (
    accuracy_table,
    calibration_table,
    cohort_table,
    ranking_table,
)
from osteon.reports.table import Table
from osteon.reports.wording import SUBSET_TITLES

__all__ = [
    "Section",
    "SurvivalContent",
    "render_survival_report",
    "write_survival_numbers",
    "write_survival_report",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section of the page: anchor, heading, words, tables and figures.

    ``wide`` figures take the page's whole width.
    """

    key: str
    title: str
    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    wide: tuple[Figure, ...] = ()
    is_new_page: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.tables or self.figures or self.wide)


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalContent:
    """Everything a page shows; what is ``None`` or empty is left out of it.

    Parameters
    ----------
    title, question
        The study's name and what it asks.
    run_id, made_on
        Which run, and the day it was made in words; given, so that a page can be made again.
    evaluation
        Every number.
    flow
        The flow chart.
    characteristics
        Further tables of who the patients are (Table 1).
    seeds
        The ensemble seed by seed.
    control
        The negative control.
    published
        The paper's numbers.
    checklists
        TRIPOD+AI, filled in.
    limitations
        Sentences.
    records
        Title to JSON-like value: settings and manifests, shown as they are.
    """

    title: str
    question: str
    run_id: str
    made_on: str
    evaluation: SurvivalEvaluation
    flow: Figure | None = None
    characteristics: tuple[Table, ...] = ()
    seeds: Table | None = None
    control: Table | None = None
    published: Published | None = None
    checklists: tuple[Table, ...] = ()
    limitations: tuple[str, ...] = ()
    records: Mapping[str, Any] = field(default_factory=dict)


def write_survival_report(content: SurvivalContent, folder: Path) -> Path:
    """Write the page, and every figure, table and number beside it.

    ``index.html`` can be sent alone. The folder also gets ``evaluation.json``, ``figures/*.svg``
    with the ``.csv`` behind each, and ``tables/*.csv``.

    Returns
    -------
    The path of ``index.html``, which is written last.
    """
    for section in _sections(content):
        for figure in (*section.figures, *section.wide):
            figure.write(folder / "figures")
        for table in section.tables:
            table.write(folder / "tables")
    write_survival_numbers(content.evaluation, folder)
    page = folder / "index.html"
    write_text(page, render_survival_report(content))
    return page


def write_survival_numbers(evaluation: SurvivalEvaluation, folder: Path) -> None:
    """Write every number: ``tables/measures.csv`` and ``evaluation.json``."""
    numbers = csv_text(evaluation.measures_table())
    write_text(folder / "tables" / "measures.csv", numbers)
    write_json(folder / "evaluation.json", evaluation.to_json())


def render_survival_report(content: SurvivalContent) -> str:
    """Make the page as text; the same content gives the same bytes."""
    evaluation = content.evaluation
    sections = _sections(content)
    cards: tuple[Card, ...] = summary_cards(evaluation)
    contents = [
        ("summary", "Summary"),
        *((section.key, section.title) for section in sections),
        ("limitations", "Limitations"),
        ("settings", "Settings and manifest"),
    ]
    view = {
        "content": content,
        "is_synthetic": evaluation.is_synthetic,
        "sections": sections,
        "contents": contents,
        "cards": cards,
        "sentences": summary_sentences(evaluation),
        "records": [
            (title, json.dumps(value, indent=1, ensure_ascii=False, default=str))
            for title, value in content.records.items()
        ],
        "subset_titles": SUBSET_TITLES,
    }
    return page_template("survival.html").render(view)


def _sections(content: SurvivalContent) -> tuple[Section, ...]:
    evaluation = content.evaluation
    found = (
        Section("flow", "Flow chart", wide=_known(content.flow)),
        Section(
            "patients", "Patients and follow-up",
            tables=(cohort_table(evaluation), *content.characteristics), is_new_page=True,
        ),
        *_results(evaluation, content.seeds),
        Section(
            "control", "Check of the pipeline",
            ("No result of the study: the networks were trained again on outcomes that were dealt"
             " out at random.",), _known(content.control),
        ),
        _paper_section(content),
        Section(
            "checklist", "Reporting checklist",
            ("Filled in where the study folder knows the answer. The rest is for the authors. A"
             " checklist is not a score, and none is given.",),
            content.checklists, is_new_page=True,
        ),
    )  # fmt: skip
    return tuple(section for section in found if not section.is_empty)


def _results(evaluation: SurvivalEvaluation, seeds: Table | None) -> tuple[Section, ...]:
    subsets = evaluation.subsets
    return (
        Section(
            "ranking", "Who fractures first", tables=(ranking_table(evaluation),),
            wide=_known(*(ranking_figure(evaluation, subset) for subset in subsets)),
            is_new_page=True,
        ),
        Section(
            "comparisons", "Models against one another",
            tables=_known(comparison_table(evaluation), invalid_table(evaluation), seeds),
            is_new_page=True,
        ),
        Section(
            "accuracy", "Accuracy and calibration",
            tables=(accuracy_table(evaluation), calibration_table(evaluation)),
            figures=_known(risk_figure(evaluation)),
            wide=_known(*(calibration_figure(evaluation, subset) for subset in subsets)),
            is_new_page=True,
        ),
        Section(
            "recalibration", "Where the rate differs",
            tables=_known(recalibration_table(evaluation)),
            figures=_known(recalibration_figure(evaluation)), is_new_page=True,
        ),
        Section(
            "decision", "Net benefit",
            wide=_known(*(decision_figure(evaluation, subset) for subset in subsets)),
        ),
        Section(
            "groups", "Risk groups", tables=_known(risk_group_table(evaluation)),
            figures=tuple(group_figure(evaluation, item) for item in evaluation.groups),
            is_new_page=True,
        ),
    )  # fmt: skip


def _known(*items: _T | None) -> tuple[_T, ...]:
    return tuple(item for item in items if item is not None)


def _paper_section(content: SurvivalContent) -> Section:
    published, evaluation = content.published, content.evaluation
    if published is None:
        return Section("paper", "Paper against here")

    def find(value: PublishedValue, subset: str) -> Estimate | None:
        measure_id, _, model = value.id.partition("@")
        measure = evaluation.find(subset, model or evaluation.main_model, measure_id)
        return None if measure is None else measure.estimate

    how = "Here: patients as clusters, 95 % intervals; death competes in the AUC."
    words = [f"{published.citation}. doi {published.doi}. {published.data}"]
    if evaluation.is_synthetic:
        words.append(
            "The paper’s patients are real, these are synthetic. The table shows that the same"
            " quantities come out of the same analysis; it does not compare the two systems."
        )
    table = laid_beside(published, evaluation.subsets, find, how=how)
    return Section("paper", "Paper against here", tuple(words), (table,), is_new_page=True)
