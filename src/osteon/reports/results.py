"""The sections of the results: which tables and figures stand together, in which order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from osteon.reports.figure import Figure
from osteon.reports.performance_tables import class_table, main_table, subgroup_table
from osteon.reports.point_tables import (
    baseline_table,
    box_table,
    own_threshold_table,
    threshold_table,
)
from osteon.reports.records import Evaluation
from osteon.reports.table import Table

__all__ = ["ResultPart", "result_parts"]

_Maker = Callable[[Evaluation], Table | None]
_PARTS: tuple[tuple[str, str, tuple[_Maker, ...], tuple[str, ...], bool], ...] = (
    (
        "performance",
        "Performance",
        (main_table, baseline_table),
        ("roc_binary", "calibration"),
        True,
    ),
    (
        "classes",
        "Every class",
        (class_table, own_threshold_table),
        ("confusion", "roc_per_class", "own_threshold"),
        True,
    ),
    ("points", "Operating points", (threshold_table,), ("thresholds",), False),
    ("boxes", "Automatic boxes", (box_table,), ("iou",), False),
    ("subgroups", "Subgroups", (subgroup_table,), ("subgroups",), True),
)


@dataclass(frozen=True, slots=True, eq=False)
class ResultPart:
    """A section: its anchor, heading, tables and figures."""

    key: str
    title: str
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    is_new_page: bool


def result_parts(evaluation: Evaluation, figures: Sequence[Figure]) -> tuple[ResultPart, ...]:
    """Put every table and figure of the results into its section; empty sections are left out."""
    parts = []
    for key, title, makers, stems, is_new_page in _PARTS:
        tables = tuple(table for make in makers if (table := make(evaluation)) is not None)
        own = tuple(f for stem in stems for f in figures if f.name.startswith(stem))
        if tables or own:
            parts.append(ResultPart(key, title, tables, own, is_new_page))
    return tuple(parts)
