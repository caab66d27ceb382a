"""Which patients a training may see: those of the training and the tuning subset, no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.manifest import fingerprint
from osteon.core.schemas import BOX_COLUMNS, CASES, SPLITS
from osteon.errors import DataError

__all__ = [
    "PixelLoader",
    "TrainedOn",
    "cases_fingerprint",
    "is_synthetic",
    "seen_rows",
    "trained_on_hips",
    "training_cases",
]

_SEEN = ("training", "tuning")


class PixelLoader(Protocol):
    """Where prepared films come from; :class:`osteon.pixels.cache.PixelCache` is one."""

    def load(self, content_hash: str) -> tuple[NDArray[np.float32], float]:
        """Give a film in [0, 1] and the factor from stored pixels to its own."""

    def pixel_spacing_mm(self, content_hash: str) -> tuple[float, float] | None:
        """Give the stored film's spacing (rows, columns), where it tells it."""


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """What a training rests on, for its manifest: hashes, counts, whether any of it is made up."""

    inputs: Mapping[str, str]
    counts: Mapping[str, int]
    synthetic: bool


def training_cases(
    cases: pd.DataFrame, splits: pd.DataFrame, fold: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Select the training and the tuning cases of a fold; test patients are dropped here.

    Parameters
    ----------
    cases
        Table of cases.
    splits
        Table of splits.
    fold
        The fold.

    Returns
    -------
    tuple
        Training cases and tuning cases, sorted by ``case_id``.

    Raises
    ------
    TableError
        If a table does not fit its schema.
    DataError
        If a subset has no case, or a patient is in both.
    """
    return seen_rows(CASES.checked(cases), splits, fold)


def seen_rows(
    rows: pd.DataFrame, splits: pd.DataFrame, fold: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Select rows of training and of tuning patients; as :func:`training_cases`, for any table.

    ``rows`` has columns ``case_id`` and ``patient_id``.
    """
    splits = SPLITS.checked(splits)
    splits = splits[(splits["fold"] == fold) & splits["subset"].isin(_SEEN)]
    parts = []
    for subset in _SEEN:
        patients = splits.loc[splits["subset"] == subset, "patient_id"]
        part = rows[rows["patient_id"].isin(patients)].sort_values("case_id")
        if part.empty:
            raise DataError(
                f"fold {fold} has no {subset} case",
                remedy="split the cases again, or name another fold",
            )
        parts.append(part.reset_index(drop=True))
    training, tuning = parts
    shared = set(training["patient_id"]) & set(tuning["patient_id"])
    if shared:
        raise DataError(f"patient {min(shared)} is both training and tuning in fold {fold}")
    return training, tuning


def trained_on_hips(training: pd.DataFrame, tuning: pd.DataFrame) -> TrainedOn:
    """Say what a training of a detector or a classifier rests on."""
    return TrainedOn(
        {"cases": cases_fingerprint(training, tuning)},
        {"training_hips": len(training), "tuning_hips": len(tuning)},
        is_synthetic(training, tuning),
    )


def cases_fingerprint(*parts: pd.DataFrame) -> str:
    """Hash of what a training reads of its cases: films, sides, boxes and labels."""
    columns = ["case_id", "patient_id", "content_hash", "laterality", "label", *BOX_COLUMNS]
    return fingerprint([part[columns].astype(object).to_numpy().tolist() for part in parts])


def is_synthetic(*parts: pd.DataFrame) -> bool:
    """Whether any label rests on a phantom."""
    return any(bool((part["label_source"] == "phantom").any()) for part in parts)
