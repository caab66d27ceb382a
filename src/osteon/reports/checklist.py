"""Reporting checklists, filled in where the study knows the answer and open where it does not.

A checklist is not a score: nothing here counts what is filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pandas as pd

from osteon.core.files import read_json
from osteon.reports.table import Cell, Row, Table, text_cell

__all__ = [
    "CHECKLISTS",
    "DIAGNOSTIC_CHECKLISTS",
    "OPEN",
    "Checklist",
    "ChecklistItem",
    "checklist_table",
    "load_checklist",
]

DIAGNOSTIC_CHECKLISTS = ("stard_ai", "claim_2024")
CHECKLISTS = (*DIAGNOSTIC_CHECKLISTS, "tripod_ai")
OPEN = "To be completed by the authors"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One item: its number, where in a paper it belongs, what it asks, and the fact that answers.

    ``fact`` names an entry of :func:`osteon.reports.facts.study_facts` or
    :func:`osteon.reports.survival.facts.survival_facts`; ``None`` when only people can answer.
    """

    number: str
    section: str
    text: str
    fact: str | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """A published checklist, its items in our own words.

    Raises
    ------
    ValueError
        If two items have one number.
    """

    name: str
    title: str
    doi: str
    note: str
    items: tuple[ChecklistItem, ...]

    def __post_init__(self) -> None:
        numbers = [item.number for item in self.items]
        if len(set(numbers)) != len(numbers):
            raise ValueError(f"checklist {self.name}: two items have one number")


def load_checklist(name: str) -> Checklist:
    """Read one of ``CHECKLISTS`` from the package.

    Raises
    ------
    ValueError
        If there is no checklist of this name.
    """
    if name not in CHECKLISTS:
        raise ValueError(f"no checklist {name!r}, wanted one of {', '.join(CHECKLISTS)}")
    with_path = files("osteon.reports") / "checklists" / f"{name}.json"
    content: dict[str, Any] = read_json(with_path)  # type: ignore[arg-type]
    items = tuple(ChecklistItem(**item) for item in content.pop("items"))
    return Checklist(**content, items=items)


def checklist_table(checklist: Checklist, facts: Mapping[str, str]) -> Table:
    """Lay every item beside the study's answer, or say that the authors have to give it."""
    rows: list[Row] = []
    section = None
    for item in checklist.items:
        if item.section != section:
            section = item.section
            rows.append(Row((text_cell(section),), "group"))
        answer = facts.get(item.fact) if item.fact else None
        cell = Cell(OPEN, tone="open") if answer is None else Cell(answer)
        rows.append(Row((text_cell(item.number), text_cell(item.text), cell)))
    return Table(
        name=f"checklist_{checklist.name.lower().replace('-', '_').replace('+', '_')}",
        title=checklist.title,
        note=f"{checklist.note} doi {checklist.doi}.",
        head=("Item", "What is asked", "Answer"),
        rows=tuple(rows),
        data=pd.DataFrame(
            [
                {
                    "item": item.number,
                    "section": item.section,
                    "asked": item.text,
                    "answer": facts.get(item.fact, OPEN) if item.fact else OPEN,
                }
                for item in checklist.items
            ]
        ),
    )
