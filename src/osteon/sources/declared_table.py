"""Read a table of a declared schema from Parquet or a text table."""

from pathlib import Path

import pandas as pd

from osteon.core.tables import Schema, read_table
from osteon.errors import TableError
from osteon.sources.text_table import read_text_table

__all__ = ["read_declared"]


def read_declared(path: Path, schema: Schema) -> pd.DataFrame:
    """Read a table and check it against its schema; empty cells of text tables are missing.

    Parameters
    ----------
    path
        ``.parquet``, or a text table (CSV) whose columns are named as the schema's.
    schema
        What it should be.

    Raises
    ------
    TableError
        If it cannot be read, a row has more cells than columns, or it does not fit the schema.
    """
    if path.suffix.lower() == ".parquet":
        return read_table(schema, path)
    table = read_text_table(path)
    for row in table.rows:
        if row.fault is not None:
            raise TableError(f"{path}, row {row.number}: {row.fault}")
    cells = [{name: value or None for name, value in row.cells.items()} for row in table.rows]
    return schema.checked(pd.DataFrame(cells, columns=list(table.columns), dtype="string"))
