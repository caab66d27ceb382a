"""Curves over time: fracture-free probability, cumulative incidence, and what joins the two."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.errors import TableError
from osteon.prediction.survival_curves import SurvivalCurves

__all__ = ["RiskCurves"]

Floats = NDArray[np.float64]
_SLACK = 1e-6  # float32 networks
_LEAST = 1e-9  # a curve that reaches 0 has no logarithm


@dataclass(frozen=True, slots=True, eq=False)
class RiskCurves:
    """Curves of some cases over common times; linear between times.

    Parameters
    ----------
    time_days
        Rising from 0, shape (k,).
    event_free
        Cause-specific probability of no fracture by then, in [0, 1], falling; (n, k).
    incidence
        Probability of a fracture with death competing, rising; (n, k); ``None`` where the model
        does not know of death.
    low, high
        Limits of ``event_free`` over the ensemble's members; (n, k), or ``None``.
    """

    time_days: Floats
    event_free: Floats
    incidence: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        case_ids: NDArray[np.str_],
        model: str,
        folds: NDArray[np.intp] | None = None,
    ) -> "RiskCurves":
        """Take the curves of these cases out of the rows of one model and subset.

        ``folds`` says which fold's curve of a case is meant; ``None`` where each has one.

        Raises
        ------
        TableError
            If a case has no curve or other times than the rest, or a curve is not one.
        """
        key: str | list[str] = "case_id" if folds is None else ["case_id", "fold"]
        wanted = case_ids if folds is None else pd.MultiIndex.from_arrays([case_ids, folds])
        found = {
            name: rows.pivot(index=key, columns="time_days", values=name)
            .reindex(wanted)
            .to_numpy(np.float64, na_value=np.nan)
            for name in ("event_free", "cumulative_incidence", "event_free_low", "event_free_high")
        }
        times = np.sort(rows["time_days"].unique()).astype(np.float64)
        free = found["event_free"]
        if (gaps := np.isnan(free).any(axis=1)).any():
            raise TableError(
                f"survival curves of {model}: case {case_ids[gaps][0]} has not a value at each of"
                f" the {times.size} times"
            )
        if times[0] != 0:
            raise TableError(f"survival curves of {model}: the first time is {times[0]}, wanted 0")
        _require_falling(free, case_ids, model)
        low, high = (_whole(found[f"event_free_{name}"]) for name in ("low", "high"))
        incidence = _whole(found["cumulative_incidence"])
        if incidence is not None:
            _require_falling(1 - incidence, case_ids, model)
        return cls(times, free, incidence, low, high)

    @classmethod
    def of_members(cls, curves: SurvivalCurves) -> "RiskCurves":
        """Take the curves of an ensemble."""
        low, high = (_whole(limit) for limit in curves.interval)
        incidence = _whole(curves.mean_incidence)
        return cls(curves.times_days, curves.mean_event_free, incidence, low, high)

    def risk(self, horizon_days: float) -> Floats:
        """Risk by a horizon, (n,): cumulative incidence, or 1 - event-free where there is none."""
        return np.clip(self._at(self._risks(), horizon_days), 0.0, 1.0)

    def free(self, horizon_days: float) -> Floats:
        """Cause-specific fracture-free probability at a horizon, (n,)."""
        return self._at(self.event_free, horizon_days)

    def cumulative_hazard(self, times_days: Floats) -> Floats:
        """Cause-specific cumulative hazard of case i at ``times_days[i]``, (n,)."""
        free = [
            np.interp(time, self.time_days, row)
            for time, row in zip(times_days, self.event_free, strict=True)
        ]
        return np.asarray(-np.log(np.maximum(free, _LEAST)))

    def log_hazard(self, until_days: float) -> Floats:
        """Log of the cause-specific cumulative hazard to a time, or to the curves' end; (n,)."""
        at = min(until_days, float(self.time_days[-1]))
        hazard = self.cumulative_hazard(np.full(len(self.event_free), at))
        return np.log(np.maximum(hazard, _LEAST))

    def mean_risks(self) -> Floats:
        """Mean risk over the cases at every time, (k,)."""
        return np.asarray(self._risks().mean(axis=0))

    def scaled(self, factor: Floats) -> "RiskCurves":
        """Multiply each case's cumulative hazard; the chance of dying in between stays.

        ``factor`` has shape (n,). Limits go with the hazard.
        """
        power = factor[:, None]

        def changed(values: Floats | None) -> Floats | None:
            return None if values is None else np.asarray(values**power)

        free = np.asarray(self.event_free**power)
        return replace(
            self,
            event_free=free,
            incidence=None if self.incidence is None else self.incidence_with(free),
            low=changed(self.low),
            high=changed(self.high),
        )

    def incidence_with(self, event_free: Floats) -> Floats:
        """Cumulative incidence if the cause-specific curve were another, (n, k).

        The chance of being alive is read off the two curves there are: between two times the
        incidence rises by (alive and fracture-free before) x (hazard between). Where no hazard is
        between two times the last chance is kept.
        """
        if self.incidence is None:
            return np.asarray(1 - event_free)
        alive = np.ones(len(event_free))
        result = np.zeros_like(event_free)
        first = np.maximum(1 - self.event_free[:, 0], _LEAST)
        result[:, 0] = self.incidence[:, 0] * (1 - event_free[:, 0]) / first
        for k in range(1, self.time_days.size):
            before, after = self.event_free[:, k - 1], self.event_free[:, k]
            lost = before - after
            rise = self.incidence[:, k] - self.incidence[:, k - 1]
            ratio = np.divide(rise, lost, out=alive.copy(), where=lost > _LEAST)
            alive = np.clip(ratio, 0.0, 1.0)
            result[:, k] = result[:, k - 1] + alive * (event_free[:, k - 1] - event_free[:, k])
        return result

    def where(self, chosen: NDArray[np.bool_]) -> "RiskCurves":
        """Keep some of the cases."""
        return replace(
            self,
            event_free=self.event_free[chosen],
            incidence=None if self.incidence is None else self.incidence[chosen],
            low=None if self.low is None else self.low[chosen],
            high=None if self.high is None else self.high[chosen],
        )

    def _risks(self) -> Floats:
        return 1 - self.event_free if self.incidence is None else self.incidence

    def _at(self, values: Floats, horizon_days: float) -> Floats:
        return np.array([np.interp(horizon_days, self.time_days, row) for row in values])


def _whole(values: Floats) -> Floats | None:
    return None if np.isnan(values).any() else values


def _require_falling(values: Floats, case_ids: NDArray[np.str_], model: str) -> None:
    outside = ((values < -_SLACK) | (values > 1 + _SLACK)).any(axis=1)
    rising = (np.diff(values, axis=1) > _SLACK).any(axis=1)
    for wrong, words in ((outside, "leaves [0, 1]"), (rising, "rises where it has to fall")):
        if wrong.any():
            raise TableError(
                f"survival curves of {model}: that of case {case_ids[wrong][0]} {words}",
                remedy="event_free falls from at most 1, cumulative_incidence rises from 0",
            )
