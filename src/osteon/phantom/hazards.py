"""Cause-specific hazards of synthetic patients: what of the body drives them, and the baseline.

The hazard of cause ``k`` is ``h_k(t) * exp(log hazard)``: proportional, with a baseline that is
constant between the times at which a site states its risk. The coefficients stand in
``data/refracture_hazards.yaml`` with their sources.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import brentq

from osteon.core.geometry import Laterality
from osteon.core.settings import Settings, read_settings
from osteon.phantom.clinical import Person
from osteon.phantom.femur import FemurShape

__all__ = [
    "QUANTITIES",
    "Baseline",
    "HazardModel",
    "HazardTerm",
    "baseline_for",
    "body_quantities",
    "hazard_model",
]

QUANTITIES = (
    "bmd_g_cm2",
    "cortex_mm",
    "neck_axis_mm",
    "neck_shaft_angle_deg",
    "muscle_fat_share",
    "age_years",
    "is_male",
)
"""What of a body may drive a hazard; bone is the mean of both hips."""


class HazardTerm(Settings):
    """One quantity's part: hazard ratio ``per`` so much of it from its centre."""

    quantity: str
    centre: float
    per: float
    hazard_ratio: Annotated[float, Field(gt=0.0)]
    source: str

    def log_hazard(self, value: float) -> float:
        """Give what this quantity adds to the log hazard."""
        return math.log(self.hazard_ratio) * (value - self.centre) / self.per


class HazardModel(Settings):
    """Terms of the two causes."""

    fracture: tuple[HazardTerm, ...] = Field(min_length=1)
    death: tuple[HazardTerm, ...] = Field(min_length=1)

    def log_hazard_fracture(self, body: Mapping[str, float]) -> float:
        """Log hazard of a subsequent fracture against the baseline."""
        return sum(term.log_hazard(body[term.quantity]) for term in self.fracture)

    def log_hazard_death(self, body: Mapping[str, float]) -> float:
        """Log hazard of death against the baseline."""
        return sum(term.log_hazard(body[term.quantity]) for term in self.death)


@cache
def hazard_model() -> HazardModel:
    """Read the model that comes with Osteon."""
    path = Path(__file__).parent / "data" / "refracture_hazards.yaml"
    return read_settings(HazardModel, path, "hazards")


def body_quantities(person: Person, femurs: Mapping[Laterality, FemurShape]) -> Mapping[str, float]:
    """Measure what drives the hazards, by the names of :data:`QUANTITIES`.

    ``neck_axis_mm`` is from the head's centre along the neck to the shaft's axis.
    """
    shapes = list(femurs.values())
    axis = [s.offset_mm / math.sin(math.radians(s.neck_shaft_angle_deg)) for s in shapes]
    return {
        "bmd_g_cm2": float(np.mean(person.bmd_g_cm2)),
        "cortex_mm": float(np.mean([s.cortex_mm for s in shapes])),
        "neck_axis_mm": float(np.mean(axis)),
        "neck_shaft_angle_deg": float(np.mean([s.neck_shaft_angle_deg for s in shapes])),
        "muscle_fat_share": person.muscle_fat_share,
        "age_years": float(person.age_years),
        "is_male": float(person.sex == "M"),
    }


@dataclass(frozen=True, slots=True)
class Baseline:
    """Cumulative baseline hazard, linear between knots and beyond the last.

    ``days`` ascend from 0; ``cumulative`` are the hazards by then, the first 0.
    """

    days: tuple[float, ...]
    cumulative: tuple[float, ...]

    def hazard_until(self, days: float) -> float:
        """Cumulative hazard by a day."""
        if days <= self.days[-1]:
            return float(np.interp(days, self.days, self.cumulative))
        return self.cumulative[-1] + self._last_slope() * (days - self.days[-1])

    def day_of(self, cumulative: float) -> float:
        """Day by which a cumulative hazard is reached: the inverse of :meth:`hazard_until`."""
        if cumulative <= self.cumulative[-1]:
            flat = self.cumulative.count(0.0) - 1  # the quiet days: the hazard starts at their end
            return float(np.interp(cumulative, self.cumulative[flat:], self.days[flat:]))
        return self.days[-1] + (cumulative - self.cumulative[-1]) / self._last_slope()

    def event_day(self, log_hazard: float, exposure: float) -> float:
        """Day of the event of a patient whose unit exponential draw is ``exposure``.

        A higher hazard gives an earlier day for the same draw.
        """
        return self.day_of(exposure * math.exp(-log_hazard))

    def _last_slope(self) -> float:
        (a, b), (start, end) = self.cumulative[-2:], self.days[-2:]
        return (b - a) / (end - start)


def baseline_for(
    risks: Sequence[tuple[float, float]],
    log_hazards: NDArray[np.float64],
    *,
    quiet_days: float = 0.0,
) -> Baseline:
    """Find the baseline under which a population has the stated risks.

    Parameters
    ----------
    risks
        Day and risk by then, both ascending: the mean over the population of the chance of the
        event if nothing else happened.
    log_hazards
        Of the population, float64 (n,).
    quiet_days
        The hazard is 0 until this day, which lies before the first risk's.

    Examples
    --------
    >>> found = baseline_for([(730, 0.1)], np.zeros(3))
    >>> round(1 - math.exp(-found.hazard_until(730)), 3)
    0.1
    """
    relative = np.exp(log_hazards)
    days, cumulative = ([0.0], [0.0]) if quiet_days == 0 else ([0.0, quiet_days], [0.0, 0.0])
    for day, risk in risks:

        def gap(log_cumulative: float, wanted: float = risk) -> float:
            return float(np.mean(-np.expm1(-math.exp(log_cumulative) * relative))) - wanted

        days.append(float(day))
        cumulative.append(math.exp(float(brentq(gap, -40.0, 20.0))))
    return Baseline(tuple(days), tuple(cumulative))
