"""Follow-up: from the index date to a subsequent fracture, death, loss or the end of the study.

Death competes and is a cause of its own. Patients whose dates cannot be are left out with a
reason; what is doubtful but usable is counted by :mod:`osteon.cohort.follow_up_checks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import pandas as pd
from pydantic import Field

from osteon.cohort.events import event_day
from osteon.cohort.fracture_definition import FractureDefinition, judge_fractures, load_definition
from osteon.cohort.index_date import STAGE, IndexRule, find_index_dates
from osteon.cohort.linkage import IdRule
from osteon.core.records import Exclusion
from osteon.core.schemas import CENSORED, DEATH, FOLLOW_UP, SUBSEQUENT_FRACTURE
from osteon.core.settings import Settings
from osteon.core.tables import rows_of
from osteon.errors import TableError

__all__ = ["EXCLUSION_REASONS", "FollowUp", "FollowUpSettings", "build_follow_up"]

EXCLUSION_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no_imaging_date": "None of the imaging has a date",
        "no_index_fracture": "No index fracture is coded near the imaging",
        "index_dates_differ": "Two index fractures with imaging",
        "no_follow_up": "Nothing is known after the index date",
        "death_before_index": "Death is dated before the index date",
        "negative_follow_up": "Last contact is before the index date",
        "index_after_end_of_study": "The index date is not before the end of the study",
        "event_before_index": "A fracture that counts in the lookback before the index date",
        "event_before_entry": "A fracture that counts before the start of observation",
        "no_time_at_risk": "Observation starts when it ends, or later",
    }
)
"""Why a patient is not followed, in the order in which it is asked."""


class FollowUpSettings(Settings):
    """How follow-up is made.

    Parameters
    ----------
    ids
        How ids of events and vital status are written before they are compared.
    index
        How the index date is found.
    definition
        Name of a definition of the outcome, a YAML file of one, or the definition itself.
    end_of_study
        Nothing after this day is looked at; ``None`` for no such day.
    lookback_days
        Patients with a fracture of the definition so many days before the index date are left out,
        other than the index fracture; 0 leaves out nobody.
    as_of
        Day the tables were taken; later dates are faults. ``None`` for the day of the call.
    dated_covariates
        Clinical columns, each with the column of its date: values of after the index date are not
        known at it.
    """

    ids: IdRule = IdRule()
    index: IndexRule = IndexRule()
    definition: str | FractureDefinition = "subsequent_fragility_fracture"
    end_of_study: date | None = None
    lookback_days: int = Field(0, ge=0)
    as_of: date | None = None
    dated_covariates: Mapping[str, str] = Field(default_factory=dict)

    @property
    def outcome(self) -> FractureDefinition:
        """The definition, loaded."""
        if isinstance(self.definition, FractureDefinition):
            return self.definition
        return load_definition(self.definition)


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """What was found.

    Parameters
    ----------
    table
        Table :data:`osteon.core.schemas.FOLLOW_UP`; beside it ``site``, ``code`` of the fracture
        and ``laterality`` of the index fracture.
    index
        Table :data:`osteon.core.schemas.INDEX_DATES`.
    fractures
        Table :data:`osteon.core.schemas.FRACTURE_EVENTS`, of every patient with an index date.
    exclusions
        Patients left out: the reasons of :data:`EXCLUSION_REASONS`.
    """

    table: pd.DataFrame
    index: pd.DataFrame
    fractures: pd.DataFrame
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class _Vital:
    last_contact: date | None
    death: date | None
    observed_from: date | None


class _NotFollowed(Exception):
    """Why a patient is left out: a reason and a sentence."""


def build_follow_up(
    imaging: pd.DataFrame, events: pd.DataFrame, vital: pd.DataFrame, settings: FollowUpSettings
) -> FollowUp:
    """Follow every imaged patient.

    Parameters
    ----------
    imaging
        Table :data:`osteon.core.schemas.IMAGING`, or of volumes.
    events
        Table :data:`osteon.core.schemas.EVENTS`; ``laterality`` is read where there is one.
    vital
        Table :data:`osteon.core.schemas.VITAL_STATUS`; ``observed_from`` is read where there is
        one: the day a patient came under observation, which makes late entries.
    settings
        How.

    Returns
    -------
    FollowUp
        Every imaged patient is in the table or among the exclusions.

    Raises
    ------
    TableError
        If a day is none, or a patient has two rows of vital status.
    """
    found = find_index_dates(imaging, events, settings.outcome, settings.index, settings.ids)
    fractures = judge_fractures(found.table, events, settings.outcome, settings.ids)
    by_patient = dict(iter(fractures.groupby("patient_id")))
    known = _vital_status(vital, settings.ids)
    rows, exclusions = [], list(found.exclusions)
    for item in rows_of(found.table):
        patient = item["patient_id"]
        own = by_patient.get(patient, fractures.iloc[:0])
        try:
            rows.append(_followed(item, own, known.get(patient), settings))
        except _NotFollowed as why:
            exclusions.append(Exclusion("patient", patient, STAGE, *why.args))
    columns = [*FOLLOW_UP.names, "site", "code", "laterality"]
    table = FOLLOW_UP.checked(pd.DataFrame(rows, columns=columns))
    for name in columns[len(FOLLOW_UP.names) :]:
        table[name] = table[name].astype("string")
    return FollowUp(table, found.table, fractures, tuple(exclusions))


def _vital_status(vital: pd.DataFrame, ids: IdRule) -> dict[str, _Vital]:
    known: dict[str, _Vital] = {}
    for row in rows_of(vital):
        patient = ids.written(str(row["patient_id"]))
        if patient in known:
            raise TableError(
                f"vital status: patient {patient} has two rows",
                remedy="keep the row with the latest contact",
            )
        known[patient] = _Vital(
            _day_or_none(row["last_contact_date"]),
            _day_or_none(row["death_date"]),
            _day_or_none(row.get("observed_from")),
        )
    return known


def _day_or_none(value: Any) -> date | None:
    return None if value is None or pd.isna(value) or value == "" else event_day(value)


def _followed(
    item: Mapping[str, Any],
    fractures: pd.DataFrame,
    vital: _Vital | None,
    settings: FollowUpSettings,
) -> dict[str, Any]:
    start = event_day(item["index_date"])
    _refuse_prevalent(start, fractures, settings)
    end, reason = _observed_until(start, vital, settings)
    assert vital is not None  # _observed_until refuses patients without vital status
    entry = 0 if vital.observed_from is None else max(0, (vital.observed_from - start).days)
    counted = fractures[fractures["verdict"] == "counts"]
    earliest = counted.sort_values(["days", "site"], kind="stable").head(1)
    first = rows_of(earliest)
    if first and first[0]["days"] <= entry and entry > 0:
        raise _NotFollowed(
            "event_before_entry",
            f"{first[0]['code']} on {first[0]['event_date']}, observed from {vital.observed_from}",
        )
    fracture = first[0] if first and first[0]["days"] <= (end - start).days else None
    if fracture is not None:
        end, reason = event_day(fracture["event_date"]), "subsequent_fracture"
    if (end - start).days <= entry:
        code = "no_time_at_risk" if entry else "no_follow_up"
        raise _NotFollowed(code, f"observation ends on {end}, {(end - start).days} days after")
    causes = {"subsequent_fracture": SUBSEQUENT_FRACTURE, "death": DEATH}
    return {
        "patient_id": item["patient_id"],
        "index_date": start.isoformat(),
        "entry_days": entry,
        "time_days": (end - start).days,
        "cause": causes.get(reason, CENSORED),
        "end_reason": reason,
        "end_date": end.isoformat(),
        "site": None if fracture is None else fracture["site"],
        "code": None if fracture is None else fracture["code"],
        "laterality": item["laterality"],
    }


def _refuse_prevalent(start: date, fractures: pd.DataFrame, settings: FollowUpSettings) -> None:
    """Leave out who had a fracture of the definition in the lookback, the index fracture apart."""
    nearest = -settings.index.days_before
    early = fractures[
        (fractures["days"] < nearest) & (fractures["days"] >= -settings.lookback_days)
    ]
    if len(early):
        last = early.sort_values("days").iloc[-1]
        raise _NotFollowed(
            "event_before_index",
            f"{last['code']} on {last['event_date']}, {-last['days']} days before {start}",
        )


def _observed_until(
    start: date, vital: _Vital | None, settings: FollowUpSettings
) -> tuple[date, str]:
    """Give the last day of observation and what ended it, fractures apart."""
    if vital is None or (vital.last_contact is None and vital.death is None):
        raise _NotFollowed("no_follow_up", "no contact and no death is known")
    if vital.death is not None and vital.death < start:
        raise _NotFollowed("death_before_index", f"died on {vital.death}, index date {start}")
    last = vital.death or vital.last_contact
    assert last is not None
    if last < start:
        raise _NotFollowed("negative_follow_up", f"last contact on {last}, index date {start}")
    stop = settings.end_of_study
    if stop is not None and stop <= start:
        raise _NotFollowed("index_after_end_of_study", f"index date {start}, study ends {stop}")
    if stop is not None and last >= stop and vital.death != stop:
        return stop, "end_of_study"
    return last, "death" if vital.death is not None else "lost"
