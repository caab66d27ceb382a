"""A paper's numbers laid beside the ones measured here."""

from collections.abc import Callable, Sequence

import pandas as pd

from osteon.core.records import Estimate
from osteon.reports.published import Published, PublishedValue
from osteon.reports.records import Evaluation, Series
from osteon.reports.table import Cell, Row, Table, estimate_cell, text_cell
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["Finder", "laid_beside", "paper_table"]

_SIGNS = {"count": 0, "years": 1, "auroc": 3, "concordance": 3, "kappa": 3, "iou": 2}


Finder = Callable[[PublishedValue, str], Estimate | None]


def paper_table(published: Published, evaluation: Evaluation) -> Table:
    """Lay each published number beside the same measure here, by the paper's own bootstrap."""

    def find(value: PublishedValue, subset: str) -> Estimate | None:
        measure = evaluation.find(_series(value, subset), value.measure_id)
        return None if measure is None else measure.one_image

    return laid_beside(
        published, evaluation.subsets, find,
        how="Here: one image per patient, the paper’s bootstrap (overlap of boxes and counts: as"
        " they are).",
    )  # fmt: skip


def laid_beside(published: Published, subsets: Sequence[str], find: Finder, *, how: str) -> Table:
    """Lay each published number beside what ``find`` gives for a test subset.

    Parameters
    ----------
    published
        The paper's numbers.
    subsets
        Test subsets, a column for each.
    find
        From a published number and a subset to the estimate here, ``None`` where there is none.
    how
        A sentence: how the numbers here were estimated.
    """
    here = [value for value in published.values if any(find(value, one) for one in subsets)]
    elsewhere = [value for value in published.values if value not in here]
    rows = [_row(value, subsets, find) for value in here]
    if elsewhere:
        heading = "Printed in the paper, not measured by this report"
        rows.append(Row((text_cell(heading),), "group"))
        rows += [_row(value, subsets, find) for value in elsewhere]
    return Table(
        name="paper_against_here",
        title="Published, and measured here",
        note=f"Per cent for proportions. {how} “Derived” numbers are not printed but follow from"
        " printed ones, as the remark shows.",
        head=(
            "",
            "Paper",
            *(f"Here, {SUBSET_TITLES[subset].lower()}" for subset in subsets),
            "Source and remarks",
        ),
        rows=tuple(rows),
        data=_data(published, subsets, find),
    )


def _series(value: PublishedValue, subset: str) -> Series:
    is_detector = value.measure_id.startswith("detection.")
    return Series(subset, "model", "automatic" if is_detector else value.box_source)


def _row(value: PublishedValue, subsets: Sequence[str], find: Finder) -> Row:
    limits = ""
    if value.low is not None and value.high is not None:
        limits = f"({_shown(value, value.low)}, {_shown(value, value.high)})"
    printed = Cell(_shown(value, value.value), limits, is_number=True)
    cells = []
    for subset in subsets:
        estimate = find(value, subset)
        cells.append(
            Cell("–", title="not measured", is_number=True)
            if estimate is None
            else estimate_cell(estimate, value.measure_id)
        )
    source = value.source if value.status == "printed" else f"{value.source}; derived"
    source = source[:1].upper() + source[1:]
    n = f" (n\u00a0=\u00a0{value.n})" if value.n is not None else ""
    return Row((text_cell(f"{value.quantity}{n}"), printed, *cells, Cell(source, value.note or "")))


def _shown(value: PublishedValue, x: float) -> str:
    if value.unit == "proportion":
        return f"{x * 100:.1f}".replace("-", "−")
    digits = _SIGNS[value.unit] if value.digits is None else value.digits
    return f"{x:,.{digits}f}".replace("-", "−")


def _data(published: Published, subsets: Sequence[str], find: Finder) -> pd.DataFrame:
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
        for subset in subsets:
            estimate = find(value, subset)
            for part in ("value", "low", "high"):
                row[f"{subset}_{part}"] = None if estimate is None else getattr(estimate, part)
        rows.append({**row, "source": value.source, "note": value.note})
    return pd.DataFrame(rows)
