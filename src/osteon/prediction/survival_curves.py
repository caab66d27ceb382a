"""Curves of several members as one, and as rows of the tables RISK_SCORES and SURVIVAL_CURVES.

An ensemble's event-free probability is the mean of its members', first over the seeds of a view,
then over the views, so that each view weighs the same. Probabilities are averaged, not log hazards:
a mean of probabilities is again one, whatever head and baseline a member has, and is never further
from the outcome than its members are on average (Brier score, by Jensen's inequality), while Cox
networks' log hazards have no common zero. Cumulative incidences are averaged alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.records import Estimate
from osteon.core.schemas import RISK_SCORES, SURVIVAL_CURVES

__all__ = [
    "COMBINATIONS",
    "SurvivalCurves",
    "absolute_risk",
    "curve_times",
    "model_of_views",
    "rows_of_model",
]

Floats = NDArray[np.float64]

#: Names of the models and the views they see: the ensemble and its six smaller siblings.
COMBINATIONS: dict[str, tuple[str, ...]] = {
    "ensemble": ("frontal", "lateral", "axial"),
    "frontal": ("frontal",),
    "lateral": ("lateral",),
    "axial": ("axial",),
    "frontal+lateral": ("frontal", "lateral"),
    "frontal+axial": ("frontal", "axial"),
    "lateral+axial": ("lateral", "axial"),
}


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurves:
    """What members say of n cases at m times.

    Parameters
    ----------
    times_days
        (m,), rising from 0.
    event_free, incidence
        (members, n, m): cause-specific event-free probability, and cumulative incidence with death
        competing (NaN where a member has no head for death).
    groups
        Name of each member's group, its view: groups weigh the same.
    """

    times_days: Floats
    event_free: Floats
    incidence: Floats
    groups: tuple[str, ...]

    @property
    def weights(self) -> Floats:
        """Weight of each member; they sum to 1."""
        counts = {name: self.groups.count(name) for name in self.groups}
        return np.array([1 / (counts[name] * len(counts)) for name in self.groups])

    @property
    def mean_event_free(self) -> Floats:
        """The ensemble's event-free probability, (n, m)."""
        return np.asarray(np.tensordot(self.weights, self.event_free, axes=1))

    @property
    def mean_incidence(self) -> Floats:
        """The ensemble's cumulative incidence, (n, m)."""
        return np.asarray(np.tensordot(self.weights, self.incidence, axes=1))

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """Smallest and largest event-free probability of a member, (n, m); NaN with one member.

        It shows how far members disagree. A further member would fall inside with probability
        (members - 1) / (members + 1); it says nothing of the error all members share.
        """
        if len(self.event_free) == 1:
            nothing = np.full_like(self.event_free[0], np.nan)
            return nothing, nothing
        return self.event_free.min(axis=0), self.event_free.max(axis=0)

    def risk_score(self, horizon_days: float) -> Floats:
        """Probability of an event by a horizon that is among the times, (n,); higher is worse."""
        place = int(np.flatnonzero(self.times_days == horizon_days)[0])
        return np.asarray(1 - self.mean_event_free[:, place])


def model_of_views(views: Sequence[str]) -> str:
    """Name the model that sees these views.

    Examples
    --------
    >>> model_of_views(["axial", "frontal"])
    'frontal+axial'
    """
    return next(name for name, own in COMBINATIONS.items() if set(own) == set(views))


def curve_times(cuts_days: Sequence[float], horizons_days: Sequence[float]) -> Floats:
    """List the days at which curves are told: cut points, and horizons not beyond the last."""
    within = [day for day in horizons_days if day <= cuts_days[-1]]
    return np.unique(np.asarray([*cuts_days, *within], np.float64))


def rows_of_model(
    name: str, cases: pd.DataFrame, curves: SurvivalCurves, fold: int, risk_horizon_days: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write one model's answers as rows of RISK_SCORES and SURVIVAL_CURVES.

    Parameters
    ----------
    name
        The model's.
    cases
        n rows with ``case_id``, ``patient_id`` and ``subset``, in the order of the curves.
    curves
        What it says.
    fold
        Written down.
    risk_horizon_days
        See :meth:`SurvivalCurves.risk_score`.
    """
    known = cases[["case_id", "patient_id", "subset"]].reset_index(drop=True)
    known = known.assign(fold=fold, model=name)
    scores = known.assign(risk_score=curves.risk_score(risk_horizon_days))
    times = len(curves.times_days)
    repeated = known.loc[known.index.repeat(times)].reset_index(drop=True)
    low, high = curves.interval
    rows = repeated.assign(
        time_days=np.tile(curves.times_days, len(known)),
        event_free=curves.mean_event_free.ravel(),
        event_free_low=low.ravel(),
        event_free_high=high.ravel(),
        cumulative_incidence=curves.mean_incidence.ravel(),
    )
    return RISK_SCORES.checked(scores), SURVIVAL_CURVES.checked(rows)


def absolute_risk(rows: pd.DataFrame, horizon_days: float, *, members: int) -> Estimate:
    """Read the probability of a fracture by a horizon off one case's curve.

    Parameters
    ----------
    rows
        Rows of SURVIVAL_CURVES of one case, fold and model. Between their times the event-free
        probability is taken as straight; settings' horizons are among the times.
    horizon_days
        Days from the index date.
    members
        How many networks the model averages.

    Returns
    -------
    Estimate
        1 minus the event-free probability, with the range of the members, whose level is the
        probability (members - 1) / (members + 1) that a further member falls inside. Without
        value, and with the reason, where the horizon lies beyond the curve.
    """
    method = f"range of {members} networks"
    level = (members - 1) / (members + 1) if members > 1 else 0.5
    curve = rows.sort_values("time_days")
    times = curve["time_days"].to_numpy(np.float64)
    if not 0 <= horizon_days <= times[-1]:
        ends = f"the curve ends at day {times[-1]:g}: nothing is known at day {horizon_days:g}"
        return Estimate.undefined(ends, level=level, method=method, n=members)
    columns = ("event_free", "event_free_high", "event_free_low")
    values: list[Any] = [curve[name].to_numpy(np.float64, na_value=np.nan) for name in columns]
    value, low, high = (1 - float(np.interp(horizon_days, times, part)) for part in values)
    reason = "one network: no range" if np.isnan(low) else None
    return Estimate(value, low, high, level, method, members, reason)
