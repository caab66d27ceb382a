"""Options of the verbs that read reports, and reading them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import pandas as pd

from osteon.core.records import Exclusion
from osteon.core.schemas import REPORTS
from osteon.core.tables import read_table
from osteon.errors import UsageError
from osteon.sources.report_text import read_reports

__all__ = ["ReportFiles", "counted", "report_options"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Report files and how they are to be read."""

    files: tuple[Path, ...]
    columns: tuple[str, ...]
    date_formats: tuple[str, ...]
    encoding: str | None
    accession_fields: tuple[str, ...]

    def read(self) -> tuple[pd.DataFrame, list[Exclusion]]:
        """Read a table of reports (Parquet), or files of reports."""
        if len(self.files) == 1 and self.files[0].suffix == ".parquet":
            return read_table(REPORTS, self.files[0]), []
        columns = {}
        for text in self.columns:
            name, equals, own = text.partition("=")
            if not equals:
                raise UsageError(f"got {text!r}", remedy="--column text=REPORT_TEXT")
            columns[name.strip()] = own.strip()
        return read_reports(
            self.files,
            columns=columns,
            date_formats=self.date_formats,
            encoding=self.encoding,
            accession_fields=self.accession_fields,
        )


def report_options(function: F) -> F:
    """Add the argument FILES and the options on how to read them."""
    for option in reversed(
        (
            click.argument(
                "files",
                nargs=-1,
                required=True,
                type=click.Path(path_type=Path, exists=True, dir_okay=False),
            ),
            click.option(
                "--column",
                "columns",
                multiple=True,
                metavar="NAME=COLUMN",
                help="What the file calls a column, e.g. text=REPORT; repeat.",
            ),
            click.option(
                "--date-format",
                "date_formats",
                multiple=True,
                metavar="FORMAT",
                help="How dates are written, e.g. '%d.%m.%Y %H:%M'; ISO 8601 needs none.",
            ),
            click.option("--encoding", help="Of files that do not say theirs; else UTF-8."),
            click.option(
                "--accession-field",
                "accession_fields",
                multiple=True,
                default=("OBR-18", "OBR-3"),
                show_default=True,
                help="Where HL7 messages have the accession; the first that is filled counts.",
            ),
        )
    ):
        function = option(function)
    return function


def counted(exclusions: list[Exclusion]) -> dict[str, int]:
    """Count exclusions by reason, in the order of the names."""
    return dict(sorted(Counter(item.reason for item in exclusions).items()))
