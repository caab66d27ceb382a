"""Clinical tables: check and import by a schema, link with films, find first events."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click
import pandas as pd

from osteon.cli._report_files import counted
from osteon.cohort.events import EventRule, first_events, load_codes
from osteon.cohort.linkage import LinkRule, anchors_of, link
from osteon.core.schemas import (
    CELL_FAULTS,
    EXCLUSIONS,
    FIRST_EVENTS,
    INSTANCES,
    LINKS,
    exclusion_rows,
)
from osteon.core.settings import read_settings
from osteon.core.tables import read_table, write_table
from osteon.errors import DataError, TableError
from osteon.sources.clinical_schema import load_schema
from osteon.sources.clinical_table import ClinicalTable, read_clinical
from osteon.sources.safe_csv import write_csv

__all__ = ["command"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
_SCHEMA = click.option("--schema", "schema_path", type=_FILE, required=True, help="YAML.")


@click.group()
def command() -> None:
    """Clinical tables: check and import by a schema, link with films, find first events."""


@command.command("check")
@click.argument("file", type=_FILE)
@_SCHEMA
@_JSON
def check(file: Path, schema_path: Path, as_json: bool) -> None:
    """Say what is wrong with a clinical table; exit with 3 if anything is.

    FILE is CSV, Excel (.xlsx) or Parquet.
    """
    table = read_clinical(file, load_schema(schema_path))
    _tell(file, table, as_json=as_json)
    if not as_json:
        for row in table.faults.itertuples():
            fault = cast(Any, row)
            column = fault.column if isinstance(fault.column, str) else "(row)"
            refused = ", row left out" if fault.is_row_refused else ""
            click.echo(f"  row {fault.row}, {column}: {fault.reason}: {fault.detail}{refused}")
    if len(table.faults):
        raise DataError(
            f"{file} has {len(table.faults)} faults; {table.rows_refused} rows would be left out",
            remedy="correct the file, or take the rest with osteon clinical import",
        )


@command.command("import")
@click.argument("file", type=_FILE)
@_SCHEMA
@click.option("-o", "--output", type=_NEW, required=True, help="The table to write (.parquet).")
@_JSON
def import_(file: Path, schema_path: Path, output: Path, as_json: bool) -> None:
    """Read a clinical table, leave bad cells empty and bad rows out, and list them.

    Writes the table and beside it <name>.faults.parquet and <name>.faults.csv.
    """
    table = read_clinical(file, load_schema(schema_path))
    write_table(table.frame, table.schema, output)
    write_table(table.faults, CELL_FAULTS, output.with_suffix(".faults.parquet"))
    write_csv(table.faults, output.with_suffix(".faults.csv"))
    _tell(file, table, as_json=as_json)


@command.command("link")
@click.argument("table", type=_FILE)
@click.option("--study", type=_FOLDER, required=True, help="Study folder with the films.")
@click.option("--rule", "rule_path", type=_FILE, required=True, help="YAML: ids, window, which.")
@click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for the links.")
@_JSON
def link_(table: Path, study: Path, rule_path: Path, output: Path, as_json: bool) -> None:
    """Link the rows of an imported table with imaging studies, and list what was not linked.

    Writes links.parquet, anchors_left.parquet and rows_left.parquet.
    """
    rows = _parquet(table)
    anchors = anchors_of(read_table(INSTANCES, study / "tables" / "instances.parquet"))
    found = link(anchors, rows, read_settings(LinkRule, rule_path, "rule"))
    write_table(found.links, LINKS, output / "links.parquet")
    for name, left in (("anchors_left", found.anchors_left), ("rows_left", found.rows_left)):
        write_table(exclusion_rows(left), EXCLUSIONS, output / f"{name}.parquet")
    told = {
        "imaging_studies": len(anchors),
        "rows": len(rows),
        "links": len(found.links),
        "imaging_studies_left": counted(list(found.anchors_left)),
        "rows_left": counted(list(found.rows_left)),
    }
    _print(told, as_json=as_json)


@command.command("events")
@click.argument("table", type=_FILE)
@click.option("--index", "index_path", type=_FILE, required=True,
              help="Table with patient_id and index_date.")  # fmt: skip
@click.option("--codes", required=True, help="Name of a code list, or a YAML file.")
@click.option("--rule", "rule_path", type=_FILE, help="YAML: ids, days, lookback.")
@click.option("-o", "--output", type=_FOLDER, required=True, help="Folder for the events.")
@_JSON
def events(
    table: Path,
    index_path: Path,
    codes: str,
    rule_path: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Find each patient's first event after the index date in a table of coded events.

    TABLE has patient_id, event_date, system and code. Writes first_events.parquet and
    exclusions.parquet.
    """
    rule = EventRule() if rule_path is None else read_settings(EventRule, rule_path, "rule")
    found = first_events(_parquet(index_path), _parquet(table), load_codes(codes), rule)
    write_table(found.table, FIRST_EVENTS, output / "first_events.parquet")
    write_table(exclusion_rows(found.exclusions), EXCLUSIONS, output / "exclusions.parquet")
    told = {
        "patients": len(found.table),
        "with_event": int(found.table["event"].sum()),
        "left_out": counted(list(found.exclusions)),
        "events_with_a_code_of_the_list": found.events_counted,
        "events_of_patients_without_index": found.events_of_others,
        "rows_of_unknown_systems": dict(found.unknown_systems),
    }
    _print(told, as_json=as_json)


def _tell(file: Path, table: ClinicalTable, *, as_json: bool) -> None:
    told = {
        "file": str(file),
        "rows": table.rows_read,
        "rows_taken": len(table.frame),
        "rows_left_out": table.rows_refused,
        "faults": table.counts(),
        "columns_not_declared": list(table.not_declared),
        **({} if table.notice is None else {"encoding_notice": str(table.notice)}),
    }
    _print(told, as_json=as_json)


def _print(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    for name, value in told.items():
        title = name.replace("_", " ")
        if isinstance(value, dict):
            click.echo(f"{title}: {sum(value.values())}")
            for reason, count in value.items():
                click.echo(f"  {count:>7}  {reason}")
        else:
            click.echo(f"{title}: {', '.join(value) if isinstance(value, list) else value}")


def _parquet(path: Path) -> pd.DataFrame:
    if path.suffix != ".parquet":
        raise TableError(
            f"{path} is no Parquet table", remedy="osteon clinical import makes one of a file"
        )
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
