"""Outcomes dealt out at random: follow-up that no picture can tell, for a negative control."""

import numpy as np
import pandas as pd

from osteon.core.schemas import FOLLOW_UP, SPLITS

__all__ = ["deal_out_outcomes"]

_WHOSE = ("patient_id", "index_date")  # what stays; all else is the outcome


def deal_out_outcomes(
    follow_up: pd.DataFrame, splits: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Give each patient the whole outcome of another one of the same subset.

    Entry, time, cause and end go together and are drawn without replacement among the patients who
    stand in the same subset in every fold. So each subset keeps its number of fractures, intervals
    are as wide as the study's, and whatever a model has learned ranks the test patients by chance
    alone: their outcomes are dealt out too. Were only the training outcomes dealt out, a model that
    ranks by a chance direction of the pictures could be far from 0.5 in true outcomes.

    Parameters
    ----------
    follow_up, splits
        Tables FOLLOW_UP and SPLITS; patients without a subset keep their outcome.
    rng
        Deals.

    Returns
    -------
    DataFrame
        Table FOLLOW_UP, patients in the same order.
    """
    table = FOLLOW_UP.checked(follow_up).reset_index(drop=True)
    placed = SPLITS.checked(splits).sort_values(["patient_id", "fold"])
    where = placed.groupby("patient_id")["subset"].agg("/".join)
    group = table["patient_id"].map(where)
    outcome = [name for name in table.columns if name not in _WHOSE]
    dealt = table.copy()
    for rows in group.groupby(group, sort=True).indices.values():
        given = table[outcome].iloc[rng.permutation(rows)]
        dealt.loc[rows, outcome] = given.set_axis(dealt.index[rows])
    return FOLLOW_UP.checked(dealt)
