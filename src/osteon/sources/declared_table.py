"""Read a table of a declared schema from Parquet, a text table or a workbook."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from osteon.core.schemas import CLINICAL
from osteon.core.spreadsheets import open_sheet, text_frame
from osteon.core.tables import Column, Schema, read_table
from osteon.sources.clinical_schema import load_schema
from osteon.sources.clinical_table import read_clinical

__all__ = ["read_declared", "read_risk_factors", "read_variables"]


def read_declared(path: Path, schema: Schema) -> pd.DataFrame:
    """Read a table and check it against its schema; empty cells are missing.

    Parameters
    ----------
    path
        ``.parquet``, or a table (CSV, Excel) whose columns are named as the schema's.
    schema
        What it should be.

    Raises
    ------
    TableError
        If it cannot be read, a row has more cells than columns, or it does not fit the schema.
    """
    if path.suffix.lower() == ".parquet":
        return read_table(schema, path)
    return schema.checked(text_frame(open_sheet(path)))


def read_risk_factors(path: Path, schema_path: Path | None) -> pd.DataFrame:
    """Read the table of risk factors: columns named as ours, or as a YAML schema declares them.

    Raises
    ------
    TableError, SettingsError
        If the table does not fit, or the schema is none.
    """
    if schema_path is None:
        return read_declared(path, CLINICAL)
    found = read_clinical(path, load_schema(schema_path))
    return CLINICAL.checked(found.frame.drop(columns="source_row"))


def read_variables(path: Path, schema_path: Path | None, names: Sequence[str]) -> pd.DataFrame:
    """Read some risk factors of patients: columns named as ours, or as a YAML schema declares them.

    Parameters
    ----------
    path, schema_path
        As of :func:`read_risk_factors`, but only ``patient_id`` and the named columns have to be
        there.
    names
        Variables; those that :data:`osteon.core.schemas.CLINICAL` does not know are numbers.

    Raises
    ------
    TableError, SettingsError
        If the table does not fit, or the schema is none.
    """
    known = {column.name: column for column in CLINICAL.columns}
    columns = [known.get(name, Column(name, "number", "Variable of a network")) for name in names]
    wanted = Schema(CLINICAL.name, (known["patient_id"], *columns), ("patient_id",), is_open=True)
    if schema_path is None:
        return read_declared(path, wanted)
    return wanted.checked(read_clinical(path, load_schema(schema_path)).frame)
