"""Clinical tables (CSV, Excel, Parquet) by a declared schema; every bad cell is listed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from osteon.core.decoding import EncodingNotice
from osteon.core.schemas import CELL_FAULTS
from osteon.core.spreadsheets import RawRow, RawSheet, SheetLayout, open_raw_sheet
from osteon.core.tables import Column, Kind, Schema
from osteon.errors import TableError
from osteon.sources.clinical_cell import CellError, read_cell
from osteon.sources.clinical_schema import ClinicalColumn, ClinicalSchema

__all__ = ["ClinicalTable", "read_clinical"]

_KINDS: Mapping[str, Kind] = {
    "integer": "integer", "number": "number", "age": "number", "boolean": "boolean",
}  # fmt: skip
_SHOWN = 80


@dataclass(frozen=True, slots=True, eq=False)
class ClinicalTable:
    """What was read.

    Parameters
    ----------
    schema
        The table's columns as a checked table has them, ``source_row`` last.
    frame
        The rows taken. ``rows read = rows taken + rows refused``.
    faults
        Table :data:`osteon.core.schemas.CELL_FAULTS`.
    rows_read
        Rows of the file.
    not_declared
        Columns of the file that the schema does not name.
    notice
        That the file's encoding was not known.
    """

    schema: Schema
    frame: pd.DataFrame
    faults: pd.DataFrame
    rows_read: int
    not_declared: tuple[str, ...]
    notice: EncodingNotice | None = None

    @property
    def rows_refused(self) -> int:
        """Rows left out."""
        return self.rows_read - len(self.frame)

    def counts(self) -> dict[str, int]:
        """Count the faults by reason."""
        return dict(sorted(Counter(self.faults["reason"]).items()))


@dataclass(frozen=True, slots=True)
class _Fault:
    row: int
    column: str | None
    value: str
    reason: str
    detail: str
    is_row_refused: bool


def read_clinical(
    path: Path, schema: ClinicalSchema, *, today: date | None = None
) -> ClinicalTable:
    """Read a clinical table and check every cell.

    A bad cell becomes empty and is listed with row, column, value and reason; a row is left out
    when a required cell is empty or bad, when it has more cells than columns, when it repeats
    another (one stays) or contradicts one with its key (none stays). What the ``identity``
    columns tell is listed and refuses nothing: ``person_with_several_ids``,
    ``id_of_several_persons``.

    Parameters
    ----------
    path
        ``.xlsx``, ``.xlsm``, ``.parquet``, or a text table.
    schema
        What it should hold.
    today
        Later dates are faults; the day of the call by default.

    Raises
    ------
    TableError
        If the file cannot be read or lacks a declared column.
    """
    table = _raw(path, schema)
    missing = [c.source_name for c in schema.columns if c.source_name not in table.columns]
    if missing:
        raise TableError(
            f"{path}: no column {missing[0]!r}, there are {', '.join(table.columns)}",
            remedy="say in the schema what the file calls it: source: ...",
        )
    schema = schema.model_copy(update={"decimal": schema.decimal or table.decimal})
    faults: list[_Fault] = []
    rows = []
    for row in table.rows:
        values, found = _read_row(row, schema, today or date.today())
        faults += found
        if not any(fault.is_row_refused for fault in found):
            rows.append(values | {"source_row": row.number})
    rows, repeated = _without_repeats(rows, schema)
    faults += repeated
    faults += _identity_faults(rows, schema)
    made = _schema_of(schema)
    frame = made.checked(pd.DataFrame(rows, columns=list(made.names)))
    declared = {column.source_name for column in schema.columns}
    return ClinicalTable(
        made,
        frame,
        _fault_table(path, faults),
        len(table.rows),
        tuple(name for name in table.columns if name not in declared),
        table.notice,
    )


def _raw(path: Path, schema: ClinicalSchema) -> RawSheet:
    if path.suffix.lower() == ".parquet":
        return _from_parquet(path)
    layout = SheetLayout(schema.encoding, schema.delimiter, schema.sheet, schema.header_row)
    return open_raw_sheet(path, layout)


def _from_parquet(path: Path) -> RawSheet:
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
    rows = [
        RawRow(number, f"{path.name}#row {number}", cells)
        for number, cells in enumerate(table.to_pylist(), start=1)
    ]
    return RawSheet(path.name, tuple(table.column_names), tuple(rows))


def _read_row(
    row: RawRow, schema: ClinicalSchema, today: date
) -> tuple[dict[str, Any], list[_Fault]]:
    if row.problem:
        return {}, [_Fault(row.number, None, "", "row_unreadable", row.problem, True)]
    values: dict[str, Any] = {}
    faults = []
    for column in schema.columns:
        raw = row.cells.get(column.source_name)
        values[column.name] = None
        try:
            values[column.name] = read_cell(raw, column, schema, today)
        except CellError as error:
            faults.append(_fault(row, column, raw, error.reason, error.detail))
            continue
        if values[column.name] is None and column.required:
            faults.append(_fault(row, column, raw, "value_missing", "a value is required here"))
    return values, faults


def _fault(row: RawRow, column: ClinicalColumn, raw: Any, reason: str, detail: str) -> _Fault:
    shown = "" if raw is None else str(raw)[:_SHOWN]
    return _Fault(row.number, column.source_name, shown, reason, detail, column.required)


def _without_repeats(
    rows: Sequence[dict[str, Any]], schema: ClinicalSchema
) -> tuple[list[dict[str, Any]], list[_Fault]]:
    if not schema.key:
        return list(rows), []
    contents: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
    for row in rows:
        contents.setdefault(_key(row, schema.key), set()).add(_content(row))
    kept, faults = [], []
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        key = _key(row, schema.key)
        shown = ", ".join(str(item) for item in key)
        if len(contents[key]) > 1:
            detail = f"{len(contents[key])} rows differ under one key ({', '.join(schema.key)})"
            faults.append(_Fault(row["source_row"], None, shown, "rows_conflict", detail, True))
        elif key in seen:
            detail = "the same row stands in the file before"
            faults.append(_Fault(row["source_row"], None, shown, "row_repeated", detail, True))
        else:
            kept.append(row)
        seen.add(key)
    return kept, faults


def _key(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _content(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(value for name, value in row.items() if name != "source_row")


def _identity_faults(rows: Sequence[Mapping[str, Any]], schema: ClinicalSchema) -> Iterator[_Fault]:
    if not schema.identity:
        return
    ids: dict[tuple[Any, ...], set[Any]] = {}
    persons: dict[Any, set[tuple[Any, ...]]] = {}
    told = [row for row in rows if None not in _key(row, ("patient_id", *schema.identity))]
    for row in told:
        person = tuple(str(item).casefold() for item in _key(row, schema.identity))
        ids.setdefault(person, set()).add(row["patient_id"])
        persons.setdefault(row["patient_id"], set()).add(person)
    for row in told:
        person = tuple(str(item).casefold() for item in _key(row, schema.identity))
        name, number = str(row["patient_id"]), row["source_row"]
        if len(ids[person]) > 1:
            others = ", ".join(sorted(map(str, ids[person])))
            detail = f"one person by {', '.join(schema.identity)} has the ids {others}"
            yield _Fault(number, "patient_id", name, "person_with_several_ids", detail, False)
        if len(persons[row["patient_id"]]) > 1:
            detail = f"{len(persons[row['patient_id']])} persons share this id"
            yield _Fault(number, "patient_id", name, "id_of_several_persons", detail, False)


def _schema_of(schema: ClinicalSchema) -> Schema:
    columns = [
        Column(
            column.name,
            _KINDS.get(column.type, "text"),
            f"{column.source_name} of the file" + (f", {column.unit}" if column.unit else ""),
            column.required,
            tuple(column.allowed) or None,
        )
        for column in schema.columns
    ]
    columns.append(Column("source_row", "integer", "Row in the file, the header counted", True))
    return Schema(schema.table, tuple(columns), ("source_row",))


def _fault_table(path: Path, faults: Sequence[_Fault]) -> pd.DataFrame:
    names = [name for name in CELL_FAULTS.names if name != "source"]
    rows = [{name: getattr(fault, name) for name in names} for fault in faults]
    frame = pd.DataFrame(rows, columns=names).assign(source=path.name)
    frame = frame.sort_values(["row"], kind="stable")
    return CELL_FAULTS.checked(frame)
