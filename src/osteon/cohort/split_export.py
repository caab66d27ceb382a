"""A split in the form other programs read."""

from pathlib import Path
from typing import Literal

import pandas as pd

from osteon.core.files import write_json
from osteon.errors import TableError

__all__ = ["SplitUnit", "nnunet_splits", "write_nnunet_splits"]

SplitUnit = Literal["case", "image", "patient"]
_COLUMNS = {"case": "case_id", "image": "sop_instance_uid", "patient": "patient_id"}


def nnunet_splits(
    splits: pd.DataFrame, cases: pd.DataFrame, unit: SplitUnit = "image"
) -> list[dict[str, list[str]]]:
    """Give the folds as nnU-Net's ``splits_final.json`` has them.

    Parameters
    ----------
    splits, cases
        Tables of splits and cases.
    unit
        What an identifier names: a case, an image or a patient.

    Returns
    -------
    One mapping for each fold: ``train`` the identifiers of the training subset, ``val`` those of
    the tuning subset, or of the internal test where nothing tunes. Test patients are in neither.
    """
    result = []
    for _, own in splits.groupby("fold", sort=True):
        subset_of = dict(zip(own["patient_id"], own["subset"], strict=True))
        subset = cases["patient_id"].map(subset_of)
        held = "tuning" if (own["subset"] == "tuning").any() else "internal_test"
        fold = {
            name: sorted(cases.loc[subset == wanted, _COLUMNS[unit]].astype(str).unique())
            for name, wanted in (("train", "training"), ("val", held))
        }
        if not fold["train"] or not fold["val"]:
            raise TableError("a fold has no training or no tuning case: nnU-Net would fail")
        result.append(fold)
    return result


def write_nnunet_splits(
    splits: pd.DataFrame, cases: pd.DataFrame, path: Path, unit: SplitUnit = "image"
) -> None:
    """Write ``splits_final.json``."""
    write_json(path, nnunet_splits(splits, cases, unit))
