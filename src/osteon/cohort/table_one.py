"""Table 1: who the patients are, subset by subset or site by site, with what is missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.records import TestResult
from osteon.core.schemas import SUBSETS
from osteon.errors import UsageError
from osteon.statistics.association import (
    chi_square_test,
    fisher_exact_test,
    kruskal_wallis_test,
    standardised_mean_difference,
    standardised_share_difference,
)

__all__ = ["Cell", "Spread", "TableOne", "TableOneRow", "table_one"]

ALL, SUBSET, UNKNOWN = "all", "subset", "(not recorded)"
Spread = Literal["mean_sd", "median_iqr"]
_AGE = "Age at imaging (years)"
_PER_PATIENT = {"patient_sex": "Sex"}
_PER_IMAGE = {"view_position": "View", "manufacturer": "Manufacturer", "institution_name": "Site"}
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
class _Groups:
    """Names of the columns, which of them are compared, and the spread shown."""

    names: tuple[str, ...]
    compared: tuple[str, ...]
    spread: Spread

    def chosen(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """Rows of a group."""
        return frame if name == ALL else frame[frame["group"] == name]


def table_one(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    label_set: LabelSet,
    *,
    fold: int = 0,
    by: str = SUBSET,
    spread: Spread = "mean_sd",
) -> TableOne:
    """Describe the cases of each subset, or of each value of a column.

    Age (at the first film) and sex are per patient, view, manufacturer and site per image, classes
    per hip, each with how many are missing. Ages are compared by Kruskal-Wallis, categories by
    chi-square, or by Fisher's exact test in 2 x 2 tables with an expected count below 5. Hips and
    images are taken as independent, as papers do.

    Parameters
    ----------
    cases
        Table of cases.
    splits
        Table of splits.
    label_set
        The classes and their titles.
    fold
        Which fold of the splits.
    by
        ``subset``, or a column of the cases such as ``institution_name``; a patient of several
        sites counts with the first film.
    spread
        Whether ages are shown as mean and standard deviation or as median and quartiles.

    Raises
    ------
    UsageError
        If there is no such column.
    """
    hips = cases.assign(group=_group_of(cases, splits, fold, by))
    present = hips["group"].unique()
    order = SUBSETS if by == SUBSET else sorted(present)
    names = tuple(name for name in order if name in present)
    compared = tuple(name for name in names if name not in ("external_test", UNKNOWN))
    groups = _Groups((ALL, *names), compared, spread)
    images = hips.drop_duplicates("sop_instance_uid")
    ordered = hips.sort_values(["study_date", "case_id"], kind="stable", na_position="last")
    patients = ordered.drop_duplicates("patient_id").drop(columns=list(_FIRST_KNOWN))
    known = ordered.groupby("patient_id", sort=True)[list(_FIRST_KNOWN)].first()
    patients = patients.merge(known, left_on="patient_id", right_index=True)
    rows = [
        _count_row("Patients", "patient", patients, groups),
        _count_row("Images", "image", images, groups),
        _count_row("Hips", "hip", hips, groups),
        *_age_rows(patients, groups),
    ]
    for column, title in _PER_PATIENT.items():
        rows += _category_rows((title, "patient"), patients, patients[column], groups)
    for column, title in _PER_IMAGE.items():
        if column != by:
            rows += _category_rows((title, "image"), images, images[column], groups)
    titles = hips["label"].map(lambda label: label_set.title(str(label)))
    levels = [title for title in label_set.titles if (titles == title).any()]
    rows += _category_rows(("Class", "hip"), hips, titles, groups, levels)
    is_positive = hips["label"].isin(list(label_set.positive)).map({True: "yes", False: "no"})
    rows += _category_rows(("Fracture", "hip"), hips, is_positive, groups, ["yes", "no"])
    return TableOne(groups.names, tuple(rows), by)


_FIRST_KNOWN = ("patient_age_years", "patient_sex")  # where the first film does not say


def _group_of(cases: pd.DataFrame, splits: pd.DataFrame, fold: int, by: str) -> "pd.Series[str]":
    if by == SUBSET:
        own = splits[splits["fold"] == fold]
        subset_of = dict(zip(own["patient_id"], own["subset"], strict=True))
        return cases["patient_id"].map(subset_of)
    if by not in cases.columns:
        raise UsageError(
            f"the cases have no column {by!r}",
            remedy=f"one of {', '.join(map(str, cases.columns))}",
        )
    return cases[by].astype("string").fillna(UNKNOWN)


def _count_row(title: str, unit: str, frame: pd.DataFrame, groups: _Groups) -> TableOneRow:
    """Count rows; a patient who is in several groups counts in each."""
    cells = {name: Cell("count", len(groups.chosen(frame, name))) for name in groups.names}
    return TableOneRow(title, "", unit, cells)


def _age_rows(patients: pd.DataFrame, groups: _Groups) -> list[TableOneRow]:
    ages = {
        name: groups.chosen(patients, name)["patient_age_years"].dropna().to_numpy(np.float64)
        for name in groups.names
    }
    cells = {name: _spread_cell(values, groups.spread) for name, values in ages.items()}
    compared = [ages[name] for name in groups.compared]
    codes = np.repeat(np.arange(len(compared)), [len(values) for values in compared])
    test = kruskal_wallis_test(np.concatenate([np.empty(0), *compared]), codes)
    smd = _largest([standardised_mean_difference(a, b) for a, b in combinations(compared, 2)])
    row = TableOneRow(_AGE, "", "patient", cells, test, smd)
    return [row, _missing_row((_AGE, "patient"), patients, patients["patient_age_years"], groups)]


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
    name: tuple[str, str], frame: pd.DataFrame, values: "pd.Series[Any]", groups: _Groups
) -> TableOneRow:
    flags = frame.assign(flag=values.isna())
    cells = {group: _share(groups.chosen(flags, group)["flag"]) for group in groups.names}
    return TableOneRow(name[0], "missing", name[1], cells)


def _share(flags: "pd.Series[Any]") -> Cell:
    return Cell("share", float(flags.sum()), float(flags.mean()) if len(flags) else math.nan)


def _category_rows(
    name: tuple[str, str],
    frame: pd.DataFrame,
    values: "pd.Series[Any]",
    groups: _Groups,
    levels: list[str] | None = None,
) -> list[TableOneRow]:
    """Count the levels of a category; shares are of those that are known."""
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
