"""The day from which is counted: a patient's imaging together with the fracture it was made for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd
from pydantic import Field

from osteon.cohort.events import event_day, load_codes
from osteon.cohort.fracture_definition import FractureDefinition, side_of
from osteon.cohort.linkage import IdRule
from osteon.core.records import Exclusion
from osteon.core.schemas import INDEX_DATES
from osteon.core.settings import Settings

__all__ = ["IndexDates", "IndexRule", "find_index_dates"]

STAGE = "follow_up"


class IndexRule(Settings):
    """How the index date is found.

    Parameters
    ----------
    counted_from
        The day of the ``imaging``, or of the ``fracture``'s code.
    days_before, days_after
        How many days before and after the imaging the index fracture may be coded. A code after
        the imaging uses what was not known then: see the checks.
    several
        Of several imaging days with a fracture, more than ``same_episode_days`` apart: count from
        the ``first``, or ``refuse`` the patient.
    same_episode_days
        Imaging days so near to each other are of one fracture; the first counts.
    """

    counted_from: Literal["imaging", "fracture"] = "imaging"
    days_before: int = Field(30, ge=0)
    days_after: int = Field(7, ge=0)
    several: Literal["first", "refuse"] = "refuse"
    same_episode_days: int = Field(30, ge=0)


@dataclass(frozen=True, slots=True, eq=False)
class IndexDates:
    """Table :data:`INDEX_DATES`, and who has no index date.

    Exclusions: ``no_imaging_date``, ``no_index_fracture``, ``index_dates_differ``.
    """

    table: pd.DataFrame
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class _Fracture:
    day: date
    side: str | None
    code: str


def find_index_dates(
    imaging: pd.DataFrame,
    events: pd.DataFrame,
    definition: FractureDefinition,
    rule: IndexRule,
    ids: IdRule,
) -> IndexDates:
    """Find the index date of each imaged patient.

    Parameters
    ----------
    imaging
        Columns ``patient_id`` and ``study_date``, a row for each imaging: the table of volumes.
    events
        Table :data:`osteon.core.schemas.EVENTS`, with ``laterality`` where there is one.
    definition
        Names the code list of the index fracture and where codes tell the side.
    rule, ids
        How it is found, and how ids are written before they are compared.

    Raises
    ------
    TableError
        If a day is none.
    """
    fractures = _fractures(events, definition, ids)
    days: dict[str, set[date]] = {}
    for patient, day in imaging[["patient_id", "study_date"]].itertuples(index=False, name=None):
        own = days.setdefault(ids.written(str(patient)), set())
        if not pd.isna(day):
            own.add(event_day(day))
    rows, exclusions = [], []
    for patient, own in sorted(days.items()):
        found = _index_of(patient, sorted(own), fractures.get(patient, []), rule)
        if isinstance(found, Exclusion):
            exclusions.append(found)
        else:
            rows.append(found)
    frame = pd.DataFrame(rows, columns=list(INDEX_DATES.names))
    return IndexDates(INDEX_DATES.checked(frame), tuple(exclusions))


def _fractures(
    events: pd.DataFrame, definition: FractureDefinition, ids: IdRule
) -> dict[str, list[_Fracture]]:
    codes = load_codes(definition.index_codes)
    told = events["laterality"] if "laterality" in events.columns else [None] * len(events)
    found: dict[str, list[_Fracture]] = {}
    names = ["patient_id", "event_date", "system", "code"]
    for (patient, day, system, code), side in zip(
        events[names].itertuples(index=False, name=None), told, strict=True
    ):
        if codes.holds(system, code):
            where = side_of(definition, system, code, side)
            item = _Fracture(event_day(day), where, code)
            found.setdefault(ids.written(str(patient)), []).append(item)
    return found


def _index_of(
    patient: str, days: Sequence[date], fractures: Sequence[_Fracture], rule: IndexRule
) -> dict[str, object] | Exclusion:
    if not days:
        detail = "none of the imaging has a date"
        return Exclusion("patient", patient, STAGE, "no_imaging_date", detail)
    pairs = [(day, near) for day in days if (near := _nearest(day, fractures, rule)) is not None]
    if not pairs:
        detail = (
            f"no index fracture from {rule.days_before} days before to {rule.days_after} days "
            f"after {', '.join(map(str, days))}"
        )
        return Exclusion("patient", patient, STAGE, "no_index_fracture", detail)
    apart = (pairs[-1][0] - pairs[0][0]).days
    if rule.several == "refuse" and apart > rule.same_episode_days:
        detail = f"imaging with a fracture on {pairs[0][0]} and {pairs[-1][0]}, {apart} days apart"
        return Exclusion("patient", patient, STAGE, "index_dates_differ", detail)
    day, fracture = pairs[0]
    counted = day if rule.counted_from == "imaging" else fracture.day
    return {
        "patient_id": patient,
        "index_date": counted.isoformat(),
        "imaging_date": day.isoformat(),
        "fracture_date": fracture.day.isoformat(),
        "laterality": fracture.side,
        "code": fracture.code,
    }


def _nearest(day: date, fractures: Sequence[_Fracture], rule: IndexRule) -> _Fracture | None:
    """Find the code nearest to an imaging day; of two as near, the one before."""
    near = [f for f in fractures if -rule.days_before <= (f.day - day).days <= rule.days_after]
    return min(near, key=lambda f: (abs((f.day - day).days), f.day > day), default=None)
