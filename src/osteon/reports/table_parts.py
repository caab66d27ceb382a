"""What the tables of an evaluation share: headings, predictors in order, numbers in full."""

from collections.abc import Callable, Iterable

import pandas as pd

from osteon.reports.records import ALL_CASES, Evaluation, Series
from osteon.reports.table import Cell, ColumnGroup, Row, text_cell
from osteon.reports.wording import SUBSET_TITLES, predictor_title

__all__ = [
    "by_predictor",
    "count_word",
    "full_numbers",
    "group_row",
    "predictor_row",
    "subset_groups",
]


def group_row(title: str) -> Row:
    """Make a heading across the table."""
    return Row((text_cell(title),), "group")


def predictor_row(title: str, cells: Iterable[Cell]) -> Row:
    """Make a predictor's row; baselines are written quietly."""
    return Row((text_cell(title), *cells), "main" if title.startswith("Model") else "quiet")


def subset_groups(evaluation: Evaluation, span: int) -> list[ColumnGroup]:
    """Make a heading over the columns of each subset."""
    return [
        ColumnGroup(
            f"{SUBSET_TITLES[item.subset]}: {item.cases} hips on films, {item.patients} patients",
            span,
        )
        for item in evaluation.counts
    ]


def by_predictor(evaluation: Evaluation) -> list[tuple[str, list[Series | None]]]:
    """Give every predictor's title and its series in each subset, in the order measured."""
    pairs = dict.fromkeys((one.predictor, one.box_source) for one in evaluation.series)
    known = set(evaluation.series)
    found = []
    for predictor, box_source in pairs:
        series = [Series(subset, predictor, box_source) for subset in evaluation.subsets]
        shown: list[Series | None] = [one if one in known else None for one in series]
        found.append((predictor_title(series[0]), shown))
    return found


def full_numbers(
    evaluation: Evaluation, wanted: Callable[[str], bool], *, groups: bool = False
) -> pd.DataFrame:
    """Take the wanted measures of all cases, or of the subgroups, as a table."""
    table = evaluation.measures_table()
    is_all = table["group"] == ALL_CASES
    chosen = (is_all != groups) & table["measure"].map(wanted)
    return table[chosen.to_numpy(bool)].reset_index(drop=True)


def count_word(k: int) -> str:
    """Write a small number as a word."""
    words = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight"}
    return words.get(k, str(k))
