"""First events after an index date, from tables of diagnoses and procedures; code lists as data.

Claims hold a fracture many times: when it happened, at each visit after, as history. So an event
counts from some days after the index date, not before, and patients with one in the lookback
are left out where the first event of their life is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from osteon.cohort.linkage import IdRule
from osteon.core.records import Exclusion
from osteon.core.schemas import FIRST_EVENTS
from osteon.core.settings import Settings, read_named
from osteon.errors import TableError

__all__ = ["CodeList", "EventRule", "FirstEvents", "bare_code", "code_lists", "event_day",
           "first_events", "load_codes"]  # fmt: skip

_FOLDER = Path(__file__).parent / "code_lists"
_STAGE = "events"


class _Codes(Settings):
    prefixes: tuple[str, ...] = Field(min_length=1)
    unless: tuple[str, ...] = ()
    seventh_characters: tuple[str, ...] = ()
    source: str = ""


class CodeList(Settings):
    """Codes of one condition or operation, by coding system.

    Parameters
    ----------
    name
        What the codes stand for.
    systems
        By system: ``prefixes`` any of which a code begins with, ``unless`` it begins with one of
        these, ``seventh_characters`` allowed where a code has seven characters (ICD-10-CM),
        ``source`` what the codes were checked against, and what of them was not.
    """

    name: str
    systems: Mapping[str, _Codes]

    def holds(self, system: str, code: str) -> bool:
        """Whether a code is in the list; dots, spaces and case do not count.

        Examples
        --------
        >>> load_codes("hip_fracture").holds("icd10cm", "s72.001A")
        True
        >>> load_codes("hip_fracture").holds("icd10cm", "S72.001D")
        False
        """
        codes = self.systems.get(system.casefold())
        if codes is None:
            return False
        written = bare_code(code)
        if not written.startswith(tuple(map(bare_code, codes.prefixes))):
            return False
        if codes.unless and written.startswith(tuple(map(bare_code, codes.unless))):
            return False
        is_long = bool(codes.seventh_characters) and len(written) == 7
        return not is_long or written[6] in codes.seventh_characters


class EventRule(Settings):
    """Which events count.

    Parameters
    ----------
    ids
        How ids are written before they are compared.
    from_days, to_days
        First and last day after the index date on which an event counts; ``to_days`` ``None`` for
        no end.
    lookback_days
        Patients with an event on so many days before the index date (the day itself and those up
        to ``from_days`` do not count as before) are left out; 0 leaves out nobody.
    """

    ids: IdRule = IdRule()
    from_days: int = Field(1, ge=0)
    to_days: int | None = Field(None, ge=0)
    lookback_days: int = Field(0, ge=0)


@dataclass(frozen=True, slots=True, eq=False)
class FirstEvents:
    """First events, patients left out, and events that are of nobody.

    Parameters
    ----------
    table
        Table :data:`osteon.core.schemas.FIRST_EVENTS`, every index patient who stayed.
    exclusions
        Patients left out: ``event_in_lookback``, ``index_dates_differ``.
    events_counted, events_of_others
        Events with a code of the list, and those among them whose patient has no index date.
    unknown_systems
        Rows by coding system that the list does not know.
    """

    table: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    events_counted: int
    events_of_others: int
    unknown_systems: Mapping[str, int]


def code_lists() -> list[str]:
    """Names of the code lists that come with Osteon."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_codes(name: str) -> CodeList:
    """Load a code list by its name, or from a YAML file of the same shape.

    Raises
    ------
    SettingsError
        If there is no such list or file, or it does not have the shape.
    """
    return read_named(CodeList, name, _FOLDER, "code list")


def first_events(
    index: pd.DataFrame, events: pd.DataFrame, codes: CodeList, rule: EventRule
) -> FirstEvents:
    """Find the first event of each patient after the index date.

    Of several events on one day the first in the table counts. Time without an event is not
    follow-up: how long a patient was observed has to come from elsewhere.

    Parameters
    ----------
    index
        Columns ``patient_id``, ``index_date``.
    events
        Table :data:`osteon.core.schemas.EVENTS`.
    codes
        What counts as an event.
    rule
        When it counts.

    Raises
    ------
    TableError
        If a day is none.
    """
    systems = events["system"].str.casefold()
    unknown = systems[~systems.isin(set(codes.systems))].value_counts().to_dict()
    by_patient: dict[str, list[tuple[date, str, str]]] = {}
    counted = 0
    columns = ["patient_id", "event_date", "system", "code"]
    for patient, day, system, code in events[columns].itertuples(index=False, name=None):
        if codes.holds(system, code):
            counted += 1
            found = (event_day(day), str(system), str(code))
            by_patient.setdefault(rule.ids.written(str(patient)), []).append(found)
    rows, exclusions = [], []
    starts: dict[str, set[date]] = {}
    for patient, day in index[["patient_id", "index_date"]].itertuples(index=False, name=None):
        starts.setdefault(rule.ids.written(str(patient)), set()).add(event_day(day))
    for patient, days in sorted(starts.items()):
        if len(days) > 1:
            detail = f"{len(days)} index dates: {', '.join(map(str, sorted(days)))}"
            exclusions.append(Exclusion("patient", patient, _STAGE, "index_dates_differ", detail))
            continue
        start, own = next(iter(days)), by_patient.get(patient, [])
        if before := _before(own, start, rule):
            detail = f"{before[2]} on {before[0]}, {(start - before[0]).days} days before"
            exclusions.append(Exclusion("patient", patient, _STAGE, "event_in_lookback", detail))
            continue
        rows.append(_row(patient, start, own, rule))
    others = sum(len(own) for patient, own in by_patient.items() if patient not in starts)
    table = FIRST_EVENTS.checked(pd.DataFrame(rows, columns=list(FIRST_EVENTS.names)))
    return FirstEvents(
        table, tuple(exclusions), counted, others, {str(k): int(v) for k, v in unknown.items()}
    )


def _before(
    events: Sequence[tuple[date, str, str]], start: date, rule: EventRule
) -> tuple[date, str, str] | None:
    early = [item for item in events if 0 < (start - item[0]).days <= rule.lookback_days]
    return max(early, key=lambda item: item[0], default=None)


def _row(
    patient: str, start: date, events: Sequence[tuple[date, str, str]], rule: EventRule
) -> dict[str, Any]:
    end = rule.to_days
    later = [
        item
        for item in events
        if rule.from_days <= (item[0] - start).days
        and (end is None or (item[0] - start).days <= end)
    ]
    first = min(later, key=lambda item: item[0], default=None)
    return {
        "patient_id": patient,
        "index_date": start.isoformat(),
        "event": first is not None,
        "event_date": None if first is None else first[0].isoformat(),
        "time_days": None if first is None else (first[0] - start).days,
        "system": None if first is None else first[1],
        "code": None if first is None else first[2],
    }


def event_day(raw: Any) -> date:
    """Read a day, YYYY-MM-DD or YYYYMMDD; what stands behind it is left.

    Raises
    ------
    TableError
        If it is none.
    """
    try:
        text = str(raw)
        return date.fromisoformat(text[:10] if "-" in text else text[:8])
    except ValueError:
        raise TableError(f"{str(raw)[:40]!r} is no day, wanted YYYY-MM-DD") from None


def bare_code(text: str) -> str:
    """Write a code as it is compared: capitals, nothing but letters and digits."""
    return "".join(sign for sign in text.upper() if sign.isalnum())
