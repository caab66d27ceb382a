"""Tables with declared columns, checked on writing and on reading; `core.schemas` has them all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from osteon.core.files import atomic_path
from osteon.errors import TableError

__all__ = [
    "Column",
    "Kind",
    "Schema",
    "read_table",
    "rows_of",
    "write_table",
]

Kind = Literal["text", "integer", "number", "boolean"]
_ARROW = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
_PANDAS = {"text": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (with its unit), kind, meaning, and whether it may be empty."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A table's columns in order, and the columns that together name a row.

    ``is_open`` schemas keep further columns at the end (clinical variables, predictions).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    is_open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def empty(self) -> pd.DataFrame:
        """Make a table of no rows."""
        return self.checked(pd.DataFrame({name: [] for name in self.names}))

    def arrow(self) -> pa.Schema:
        """Give the columns as an Arrow schema, for tables written in pieces."""
        return pa.schema([(column.name, _ARROW[column.kind]) for column in self.columns])

    def checked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Order and convert the columns of a table.

        Raises
        ------
        TableError
            If a column is missing, unknown (closed schemas) or holds a value not allowed, or two
            rows have one key; the message names the first offender.
        """
        self._check_columns(frame)
        extra = [name for name in frame.columns if name not in self.names]
        result = frame.loc[:, [*self.names, *extra]].copy()
        for column in self.columns:
            result[column.name] = self._converted(result[column.name], column)
            self._check_values(result[column.name], column)
        self._check_key(result)
        return result.reset_index(drop=True)

    def _check_columns(self, frame: pd.DataFrame) -> None:
        if missing := [name for name in self.names if name not in frame.columns]:
            raise TableError(f"table {self.name}: column {missing[0]} is missing")
        unknown = [name for name in frame.columns if name not in self.names]
        if unknown and not self.is_open:
            raise TableError(
                f"table {self.name}: column {unknown[0]} is unknown, wanted {', '.join(self.names)}"
            )

    def _converted(self, values: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
        try:
            return values.astype(_PANDAS[column.kind])  # type: ignore[call-overload, no-any-return]
        except (TypeError, ValueError) as error:
            raise TableError(
                f"table {self.name}: column {column.name} is not all {column.kind}: {error}"
            ) from error

    def _check_values(self, values: "pd.Series[Any]", column: Column) -> None:
        if column.required and bool(values.isna().any()):
            row = int(values.isna().to_numpy().argmax())
            raise TableError(f"table {self.name}: column {column.name} is empty in row {row}")
        if column.allowed is not None:
            wrong = values[values.notna() & ~values.isin(column.allowed)]
            if len(wrong):
                raise TableError(
                    f"table {self.name}: column {column.name} is {wrong.iloc[0]!r},"
                    f" wanted one of {', '.join(column.allowed)}"
                )

    def _check_key(self, frame: pd.DataFrame) -> None:
        repeated = frame.duplicated(list(self.key))
        if bool(repeated.any()):
            row = frame.loc[repeated, list(self.key)].iloc[0].to_dict()
            raise TableError(f"table {self.name}: two rows have the key {row}")


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as plain Python values, ``None`` where a cell is empty.

    Examples
    --------
    >>> rows_of(pd.DataFrame({"a": [1, None]}, dtype="Int64"))
    [{'a': 1}, {'a': None}]
    """
    columns = [_values_of(frame[name]) for name in frame.columns]
    return [dict(zip(frame.columns, values, strict=True)) for values in zip(*columns, strict=True)]


def _values_of(series: "pd.Series[Any]") -> list[Any]:
    values = zip(series.tolist(), series.isna().tolist(), strict=True)
    return [None if is_empty else value for value, is_empty in values]


def write_table(frame: pd.DataFrame, schema: Schema, path: Path) -> pd.DataFrame:
    """Check a table and write it as Parquet, whole or not at all; give back what was written."""
    checked = schema.checked(frame)
    with atomic_path(path) as temporary:
        checked.to_parquet(temporary, index=False)
    return checked


def read_table(schema: Schema, path: Path) -> pd.DataFrame:
    """Read a Parquet table and check it.

    Raises
    ------
    TableError
        If the file is absent, is not Parquet, or does not fit the schema.
    """
    if not path.exists():
        raise TableError(
            f"table {schema.name} is not at {path}", remedy="run the stage that makes it"
        )
    try:
        frame = pq.read_table(path).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"table {schema.name} at {path} cannot be read: {error}") from error
    return schema.checked(frame)
