"""Rows of Table 1: counts, numbers with their spread, categories with shares, what is missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from osteon.core.records import TestResult
from osteon.core.schemas import SUBSETS
from osteon.statistics.association import (
    chi_square_test,
    fisher_exact_test,
    kruskal_wallis_test,
    standardised_mean_difference,
    standardised_share_difference,
)

__all__ = ["ALL", "SUBSET", "UNKNOWN", "Cell", "Groups", "Spread", "TableOne", "TableOneRow",
           "category_rows", "count_row", "groups_of", "number_rows", "subset_of"]  # fmt: skip

ALL, SUBSET, UNKNOWN = "all", "subset", "(not recorded)"
Spread = Literal["mean_sd", "median_iqr"]
_SMALLEST_EXPECTED = 5.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One number with its companions: count and share, mean and deviation, or median and quartiles.

    ``kind`` is ``count`` (no companion), ``share`` (companion in [0, 1]), ``mean_sd`` or
    ``median_iqr`` (companion and ``upper`` are the quartiles).
    """

    kind: str
    value: float
    companion: float = math.nan
    upper: float = math.nan

    @property
    def text(self) -> str:
        """As a paper prints it."""
        if math.isnan(self.value):
            return "–"
        if self.kind == "median_iqr":
            return f"{self.value:.1f} ({self.companion:.1f}–{self.upper:.1f})"
        if self.kind == "mean_sd":
            spread = "–" if math.isnan(self.companion) else f"{self.companion:.1f}"
            return f"{self.value:.1f} ± {spread}"
        if self.kind == "share" and not math.isnan(self.companion):
            return f"{self.value:.0f} ({self.companion:.1%})"
        return f"{self.value:.0f}"


@dataclass(frozen=True, slots=True)
class TableOneRow:
    """One row: variable, level (empty for the variable itself), what is counted, a cell a group.

    ``unit`` is ``patient``, ``image`` or ``hip``. ``test`` compares the groups (of subsets those
    that come from one place, the external test set apart), ``smd`` is the largest standardised
    difference of two of them; both stand in a variable's first row.
    """

    variable: str
    level: str
    unit: str
    cells: Mapping[str, Cell]
    test: TestResult | None = None
    smd: float = math.nan


@dataclass(frozen=True, slots=True)
class TableOne:
    """The rows, and the groups in the order of the columns (``all`` first).

    ``by`` is the column the groups come from, ``subset`` for the split.
    """

    subsets: tuple[str, ...]
    rows: tuple[TableOneRow, ...]
    by: str = SUBSET

    def frame(self) -> pd.DataFrame:
        """Give the table as texts, for CSV and pages."""
        content = [
            {
                "variable": row.variable,
                "level": row.level,
                "unit": row.unit,
                **{name: row.cells[name].text for name in self.subsets},
                "p_value": "" if row.test is None else _p_text(row.test),
                "test": "" if row.test is None else row.test.method,
                "smd": "" if row.test is None or math.isnan(row.smd) else f"{row.smd:.2f}",
            }
            for row in self.rows
        ]
        return pd.DataFrame(content)


def _p_text(test: TestResult) -> str:
    if math.isnan(test.p_value):
        return "–"
    return f"{test.p_value:.3f}" if test.p_value >= 0.001 else "<0.001"


