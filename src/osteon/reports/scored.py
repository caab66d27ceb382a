"""One predictor on one subset, as arrays: what every measure is computed from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.labels import LabelSet
from osteon.core.schemas import PREDICTIONS
from osteon.errors import TableError
from osteon.reports.records import Series

__all__ = ["Scored", "checked_predictions"]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Cases of one subset with the probabilities one predictor gave them; arrays of length n.

    A hip that the detector missed has no probabilities. It stays in: it was not called a
    fracture and not given its class, and its scores are 0, below every other.

    Parameters
    ----------
    subset, predictor, box_source
        Which patients, which predictor (``model``, ``header`` or ``thumbnail``) and whose boxes.
    case_ids, patient_ids
        Shape (n,), text.
    labels
        Reference-standard class, shape (n,).
    probabilities
        Shape (n, classes); zeros for missed hips.
    called
        Class with the highest probability, shape (n,); -1 for missed hips.
    """

    subset: str
    predictor: str
    box_source: str
    label_set: LabelSet
    case_ids: NDArray[np.str_]
    patient_ids: NDArray[np.str_]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    called: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        predictions: pd.DataFrame,
        label_set: LabelSet,
        *,
        subset: str,
        predictor: str,
        box_source: str,
    ) -> "Scored":
        """Take the rows of one subset and box source from checked predictions.

        Raises
        ------
        TableError
            If a case occurs twice, as when several folds predicted it.
        """
        is_wanted = (predictions["subset"] == subset) & (predictions["box_source"] == box_source)
        rows = predictions[is_wanted.to_numpy(bool)].sort_values("case_id")
        if (repeated := rows["case_id"].duplicated()).any():
            raise TableError(
                f"case {rows.loc[repeated, 'case_id'].iloc[0]} is predicted by several folds",
                remedy="average its probabilities over the folds, or evaluate fold by fold",
            )
        names = [f"probability_{name}" for name in label_set.classes]
        values = rows[names].to_numpy(np.float64, na_value=np.nan)
        missed = np.isnan(values).any(axis=1)
        probabilities = np.where(missed[:, None], 0.0, values)
        return cls(
            subset,
            predictor,
            box_source,
            label_set,
            rows["case_id"].to_numpy(np.str_),
            rows["patient_id"].to_numpy(np.str_),
            np.array([label_set.index(str(name)) for name in rows["label"]], np.int64),
            probabilities,
            np.where(missed, -1, probabilities.argmax(axis=1)).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def series(self) -> Series:
        """Which predictor on which patients."""
        return Series(self.subset, self.predictor, self.box_source)

    @property
    def is_missed(self) -> NDArray[np.bool_]:
        """Hips without a box, shape (n,)."""
        return self.called < 0

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """Reference standard of the binary question, shape (n,)."""
        return np.isin(self.labels, self.label_set.positive_indices)

    @property
    def positive_score(self) -> NDArray[np.float64]:
        """Summed probability of the positive classes, shape (n,)."""
        chosen = self.probabilities[:, list(self.label_set.positive_indices)]
        return np.asarray(chosen.sum(axis=1))

    def is_class(self, name: str) -> NDArray[np.bool_]:
        """Whether the reference standard is this class, shape (n,)."""
        return np.asarray(self.labels == self.label_set.index(name))

    def score(self, name: str) -> NDArray[np.float64]:
        """Probability of a class, or of the positive group for ``"positive"``; shape (n,)."""
        if name == "positive":
            return self.positive_score
        return self.probabilities[:, self.label_set.index(name)]

    def reference(self, name: str) -> NDArray[np.bool_]:
        """Give the reference standard that goes with :meth:`score`, shape (n,)."""
        return self.is_positive if name == "positive" else self.is_class(name)

    def where(self, chosen: NDArray[np.bool_]) -> "Scored":
        """Keep some of the cases."""
        return Scored(
            self.subset,
            self.predictor,
            self.box_source,
            self.label_set,
            self.case_ids[chosen],
            self.patient_ids[chosen],
            self.labels[chosen],
            self.probabilities[chosen],
            self.called[chosen],
        )


def checked_predictions(predictions: pd.DataFrame, label_set: LabelSet) -> pd.DataFrame:
    """Check a table of predictions against its schema and label set.

    Raises
    ------
    TableError
        If a probability column is missing, a label is unknown, probabilities do not sum to one,
        or a hip has some of its probabilities only.
    """
    frame = PREDICTIONS.checked(predictions)
    names = [f"probability_{name}" for name in label_set.classes]
    if missing := [name for name in names if name not in frame.columns]:
        raise TableError(f"table predictions: column {missing[0]} is missing")
    if unknown := set(frame["label"].unique()) - set(label_set.classes):
        raise TableError(f"table predictions: label {sorted(unknown)[0]!r} is not in the label set")
    values = frame[names].to_numpy(np.float64, na_value=np.nan)
    gaps = np.isnan(values)
    partial = gaps.any(axis=1) & ~gaps.all(axis=1)
    if partial.any():
        case = frame.loc[partial, "case_id"].iloc[0]
        raise TableError(f"table predictions: case {case} has some of its probabilities only")
    wrong = ~gaps.any(axis=1) & (np.abs(values.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        case = frame.loc[wrong, "case_id"].iloc[0]
        raise TableError(f"table predictions: probabilities of case {case} do not sum to 1")
    return frame
