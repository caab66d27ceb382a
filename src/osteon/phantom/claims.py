"""Diagnoses of a synthetic patient as claims have them, and vital status: the truth among noise.

Beside the index fracture and a subsequent one there is what rules have to tell apart: the index
fracture coded again, aftercare, fractures from high energy, fractures before the index date, other
diseases; and a few patients whose dates cannot be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from osteon.core.geometry import Laterality
from osteon.phantom.outcomes import DAYS_PER_YEAR, Outcome
from osteon.phantom.refracture_settings import CohortSite, RefractureSettings

__all__ = ["FAULTS", "Claims", "draw_claims"]

FAULTS = (
    "death_before_index",
    "negative_follow_up",
    "no_follow_up",
    "index_dates_differ",
    "event_after_death",
    "contact_after_death",
)
"""What can be wrong with a patient's dates; the last two leave the patient in the cohort."""

_SITES = ("hip", "vertebra", "humerus", "forearm", "pelvis")
_SITE_CHANCE = (0.40, 0.25, 0.14, 0.14, 0.07)
_WHO = {"hip": "S72.0", "vertebra": "S32.0", "humerus": "S42.2", "forearm": "S52.5",
        "pelvis": "S32.5"}  # fmt: skip
_CM = {"hip": "S72.14{side}", "vertebra": "S32.010", "humerus": "S42.21{side}",
       "forearm": "S52.53{side}", "pelvis": "S32.51{side}"}  # fmt: skip
_OTHER = ("I10", "E11.9", "J18.9", "N18.3", "F03", "Z96.6")


@dataclass(frozen=True, slots=True)
class Claims:
    """One patient's records.

    Parameters
    ----------
    events
        Rows of the table of events; ``laterality`` where the coding system does not tell it.
    vital
        Row of the vital status, or ``None`` where there is none.
    imaging_dates
        Dates of hip CTs for a fracture: the index date, and another where two differ.
    fault
        One of :data:`FAULTS`, or ``None``.
    """

    events: tuple[Mapping[str, Any], ...]
    vital: Mapping[str, Any] | None
    imaging_dates: tuple[date, ...]
    fault: str | None


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes codes as the site's coding system has them."""

    coding: str

    def fracture(
        self, where: str, side: Laterality, day: date, encounter: str = "A"
    ) -> Mapping[str, Any]:
        if self.coding == "icd10":
            told = None if where == "vertebra" else side.value
            return _row(day, self.coding, _WHO[where], told)
        code = _CM[where].format(side=1 if side is Laterality.RIGHT else 2)
        return _row(day, self.coding, f"{code}{encounter}", None)

    def high_energy(self, day: date) -> Mapping[str, Any]:
        return _row(day, self.coding, "V43.5" if self.coding == "icd10" else "V43.52XA", None)

    def aftercare(self, side: Laterality, day: date) -> Mapping[str, Any]:
        if self.coding == "icd10":
            return _row(day, self.coding, "Z47.8", None)
        return self.fracture("hip", side, day, "D")


def _row(day: date, system: str, code: str, side: str | None) -> Mapping[str, Any]:
    return {"event_date": day.isoformat(), "system": system, "code": code, "laterality": side}


def draw_claims(
    outcome: Outcome,
    has_prior_fracture: bool,
    site: CohortSite,
    settings: RefractureSettings,
    rng: np.random.Generator,
) -> Claims:
    """Write down what happened to a patient, and what else there is.

    Parameters
    ----------
    outcome
        What happens.
    has_prior_fracture
        Whether the history has an earlier fracture, which is then coded before the index date.
    site, settings
        How it is coded, and how much noise there is.
    rng
        Draws sites, repeats, accidents and faults.
    """
    write = _Writer(site.coding)
    fault = None
    is_faulty, which = rng.random(), int(rng.integers(len(FAULTS)))
    if is_faulty < settings.faulty_share:
        fault = FAULTS[which]
    rows = [write.fracture("hip", outcome.index_side, outcome.index_date)]
    if has_prior_fracture:
        before = outcome.day(-int(rng.integers(120, 3000)))
        rows.append(write.fracture(_other_site(rng), Laterality.LEFT, before))
    rows += _repeats(write, outcome, settings, rng)
    if outcome.fracture_day <= outcome.last_seen_day:
        where = str(rng.choice(_SITES, p=_SITE_CHANCE))
        rows.append(
            write.fracture(where, outcome.index_side.other, outcome.day(outcome.fracture_day))
        )
    rows += _accidents(write, outcome, settings, rng)
    for _ in range(int(rng.integers(0, 4))):
        day = outcome.day(int(rng.integers(-400, outcome.last_seen_day + 1)))
        rows.append(_row(day, site.coding, str(rng.choice(_OTHER)), None))
    return _with_fault(write, outcome, rows, fault, rng)


def _other_site(rng: np.random.Generator) -> str:
    return str(rng.choice(_SITES[1:]))


def _repeats(
    write: _Writer, outcome: Outcome, settings: RefractureSettings, rng: np.random.Generator
) -> Iterator[Mapping[str, Any]]:
    """Aftercare, and the index fracture coded as if it were new: same bone, same side."""
    days = (int(rng.integers(1, 30)), int(rng.integers(35, 170)), int(rng.integers(40, 300)))
    chance = rng.random(3)
    if chance[0] < 2 * settings.repeat_share and days[0] <= outcome.last_seen_day:
        yield write.fracture("hip", outcome.index_side, outcome.day(days[0]))
    if chance[1] < settings.repeat_share and days[1] <= outcome.last_seen_day:
        yield write.fracture("hip", outcome.index_side, outcome.day(days[1]))
    if chance[2] < 0.6 and days[2] <= outcome.last_seen_day:
        yield write.aftercare(outcome.index_side, outcome.day(days[2]))


def _accidents(
    write: _Writer, outcome: Outcome, settings: RefractureSettings, rng: np.random.Generator
) -> Iterator[Mapping[str, Any]]:
    rate = settings.trauma_per_year
    days = DAYS_PER_YEAR * rng.exponential() / rate if rate > 0 else np.inf
    where = _other_site(rng)
    if days <= outcome.last_seen_day:
        day = outcome.day(int(days))
        yield write.fracture(where, outcome.index_side.other, day)
        yield write.high_energy(day)


def _with_fault(
    write: _Writer,
    outcome: Outcome,
    rows: list[Mapping[str, Any]],
    fault: str | None,
    rng: np.random.Generator,
) -> Claims:
    is_dead = outcome.death_day == outcome.last_seen_day
    last, death = outcome.day(outcome.last_seen_day), None
    if is_dead:
        death = last
    imaging = [outcome.index_date]
    shift = int(rng.integers(40, 400))
    if fault == "death_before_index":
        death = last = outcome.day(-shift)
    elif fault == "negative_follow_up":
        death, last = None, outcome.day(-shift)
    elif fault == "index_dates_differ":
        other = outcome.day(shift)
        imaging.append(other)
        rows = [*rows, write.fracture("hip", outcome.index_side.other, other)]
    elif fault == "event_after_death" and death is not None:
        late = outcome.day(outcome.death_day + shift)
        rows = [*rows, write.fracture("humerus", outcome.index_side, late)]
    elif fault == "contact_after_death" and death is not None:
        last = outcome.day(outcome.death_day + shift)
    vital = {
        "last_contact_date": last.isoformat(),
        "death_date": None if death is None else death.isoformat(),
    }
    if fault in ("event_after_death", "contact_after_death") and not is_dead:
        fault = None
    return Claims(tuple(rows), None if fault == "no_follow_up" else vital, tuple(imaging), fault)
