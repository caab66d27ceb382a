"""Predictions of cause-specific hazards: Breslow's baseline, and incidence when death competes.

Sources: Breslow 1972 (discussion of Cox, JRSS B 34:216); Benichou and Gail 1990 (Biometrics
46:813, absolute risk from cause-specific hazards).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from osteon.errors import DataError
from osteon.statistics.checks import Floats, finite_array, same_length
from osteon.statistics.follow_up import entry_array, follow_up_arrays

__all__ = ["StepHazard", "breslow_baseline", "incidence_with_competing"]


@dataclass(frozen=True, slots=True, eq=False)
class StepHazard:
    """A cumulative hazard that steps up at ``time`` (k,) to ``cumulative`` (k,), 0 before."""

    time: Floats
    cumulative: Floats

    def at(self, times: ArrayLike) -> Floats:
        """Cumulative hazard at times, the last value beyond the last step; same shape."""
        place = np.searchsorted(self.time, np.asarray(times, dtype=np.float64), side="right")
        return np.concatenate([[0.0], self.cumulative])[place]


def breslow_baseline(
    time: ArrayLike,
    event: ArrayLike,
    log_hazard: ArrayLike,
    *,
    entry: ArrayLike | None = None,
) -> StepHazard:
    """Estimate the baseline cumulative hazard at given log hazards (Breslow).

    Parameters
    ----------
    time, event, entry
        As in :func:`kaplan_meier`, shapes (n,).
    log_hazard
        Of every row, shape (n,): the baseline is that of a patient at 0.

    Raises
    ------
    DataError
        If there is no event.
    """
    t, status = follow_up_arrays(time, event)
    score = finite_array("log_hazard", log_hazard)
    same_length(time=t, event=status, log_hazard=score)
    if not status.any():
        raise DataError("no event: there is no baseline hazard")
    times, events = np.unique(t[status == 1], return_counts=True)
    at_risk, late = _hazard_from(t, times, np.exp(score)), entry_array(entry, t)
    if late is not None:
        at_risk = at_risk - _hazard_from(late, times, np.exp(score))
    return StepHazard(times, np.cumsum(events / at_risk))


def _hazard_from(until: Floats, times: Floats, hazard: Floats) -> Floats:
    """Sum hazards of the rows with ``until`` at or after each of some times."""
    order = np.argsort(-until, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(hazard[order])])
    return np.asarray(total[np.searchsorted(-until[order], -times, side="right")])


def incidence_with_competing(
    own: StepHazard,
    competing: StepHazard | None,
    own_log_hazard: ArrayLike,
    competing_log_hazard: ArrayLike,
    times: ArrayLike,
) -> Floats:
    """Predict the cumulative incidence of a cause when another competes.

    ``F(t) = sum over own steps u <= t of S(u-) * (1 - exp(-dH(u)))`` with S from both causes.

    Parameters
    ----------
    own, competing
        Baselines of the two causes; ``None`` when nothing competes.
    own_log_hazard, competing_log_hazard
        Of the n patients, shapes (n,).
    times
        Shape (k,).

    Returns
    -------
    ndarray
        Shape (n, k).
    """
    mine = np.exp(finite_array("own_log_hazard", own_log_hazard))
    theirs = np.exp(finite_array("competing_log_hazard", competing_log_hazard))
    same_length(own_log_hazard=mine, competing_log_hazard=theirs)
    steps = np.diff(own.cumulative, prepend=0.0)
    before = own.cumulative - steps
    # hazards just before each step: the other cause's steps at the same time come after
    other = np.zeros_like(before)
    if competing is not None:
        place = np.searchsorted(competing.time, own.time, side="left")
        other = np.concatenate([[0.0], competing.cumulative])[place]
    survival = np.exp(-np.outer(mine, before) - np.outer(theirs, other))
    gained = np.cumsum(survival * -np.expm1(-np.outer(mine, steps)), axis=1)
    place = np.searchsorted(own.time, np.asarray(times, dtype=np.float64), side="right")
    return np.hstack([np.zeros((len(mine), 1)), gained])[:, place]
