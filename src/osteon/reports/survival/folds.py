"""Studies with folds: what several models say of one patient, brought together.

A patient of the hospitals that train is tested once, by the fold he was not trained or tuned in.
Scores of two folds' models have no common scale, so that ranks are compared within folds only;
risks have one, and are pooled. Patients of the outside hospitals are scored by every fold: theirs
are the mean of the folds, which is the ensemble of all networks.
"""

import pandas as pd

__all__ = ["at_common_times", "external_means"]

_OUTSIDE = "external_test"
_HOW = {"event_free_low": "min", "event_free_high": "max"}
_VALUES = ("risk_score", "event_free", "event_free_low", "event_free_high", "cumulative_incidence")


def external_means(table: pd.DataFrame) -> pd.DataFrame:
    """Average the rows of external patients over the folds; all other rows stay.

    Parameters
    ----------
    table
        Table RISK_SCORES or SURVIVAL_CURVES. Event-free probabilities, incidences and scores are
        averaged, the range over the members is that of all folds' members. Curves are told at the
        times that every fold has.

    Returns
    -------
    DataFrame
        External rows are of the first fold; a table of one fold comes back as it is.
    """
    is_outside = (table["subset"] == _OUTSIDE).to_numpy(bool)
    outside = table[is_outside]
    if outside["fold"].nunique() < 2:
        return table
    outside = at_common_times(outside) if "time_days" in table else outside
    values = [name for name in _VALUES if name in table]
    key = [name for name in table.columns if name not in ("fold", *values)]
    groups = outside.groupby(key, sort=False, as_index=False, observed=True)
    means = groups.agg({name: _HOW.get(name, "mean") for name in values})
    means["fold"] = int(outside["fold"].min())
    return pd.concat([table[~is_outside], means[list(table.columns)]], ignore_index=True)


def at_common_times(curves: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each subset and model, the times at which every fold's curves are told.

    Curves of a model that ends with its training's follow-up end at another day in each fold.
    """
    groups = curves.groupby(["subset", "model"], observed=True)
    folds = groups["fold"].transform("nunique")
    at = curves.groupby(["subset", "model", "time_days"], observed=True)
    return curves[(at["fold"].transform("nunique") == folds).to_numpy(bool)]
