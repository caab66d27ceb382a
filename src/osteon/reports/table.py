"""A table for a page and the numbers behind it for a spreadsheet."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from osteon.core.files import write_text
from osteon.core.records import Estimate, TestResult
from osteon.reports.csv_files import csv_text
from osteon.reports.records import Measure
from osteon.reports.wording import interval, number, p_value_text

__all__ = [
    "Cell",
    "ColumnGroup",
    "Row",
    "Table",
    "difference_cell",
    "estimate_cell",
    "measure_cell",
    "p_value_cell",
    "text_cell",
]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: ``text``, and ``small`` beneath it; ``title`` explains it on hovering.

    ``tone`` is ``open`` for what is still to be filled in.
    """

    text: str
    small: str = ""
    title: str = ""
    is_number: bool = False
    tone: Literal["", "open"] = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row; a ``group`` row is a heading across the table."""

    cells: tuple[Cell, ...]
    kind: Literal["body", "group", "main", "quiet"] = "body"


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """A heading over several columns; an empty title spans without a word."""

    title: str
    span: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is shown, and what is kept.

    Parameters
    ----------
    name
        File name without its ending.
    title, note
        Caption above, and what a reader must know below.
    head
        Column headings.
    rows
        What is shown.
    data
        The numbers in full, as CSV.
    groups
        Headings over the column headings; empty for none.

    Raises
    ------
    ValueError
        If a row does not have a cell for every column.
    """

    name: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    data: pd.DataFrame
    groups: tuple[ColumnGroup, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.kind != "group" and len(row.cells) != len(self.head):
                raise ValueError(
                    f"table {self.name}: {len(row.cells)} cells for {len(self.head)} columns"
                )
        if self.groups and sum(group.span for group in self.groups) != len(self.head):
            raise ValueError(f"table {self.name}: the column groups do not span the columns")

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers."""
        body = [row.cells[column] for row in self.rows if row.kind != "group"]
        return any(cell.is_number for cell in body)

    @property
    def has_numbers(self) -> bool:
        """Whether any column holds numbers."""
        return any(self.is_numeric(column) for column in range(len(self.head)))

    @property
    def csv(self) -> str:
        """The numbers as CSV."""
        return csv_text(self.data)

    def write(self, folder: Path) -> None:
        """Write ``name.csv``."""
        write_text(folder / f"{self.name}.csv", self.csv)


def text_cell(text: str, small: str = "") -> Cell:
    """Make a cell of words."""
    return Cell(text, small)


def estimate_cell(estimate: Estimate, measure_id: str) -> Cell:
    """Write an estimate over its interval; an undefined one tells why on hovering."""
    return Cell(
        number(estimate.value, measure_id),
        interval(estimate, measure_id),
        estimate.reason or "",
        is_number=True,
    )


def measure_cell(measure: Measure | None, which: Literal["one_image", "whole_patient"]) -> Cell:
    """Write one of a measure's two estimates; an en dash where it was not measured."""
    if measure is None:
        return Cell("–", title="not measured", is_number=True)
    return estimate_cell(getattr(measure, which), measure.id)


def difference_cell(result: TestResult | None) -> Cell:
    """Write a difference with its sign over its interval, which tells why it has none on hovering.

    An en dash where there is no difference.
    """
    if result is None or result.difference is None or not result.difference.is_defined:
        return Cell("–", title=(result.reason or "") if result else "", is_number=True)
    gap = result.difference
    value, low, high = (f"{x:+.3f}".replace("-", "−") for x in (gap.value, gap.low, gap.high))
    limits = "" if math.isnan(gap.low) else f"({low}, {high})"
    return Cell(value, limits, gap.reason or "", is_number=True)


def p_value_cell(result: TestResult | None) -> Cell:
    """Write a test's p value; an undefined one tells why on hovering."""
    if result is None:
        return Cell("–", is_number=True)
    return Cell(p_value_text(result.p_value), title=result.reason or "", is_number=True)
