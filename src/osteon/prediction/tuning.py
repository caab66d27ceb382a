"""Tuning data as a type: thresholds, calibrators and quantiles accept nothing else."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.labels import LabelSet
from osteon.errors import DataError

__all__ = ["LOGIT_PREFIX", "PROBABILITY_PREFIX", "TuningSet"]

LOGIT_PREFIX = "logit_"
PROBABILITY_PREFIX = "probability_"


@dataclass(frozen=True, slots=True, eq=False)
class TuningSet:
    """Predictions on tuning patients, one row a case; it cannot be made from anything else.

    Parameters
    ----------
    label_set
        Classes, in the order of the columns of ``logits``.
    logits
        float64 (n, k), uncalibrated, any constant added per row.
    labels
        int64 (n,), position of the reference class.
    patient_ids
        Of shape (n,); rows of one patient are not independent.
    subsets
        Of shape (n,), where each patient is.

    Raises
    ------
    DataError
        If any row is not of a tuning patient, a value is not finite, or there is no row.
    """

    label_set: LabelSet
    logits: NDArray[np.float64]
    labels: NDArray[np.int64]
    patient_ids: NDArray[np.str_]
    subsets: NDArray[np.str_]

    def __post_init__(self) -> None:
        n = len(self.labels)
        if n == 0:
            raise DataError(
                "no tuning cases: thresholds and calibration need some",
                remedy="where the detector missed every hip, set package.box_source=manual",
            )
        if self.logits.shape != (n, len(self.label_set)):
            raise DataError(f"logits are {self.logits.shape}, wanted ({n}, {len(self.label_set)})")
        if {len(self.patient_ids), len(self.subsets)} != {n}:
            raise DataError("patients and subsets are not one for every case")
        if wrong := sorted(set(self.subsets.tolist()) - {"tuning"}):
            raise DataError(
                f"got cases of {', '.join(wrong)}, wanted tuning cases only",
                remedy="thresholds and calibration are chosen on tuning data, then frozen",
            )
        if not np.isfinite(self.logits).all():
            raise DataError("a logit of a tuning case is not finite")

    @classmethod
    def from_predictions(
        cls,
        predictions: pd.DataFrame,
        label_set: LabelSet,
        *,
        box_source: str = "manual",
        fold: int | None = None,
    ) -> "TuningSet":
        """Take the tuning rows out of a table of predictions; missed hips are left out.

        Parameters
        ----------
        predictions
            Table PREDICTIONS with a column ``logit_<class>`` for every class.
        label_set
            The classes.
        box_source
            Whose boxes: ``manual`` or ``automatic``.
        fold
            The fold, or ``None`` for the tuning patients of all folds (each predicted by the
            models that did not train on them).

        Raises
        ------
        DataError
            If there is no such row or a column is missing.
        """
        columns = [LOGIT_PREFIX + name for name in label_set.classes]
        if missing := [name for name in columns if name not in predictions.columns]:
            raise DataError(f"predictions have no column {missing[0]}")
        chosen = (predictions["subset"] == "tuning") & (predictions["box_source"] == box_source)
        chosen &= predictions[columns].notna().all(axis=1)
        if fold is not None:
            chosen &= predictions["fold"] == fold
        rows = predictions.loc[chosen.to_numpy(dtype=bool)]
        return cls(
            label_set,
            rows[columns].to_numpy(dtype=np.float64),
            np.array([label_set.index(str(name)) for name in rows["label"]], dtype=np.int64),
            rows["patient_id"].to_numpy(dtype=np.str_),
            rows["subset"].to_numpy(dtype=np.str_),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_patients(self) -> int:
        """Number of different patients."""
        return len(set(self.patient_ids.tolist()))

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """Of shape (n,): whether the reference class is a positive one."""
        return np.isin(self.labels, self.label_set.positive_indices)
