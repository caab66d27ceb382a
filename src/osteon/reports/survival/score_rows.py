"""Scores of one subset, a column for each model, beside what became of the patients."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.core.schemas import FOLLOW_UP, SUBSEQUENT_FRACTURE
from osteon.reports.survival.folds import external_means
from osteon.statistics.concordance import concordance_index_harrell

__all__ = ["ScoreRows", "flat", "score_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRows:
    """Patients scored by every model.

    Parameters
    ----------
    wide
        Scores, a row for each patient and a column for each model; higher is worse.
    time_days, event, entry_days
        Follow-up, shapes (n,); death ends it as if censored.
    stratum
        The fold that scored each patient, (n,): ranks compare within it. ``None`` for one fold.
    """

    wide: pd.DataFrame
    time_days: NDArray[np.float64]
    event: NDArray[np.int64]
    entry_days: NDArray[np.float64]
    stratum: NDArray[np.intp] | None

    def concordance(self, model: str, level: float) -> Estimate:
        """Harrell's C of one of the models with its interval."""
        score = self.wide[model].to_numpy(np.float64)
        return concordance_index_harrell(
            self.time_days, self.event, score, entry=self.entry_days, stratum=self.stratum,
            level=level,
        )  # fmt: skip


def score_rows(scores: pd.DataFrame, follow_up: pd.DataFrame) -> ScoreRows:
    """Lay the scores of one subset beside follow-up; patients that a model lacks are left out.

    Parameters
    ----------
    scores
        Rows of RISK_SCORES of one subset; external ones of several folds are averaged.
    follow_up
        Table FOLLOW_UP.
    """
    pooled = external_means(scores)
    wide = pooled.pivot_table(
        index=["patient_id", "fold"], columns="model", values="risk_score"
    ).dropna()
    patients = wide.index.get_level_values("patient_id")
    folds = wide.index.get_level_values("fold").to_numpy(np.intp)
    known = FOLLOW_UP.checked(follow_up).set_index("patient_id").loc[patients]
    return ScoreRows(
        wide,
        known["time_days"].to_numpy(np.float64),
        np.asarray(known["cause"] == SUBSEQUENT_FRACTURE, dtype=np.int64),
        known["entry_days"].to_numpy(np.float64),
        folds if np.unique(folds).size > 1 else None,
    )


def flat(name: str, estimate: Estimate) -> dict[str, float]:
    """Write an estimate as the columns of a table."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
