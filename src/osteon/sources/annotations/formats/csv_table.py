"""A plain table of boxes: CSV in its dialects, or the first sheet of an Excel workbook."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.schemas import LABELS
from osteon.core.spreadsheets import write_sheet
from osteon.errors import AnnotationError
from osteon.sources.annotations.documents import TABLE_ENDINGS, Document
from osteon.sources.annotations.record import (
    IMAGE_NAMES,
    LABEL_NAMES,
    AnnotationFormat,
    Drawn,
    RawBox,
    raw_box,
)
from osteon.sources.annotations.shapes import Shape, box_with_corners, box_with_size, faulty

__all__ = ["FORMAT"]

_CORNERS = (
    ("x_min_px", "y_min_px", "x_max_px", "y_max_px"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
)
_SIZES = (("x", "y", "width", "height"), ("x_px", "y_px", "width_px", "height_px"))
_ALSO_TABLES = frozenset({"region_shape_attributes"})
_Maker = Callable[[Sequence[Any]], Shape]


def _recognises(document: Document) -> bool:
    """Any table with a header of names; one that lacks a column is refused with its columns."""
    sheet = document.sheet
    if sheet is None or set(sheet.columns) & _ALSO_TABLES:
        return False
    return document.path.suffix.lower() in TABLE_ENDINGS or _columns(sheet.columns) is not None


def _columns(columns: Sequence[str]) -> tuple[tuple[str, ...], _Maker] | None:
    has_image = any(name in columns for name in IMAGE_NAMES)
    has_label = any(name in columns for name in LABEL_NAMES)
    makers: tuple[tuple[tuple[tuple[str, ...], ...], _Maker], ...] = (
        (_CORNERS, box_with_corners), (_SIZES, box_with_size),
    )  # fmt: skip
    for choices, maker in makers:
        for names in choices:
            if set(names) <= set(columns) and has_image and has_label:
                return names, maker
    return None


def _read(document: Document) -> Iterator[RawBox]:
    sheet = document.sheet
    found = None if sheet is None else _columns(sheet.columns)
    if sheet is None or found is None:
        got = ", ".join(sheet.columns) if sheet is not None else ""
        raise AnnotationError(
            f"annotations {document.name}: got columns {got or 'none'}, wanted an image, a label "
            "and a box",
            remedy="name the columns sop_instance_uid (or filename), laterality, x_min_px, "
            "y_min_px, x_max_px, y_max_px, label",
        )
    names, maker = found
    for row in sheet.rows:
        cells = dict(row.cells)
        sides = [cells.pop(name) for name in names]
        if sheet.decimal == "either":
            sides = [text.replace(",", ".") for text in sides]
        shape = faulty("row_unreadable", row.problem) if row.problem else maker(sides)
        yield raw_box(row.place, "", shape, cells)


def _write(drawn: Drawn, path: Path) -> None:
    extra = [str(name) for name in drawn.labels.columns if name not in LABELS.names]
    columns = [*LABELS.names, *extra]
    rows = drawn.labels.sort_values(list(LABELS.key))[columns].to_dict("split")["data"]
    texts = [["" if pd.isna(cell) else _text(cell) for cell in row] for row in rows]
    write_sheet(columns, texts, path)


def _text(cell: Any) -> str:
    return repr(float(cell)) if isinstance(cell, float) else str(cell)


FORMAT = AnnotationFormat(
    name="csv",
    title="CSV or Excel table of boxes",
    loss="nothing: numbers are written with every digit",
    recognises=_recognises,
    read=_read,
    write=_write,
    suffix=".csv",
)
