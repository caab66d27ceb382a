"""Table 1 for a page: patients, images and hips of every subset or site."""

from osteon.cohort.table_one_rows import SUBSET, TableOne
from osteon.reports.table import Cell, Row, Table, text_cell
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["patient_table"]

_UNITS = {"patient": "patients", "image": "images", "hip": "hips on images"}
_SPREADS = {"mean_sd": "mean ± standard deviation", "median_iqr": "median (quartiles)"}


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
        title = "" if item.test is None else item.test.reason or item.test.method
        p_value = Cell(str(texts["p_value"]), _short(str(texts["test"])), title, is_number=True)
        name = item.level or item.variable
        is_missing = item.level == "missing"
        label = "Not recorded" if is_missing else name[:1].upper() + name[1:]
        cells += [p_value, Cell(str(texts["smd"]), is_number=True)]
        rows.append(Row((text_cell(label), *cells), "quiet" if is_missing else "body"))
    of_patients = {row.unit for row in data.rows} == {"patient"}
    heads = tuple(
        "All" if name == "all" else SUBSET_TITLES.get(name, name) for name in data.subsets
    )
    spread = next(row.cells["all"].kind for row in data.rows if row.cells["all"].kind in _SPREADS)
    where = "subsets that come from one place" if data.by == SUBSET else data.by.replace("_", " ")
    return Table(
        name="table_1" if data.by == SUBSET else f"table_1_by_{data.by}",
        title="Table 1: patients" if of_patients else "Table 1: patients, images and hips",
        note=f"Number (share of those recorded), or {_SPREADS[spread]}. P over the {where}, by the"
        " test named beneath; SMD: the largest standardised difference of two groups. A high P and"
        " an SMD below 0.1 say that they are alike.",
        head=("", *heads, "P", "SMD"),
        rows=tuple(rows),
        data=frame,
    )


def _short(method: str) -> str:
    return method.partition(",")[0]