@dataclass(frozen=True, slots=True)
class Groups:
    """Names of the columns, which of them are compared, and the spread shown."""

    names: tuple[str, ...]
    compared: tuple[str, ...]
    spread: Spread

    def chosen(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """Rows of a group."""
        return frame if name == ALL else frame[frame["group"] == name]


def subset_of(patients: "pd.Series[Any]", splits: pd.DataFrame, fold: int) -> "pd.Series[str]":
    """Give the subset of each patient in a fold."""
    own = splits[splits["fold"] == fold]
    return patients.map(dict(zip(own["patient_id"], own["subset"], strict=True)))


def groups_of(present: Sequence[str], spread: Spread, *, by: str = SUBSET) -> Groups:
    """Order the groups that are present; the external test set and the unknown are not compared."""
    order = SUBSETS if by == SUBSET else sorted(present)
    names = tuple(name for name in order if name in present)
    compared = tuple(name for name in names if name not in ("external_test", UNKNOWN))
    return Groups((ALL, *names), compared, spread)


def count_row(title: str, unit: str, frame: pd.DataFrame, groups: Groups) -> TableOneRow:
    """Count rows; a patient who is in several groups counts in each."""
    cells = {name: Cell("count", len(groups.chosen(frame, name))) for name in groups.names}
    return TableOneRow(title, "", unit, cells)


def number_rows(
    name: tuple[str, str], frame: pd.DataFrame, column: str, groups: Groups
) -> list[TableOneRow]:
    """Describe a number by group, compared by Kruskal-Wallis; ``name`` is variable and unit."""
    found = {
        group: groups.chosen(frame, group)[column].dropna().to_numpy(np.float64)
        for group in groups.names
    }
    cells = {group: _spread_cell(values, groups.spread) for group, values in found.items()}
    compared = [found[group] for group in groups.compared]
    codes = np.repeat(np.arange(len(compared)), [len(values) for values in compared])
    test = kruskal_wallis_test(np.concatenate([np.empty(0), *compared]), codes)
    smd = _largest([standardised_mean_difference(a, b) for a, b in combinations(compared, 2)])
    row = TableOneRow(name[0], "", name[1], cells, test, smd)
    return [row, _missing_row(name, frame, frame[column], groups)]


def _spread_cell(values: Any, spread: Spread) -> Cell:
    if not len(values):
        return Cell(spread, math.nan)
    if spread == "median_iqr":
        low, middle, high = (float(v) for v in np.quantile(values, [0.25, 0.5, 0.75]))
        return Cell(spread, middle, low, high)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return Cell(spread, float(values.mean()), deviation)


def _largest(differences: Sequence[float]) -> float:
    known = [abs(value) for value in differences if not math.isnan(value)]
    return max(known, default=math.nan)


def _missing_row(
    name: tuple[str, str], frame: pd.DataFrame, values: "pd.Series[Any]", groups: Groups
) -> TableOneRow:
    flags = frame.assign(flag=values.isna())
    cells = {group: _share(groups.chosen(flags, group)["flag"]) for group in groups.names}
    return TableOneRow(name[0], "missing", name[1], cells)


def _share(flags: "pd.Series[Any]") -> Cell:
    return Cell("share", float(flags.sum()), float(flags.mean()) if len(flags) else math.nan)


def category_rows(
    name: tuple[str, str],
    frame: pd.DataFrame,
    values: "pd.Series[Any]",
    groups: Groups,
    levels: list[str] | None = None,
) -> list[TableOneRow]:
    """Count the levels of a category; shares are of those that are known.

    ``name`` is the variable and its unit; levels are sorted where none are given. Compared by
    chi-square, or by Fisher's exact test in 2 x 2 tables with an expected count below 5.
    """
    known = frame.assign(value=values)[values.notna()]
    found = sorted(known["value"].unique()) if levels is None else levels
    missing = _missing_row(name, frame, values, groups)
    if not found:
        return [missing]
    table = pd.crosstab(known["value"], known["group"]).reindex(
        index=found, columns=list(groups.compared), fill_value=0
    )
    counts = table.to_numpy(np.float64)
    columns = [counts[:, place] for place in range(counts.shape[1])]
    smd = _largest([standardised_share_difference(a, b) for a, b in combinations(columns, 2)])
    rows = []
    for position, level in enumerate(found):
        flags = known.assign(flag=known["value"] == level)
        cells = {group: _share(groups.chosen(flags, group)["flag"]) for group in groups.names}
        test = None if position else _category_test(counts)
        rows.append(TableOneRow(name[0], str(level), name[1], cells, test, smd))
    return [*rows, missing]


def _category_test(counts: Any) -> TestResult:
    kept = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if kept.shape == (2, 2):
        expected = kept.sum(axis=1, keepdims=True) * kept.sum(axis=0) / kept.sum()
        if expected.min() < _SMALLEST_EXPECTED:
            return fisher_exact_test(kept)
    return chi_square_test(kept)
