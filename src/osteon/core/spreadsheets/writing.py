"""Write a table of texts that a spreadsheet opens."""

import csv
from collections.abc import Sequence
from pathlib import Path

from osteon.core.files import atomic_path

__all__ = ["write_sheet"]


def write_sheet(columns: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Write a table of texts as CSV, or as a workbook where the name ends in ``.xlsx``.

    Every cell of a workbook is a text: one that begins with ``=`` is no formula.
    """
    with atomic_path(path) as temporary:
        if path.suffix.lower() != ".xlsx":
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([columns, *rows])
            return
        _write_workbook(columns, rows, temporary)


def _write_workbook(columns: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    for number, cells in enumerate([columns, *rows], start=1):
        for place, text in enumerate(cells, start=1):
            cell = sheet.cell(number, place)
            cell.value = text
            cell.data_type = "s"
    sheet.freeze_panes = "A2"
    book.save(path)
