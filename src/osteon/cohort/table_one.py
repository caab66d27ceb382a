"""Table 1: who the patients are, subset by subset, with what is missing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import f_oneway

from osteon.cohort.contingency import chi_square
from osteon.core.labels import LabelSet
from osteon.core.records import TestResult
from osteon.core.schemas import SUBSETS

__all__ = ["Cell", "TableOne", "TableOneRow", "table_one"]

ALL = "all"
_PER_PATIENT = {"patient_sex": "Sex"}
_PER_IMAGE = {"view_position": "View", "manufacturer": "Manufacturer", "institution_name": "Site"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One number with its companion: count and share, or mean and standard deviation.

    ``kind`` is ``count`` (no companion), ``share`` (companion in [0, 1]) or ``mean_sd``.
    """

    kind: str
    value: float
    companion: float = math.nan

    @property
    def text(self) -> str:
        """As a paper prints it."""
        if math.isnan(self.value):
            return "–"
        if self.kind == "mean_sd":
            spread = "–" if math.isnan(self.companion) else f"{self.companion:.1f}"
            return f"{self.value:.1f} ± {spread}"
        if self.kind == "share" and not math.isnan(self.companion):
            return f"{self.value:.0f} ({self.companion:.1%})"
        return f"{self.value:.0f}"


@dataclass(frozen=True, slots=True)
class TableOneRow:
    """One row: variable, level (empty for the variable itself), what is counted, a cell a subset.

    ``unit`` is ``patient``, ``image`` or ``hip``. ``test`` compares the subsets that come from
    the same place, the external test set apart; it stands in a variable's first row.
    """

    variable: str
    level: str
    unit: str
    cells: Mapping[str, Cell]
    test: TestResult | None = None


@dataclass(frozen=True, slots=True)
class TableOne:
    """The rows, and the subsets in the order of the columns (``all`` first)."""

    subsets: tuple[str, ...]
    rows: tuple[TableOneRow, ...]

    def frame(self) -> pd.DataFrame:
        """Give the table as texts, for CSV and pages."""
        content = [
            {
                "variable": row.variable,
                "level": row.level,
                "unit": row.unit,
                **{name: row.cells[name].text for name in self.subsets},
                "p_value": "" if row.test is None else _p_text(row.test),
            }
            for row in self.rows
        ]
        return pd.DataFrame(content)


def _p_text(test: TestResult) -> str:
    if math.isnan(test.p_value):
        return "–"
    return f"{test.p_value:.3f}" if test.p_value >= 0.001 else "<0.001"


def table_one(
    cases: pd.DataFrame, splits: pd.DataFrame, label_set: LabelSet, *, fold: int = 0
) -> TableOne:
    """Describe the cases of each subset.

    Age (mean and standard deviation at the first film) and sex are per patient, view,
    manufacturer and site per image, classes per hip, each with what is missing. Chi-square tests
    compare classes (all, and positive against negative) and categories, one-way analysis of
    variance the ages, over training, tuning and internal test.

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
    """
    own = splits[splits["fold"] == fold]
    subset_of = dict(zip(own["patient_id"], own["subset"], strict=True))
    hips = cases.assign(subset=cases["patient_id"].map(subset_of))
    images = hips.drop_duplicates("sop_instance_uid")
    ordered = hips.sort_values(["study_date", "case_id"], kind="stable", na_position="last")
    patients = ordered.groupby("patient_id", sort=True).first().reset_index()
    names = (ALL, *(name for name in SUBSETS if (hips["subset"] == name).any()))
    rows = [
        _count_row("Patients", "patient", patients, names),
        _count_row("Images", "image", images, names),
        _count_row("Hips", "hip", hips, names),
        *_age_rows(patients, names),
    ]
    for column, title in _PER_PATIENT.items():
        rows += _category_rows(title, "patient", patients, patients[column], names)
    for column, title in _PER_IMAGE.items():
        rows += _category_rows(title, "image", images, images[column], names)
    titles = hips["label"].map(lambda label: label_set.title(str(label)))
    levels = [title for title in label_set.titles if (titles == title).any()]
    rows += _category_rows("Class", "hip", hips, titles, names, levels)
    is_positive = hips["label"].isin(label_set.positive).map({True: "yes", False: "no"})
    rows += _category_rows("Fracture", "hip", hips, is_positive, names, ["yes", "no"])
    return TableOne(names, tuple(rows))


def _chosen(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame if name == ALL else frame[frame["subset"] == name]


def _compared(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name not in (ALL, "external_test")]


def _count_row(title: str, unit: str, frame: pd.DataFrame, names: tuple[str, ...]) -> TableOneRow:
    return TableOneRow(
        title, "", unit, {name: Cell("count", len(_chosen(frame, name))) for name in names}
    )


def _age_rows(patients: pd.DataFrame, names: tuple[str, ...]) -> list[TableOneRow]:
    ages = {
        name: _chosen(patients, name)["patient_age_years"].dropna().to_numpy(np.float64)
        for name in names
    }
    cells = {
        name: Cell(
            "mean_sd",
            float(values.mean()) if len(values) else math.nan,
            float(values.std(ddof=1)) if len(values) > 1 else math.nan,
        )
        for name, values in ages.items()
    }
    test = _analysis_of_variance([ages[name] for name in _compared(names)])
    rows = [TableOneRow("Age at imaging (years)", "", "patient", cells, test)]
    missing = _missing_row(
        "Age at imaging (years)", "patient", patients, patients["patient_age_years"], names
    )
    return rows + missing


def _analysis_of_variance(groups: list[Any]) -> TestResult:
    method = "one-way analysis of variance"
    if len(groups) < 2 or min(map(len, groups)) < 2 or np.concatenate(groups).std() == 0:
        reason = "fewer than two subsets with two different ages"
        return TestResult(math.nan, math.nan, method, reason=reason)
    result = f_oneway(*groups)
    return TestResult(float(result.statistic), float(result.pvalue), method)


def _missing_row(
    title: str, unit: str, frame: pd.DataFrame, values: "pd.Series[Any]", names: tuple[str, ...]
) -> list[TableOneRow]:
    is_missing = frame.assign(missing=values.isna())
    if not is_missing["missing"].any():
        return []
    cells = {name: _share(_chosen(is_missing, name)["missing"]) for name in names}
    return [TableOneRow(title, "missing", unit, cells)]


def _share(flags: "pd.Series[Any]") -> Cell:
    return Cell("share", float(flags.sum()), float(flags.mean()) if len(flags) else math.nan)


def _category_rows(
    title: str,
    unit: str,
    frame: pd.DataFrame,
    values: "pd.Series[Any]",
    names: tuple[str, ...],
    levels: list[str] | None = None,
) -> list[TableOneRow]:
    """Count the levels of a category; shares are of those that are known."""
    known = frame.assign(value=values)[values.notna()]
    found = sorted(known["value"].unique()) if levels is None else levels
    if not found:
        return _missing_row(title, unit, frame, values, names)
    compared = _compared(names)
    table = pd.crosstab(known["value"], known["subset"]).reindex(
        index=found, columns=compared, fill_value=0
    )
    test = chi_square(table.to_numpy(np.int64))
    rows = []
    for position, level in enumerate(found):
        flags = known.assign(is_level=known["value"] == level)
        cells = {name: _share(_chosen(flags, name)["is_level"]) for name in names}
        rows.append(TableOneRow(title, str(level), unit, cells, None if position else test))
    return rows + _missing_row(title, unit, frame, values, names)
