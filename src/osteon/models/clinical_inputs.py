"""Clinical variables beside the picture: checked, joined, and as a network takes them."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from osteon.errors import TableError
from osteon.models.spec import SurvivalSpec

__all__ = ["clinical_values", "join_clinical"]

_REMEDY = "write categories as columns of 0 and 1"


def join_clinical(
    rows: pd.DataFrame, table: pd.DataFrame | None, spec: SurvivalSpec
) -> pd.DataFrame:
    """Join the clinical variables of a spec to rows of patients; empty where nothing is known.

    Parameters
    ----------
    rows
        With a column ``patient_id``.
    table
        One row for each patient: ``patient_id`` and numeric columns, empty where unknown;
        categories are columns of 0 and 1. ``None`` where there is none.
    spec
        Names the variables; rows come back as they are when it names none.

    Raises
    ------
    TableError
        If the table or a column is missing, a patient has two rows, or a column is no number.
    """
    if not spec.clinical:
        return rows
    wanted = ["patient_id", *spec.clinical]
    if table is None:
        raise TableError(f"the network takes {', '.join(spec.clinical)}: no clinical table")
    if missing := [name for name in wanted if name not in table.columns]:
        raise TableError(f"table of clinical variables: column {missing[0]} is missing")
    repeated = table["patient_id"].duplicated()
    if repeated.any():
        twice = table.loc[repeated, "patient_id"].iloc[0]
        raise TableError(f"table of clinical variables: patient {twice} has two rows")
    try:
        numbers = table[list(spec.clinical)].astype("Float64")
    except (TypeError, ValueError) as error:
        raise TableError(
            f"table of clinical variables: a column is no number: {error}", remedy=_REMEDY
        ) from error
    patients = table[["patient_id"]].astype("string")
    return rows.merge(pd.concat([patients, numbers], axis=1), on="patient_id", how="left")


def clinical_values(rows: pd.DataFrame, spec: SurvivalSpec) -> Tensor:
    """Give the clinical variables of a spec, float32 (n, p), NaN where missing."""
    columns = rows[list(spec.clinical)].to_numpy(np.float32, na_value=np.nan)
    return torch.tensor(columns.reshape(len(rows), -1))
