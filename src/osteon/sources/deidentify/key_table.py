"""The table that leads back: written on request only, and never among the results."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from osteon.core.files import atomic_path
from osteon.core.spreadsheets import SheetLayout, open_sheet
from osteon.errors import UsageError
from osteon.sources.deidentify.secret import is_inside
from osteon.sources.deidentify.work import Outcome

__all__ = ["KeyTable"]

_COLUMNS = (
    "key", "path", "patient_id", "patient", "study_instance_uid", "new_study_instance_uid",
    "series_instance_uid", "new_series_instance_uid", "sop_instance_uid", "new_sop_instance_uid",
    "reason", "said",
)  # fmt: skip


class KeyTable:
    """A CSV file of old and new identifiers, mode 0600; runs add to it.

    Raises
    ------
    UsageError
        If it would lie in the output folder, or the file is something else.
    """

    def __init__(self, path: Path, output: Path) -> None:
        if is_inside(path, output):
            raise UsageError(
                f"the key table {path} would lie in the output folder {output}",
                remedy="keep it with the secret, where the results are never copied from",
            )
        self._path = path
        self._rows: dict[str, dict[str, str]] = {}
        if path.exists():
            sheet = open_sheet(path, SheetLayout("utf-8", ",", keeps_spaces=True))
            if sheet.columns != _COLUMNS:
                raise UsageError(f"{path} is no key table", remedy="name another file")
            self._rows = {row.cells["key"]: dict(row.cells) for row in sheet.rows}

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Note the old and new identifiers of files."""
        for item in outcomes:
            old = item.private
            if old is None:
                continue
            values = (
                item.key, old.path, old.patient_id, item.patient, old.study,
                item.study_instance_uid, old.series, item.series_instance_uid, old.instance,
                item.sop_instance_uid, item.reason, old.said,
            )  # fmt: skip
            self._rows[item.key] = dict(zip(_COLUMNS, values, strict=True))

    def write(self) -> None:
        """Write the table, whole or not at all."""
        others = os.umask(0o077)  # nobody else may read it at any moment
        try:
            with (
                atomic_path(self._path) as temporary,
                temporary.open("w", encoding="utf-8", newline="") as stream,
            ):
                writer = csv.DictWriter(stream, _COLUMNS)
                writer.writeheader()
                writer.writerows(self._rows[key] for key in sorted(self._rows))
        finally:
            os.umask(others)
