"""What a clinical table should hold, declared in YAML: names, types, units, ranges, codes."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from osteon.core.settings import Settings, read_settings
from osteon.core.spreadsheets import Decimal

__all__ = ["ClinicalColumn", "ClinicalSchema", "load_schema"]

Kind = Literal["text", "integer", "number", "boolean", "category", "date", "moment", "age"]
_WITH_UNIT = ("integer", "number")


class ClinicalColumn(Settings):
    """One column.

    Parameters
    ----------
    name
        What it is called from here on.
    source
        What the file calls it; the same when empty.
    type
        ``age`` is in years and reads ``075Y`` and ``75``; ``moment`` is a date with a time.
    unit
        Of integers and numbers, ``1`` where there is none; needed, so that nobody has to guess.
    range
        Lowest and highest value allowed; ``null`` for no limit. Days as ``YYYY-MM-DD``.
    missing
        Texts that mean that there is no value, besides those of the table.
    allowed
        Of categories: what is written in the file for each value, or the values alone.
    formats
        Of dates: how they are written, as for ``strptime``. ISO 8601 and YYYYMMDD need none.
    required
        A row without this value is left out.
    may_be_in_future
        Dates after today are faults otherwise.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    source: str = ""
    type: Kind = "text"
    unit: str | None = None
    range: tuple[float | date | None, float | date | None] | None = None
    missing: tuple[str, ...] = ()
    allowed: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    formats: tuple[str, ...] = ()
    required: bool = False
    may_be_in_future: bool = False

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, values: Any) -> Any:
        """Let categories be a list, and words of a category be one word."""
        if not isinstance(values, dict):
            return values
        allowed = values.get("allowed")
        if isinstance(allowed, list | tuple):
            values = values | {"allowed": {str(item): (str(item),) for item in allowed}}
        elif isinstance(allowed, dict):
            spread = {
                str(name): tuple(map(str, words if isinstance(words, list | tuple) else [words]))
                for name, words in allowed.items()
            }
            values = values | {"allowed": spread}
        if isinstance(values.get("missing"), list):
            values = values | {"missing": [str(item) for item in values["missing"]]}
        return values

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.type in _WITH_UNIT and self.unit is None:
            raise ValueError(f"column {self.name} has no unit: write unit: '1' where there is none")
        if (self.type == "category") != bool(self.allowed):
            raise ValueError(f"column {self.name}: allowed belongs to categories, which need it")
        if self.range is not None:
            is_dated = self.type in ("date", "moment")
            if self.type in ("text", "boolean", "category"):
                raise ValueError(f"column {self.name}: a {self.type} has no range")
            limits = [limit for limit in self.range if limit is not None]
            if any(isinstance(limit, date) != is_dated for limit in limits):
                raise ValueError(f"column {self.name}: the range does not fit the type {self.type}")
        return self

    @property
    def source_name(self) -> str:
        """What the file calls it."""
        return self.source or self.name


class ClinicalSchema(Settings):
    """A table.

    Parameters
    ----------
    table
        Its name.
    columns
        Its columns; others in the file are left where they are and named in the check.
    key
        Columns that together name a row; repeated rows are found by it.
    identity
        Columns that tell a person (name, birth date, sex) where the table has them: one person
        with several ids, and one id of several persons, are listed by it.
    missing
        Texts that mean that there is no value, in every column.
    encoding, delimiter
        Of text files; found otherwise, as :mod:`osteon.core.spreadsheets` says.
    decimal
        What stands before the decimals in numbers written as text: ``.``, ``,`` or ``either``.
        Where it is not said, the point; in semicolon-separated files either.
    sheet, header_row
        Of workbooks; ``header_row`` counts from 1.
    """

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    columns: tuple[ClinicalColumn, ...] = Field(min_length=1)
    key: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Decimal | None = None
    sheet: str | None = None
    header_row: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [column.name for column in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two columns are called {name}")
        for name in (*self.key, *self.identity):
            if name not in names:
                raise ValueError(f"{name} is no column: there are {', '.join(names)}")
        if self.identity and "patient_id" not in names:
            raise ValueError("identity needs a column patient_id")
        return self


def load_schema(path: Path) -> ClinicalSchema:
    """Read the declaration of a clinical table.

    Raises
    ------
    SettingsError
        If the file cannot be read, a key is unknown, or the declaration contradicts itself.
    """
    return read_settings(ClinicalSchema, path, "schema")
