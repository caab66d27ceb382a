"""What the tables of a survival evaluation share: headings that count events."""

from osteon.reports.survival.records import SurvivalEvaluation
from osteon.reports.table import Row, text_cell
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["group_heading", "subset_title"]


def subset_title(evaluation: SurvivalEvaluation, subset: str) -> str:
    """Say which test set, and how many patients it has."""
    return f"{SUBSET_TITLES[subset]}, {evaluation.count(subset).patients:,} patients"


def group_heading(title: str, events: int) -> Row:
    """Make a heading across a table that says how many fractures are behind it."""
    word = "fracture" if events == 1 else "fractures"
    return Row((text_cell(f"{title}, {events:,} {word}"),), "group")
