"""Table 1 for a page: patients, images and hips of every subset."""

from osteon.cohort.table_one import TableOne
from osteon.reports.table import Cell, Row, Table, text_cell
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["patient_table"]

_UNITS = {"patient": "patients", "image": "images", "hip": "hips on images"}


def patient_table(data: TableOne) -> Table:
    """Write Table 1 with its tests and what is missing."""
    frame = data.frame()
    rows: list[Row] = []
    variable = None
    for item, (_, texts) in zip(data.rows, frame.iterrows(), strict=True):
        if item.level and item.variable != variable:
            title = f"{item.variable}, {_UNITS.get(item.unit, item.unit)}"
            rows.append(Row((text_cell(title),), "group"))
        variable = item.variable
        cells = [Cell(str(texts[name]), is_number=True) for name in data.subsets]
        p_value = Cell(str(texts["p_value"]), title=_remark(item.test), is_number=True)
        name = item.level or item.variable
        is_missing = item.level == "missing"
        label = "Not recorded" if is_missing else name[:1].upper() + name[1:]
        rows.append(Row((text_cell(label), *cells, p_value), "quiet" if is_missing else "body"))
    heads = tuple(SUBSET_TITLES.get(name, "All") for name in data.subsets)
    return Table(
        name="table_1",
        title="Table 1: patients, images and hips",
        note="Number (share of those recorded), or mean ± standard deviation. P: chi-square, or"
        " analysis of variance for age, over the subsets that come from one place; a high value"
        " says that they are alike.",
        head=("", *heads, "P"),
        rows=tuple(rows),
        data=frame,
    )


def _remark(test: object) -> str:
    reason = getattr(test, "reason", None)
    return reason if isinstance(reason, str) else ""
