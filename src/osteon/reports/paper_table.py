"""A paper's numbers laid beside the ones measured here."""

import pandas as pd

from osteon.reports.published import Published, PublishedValue
from osteon.reports.records import Evaluation, Series
from osteon.reports.table import Cell, Row, Table, measure_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["paper_table"]

_SIGNS = {"count": 0, "years": 1, "auroc": 3, "kappa": 3, "iou": 2}


def paper_table(published: Published, evaluation: Evaluation) -> Table:
    """Lay each published number beside the same measure here, by the paper's own bootstrap."""
    here = [value for value in published.values if _is_here(value, evaluation)]
    elsewhere = [value for value in published.values if value not in here]
    rows = [_row(value, evaluation) for value in here]
    if elsewhere:
        heading = "Printed in the paper, not measured by this report"
        rows.append(Row((text_cell(heading),), "group"))
        rows += [_row(value, evaluation) for value in elsewhere]
    return Table(
        name="paper_against_here",
        title="Published, and measured here",
        note="Per cent for proportions. Here: one image per patient, the paper’s bootstrap"
        " (overlap of boxes and counts: as they are). “Derived” numbers are not printed but"
        " follow from printed ones, as the remark shows.",
        head=(
            "",
            "Paper",
            *(f"Here, {SUBSET_TITLES[subset].lower()}" for subset in evaluation.subsets),
            "Source and remarks",
        ),
        rows=tuple(rows),
        data=_data(published, evaluation),
    )


def _series(value: PublishedValue, subset: str) -> Series:
    is_detector = value.measure_id.startswith("detection.")
    return Series(subset, "model", "automatic" if is_detector else value.box_source)


def _is_here(value: PublishedValue, evaluation: Evaluation) -> bool:
    return any(
        evaluation.find(_series(value, subset), value.measure_id) for subset in evaluation.subsets
    )


def _row(value: PublishedValue, evaluation: Evaluation) -> Row:
    limits = ""
    if value.low is not None and value.high is not None:
        limits = f"({_shown(value, value.low)}, {_shown(value, value.high)})"
    printed = Cell(_shown(value, value.value), limits, is_number=True)
    cells = []
    for subset in evaluation.subsets:
        measure = evaluation.find(_series(value, subset), value.measure_id)
        cells.append(measure_cell(measure, "one_image"))
    source = value.source if value.status == "printed" else f"{value.source}; derived"
    source = source[:1].upper() + source[1:]
    n = f" (n\u00a0=\u00a0{value.n})" if value.n is not None else ""
    return Row((text_cell(f"{value.quantity}{n}"), printed, *cells, Cell(source, value.note or "")))


def _shown(value: PublishedValue, x: float) -> str:
    if value.unit == "proportion":
        return f"{x * 100:.1f}".replace("-", "−")
    return f"{x:,.{_SIGNS[value.unit]}f}".replace("-", "−")


def _data(published: Published, evaluation: Evaluation) -> pd.DataFrame:
    rows = []
    for value in published.values:
        row: dict[str, object] = {
            "id": value.id,
            "quantity": value.quantity,
            "paper": value.value,
            "paper_low": value.low,
            "paper_high": value.high,
            "unit": value.unit,
            "paper_n": value.n,
            "status": value.status,
        }
        for subset in evaluation.subsets:
            measure = evaluation.find(_series(value, subset), value.measure_id)
            estimate = None if measure is None else measure.one_image
            for part in ("value", "low", "high"):
                row[f"{subset}_{part}"] = None if estimate is None else getattr(estimate, part)
        rows.append({**row, "source": value.source, "note": value.note})
    return pd.DataFrame(rows)
