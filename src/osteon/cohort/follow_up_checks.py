"""What could be wrong with follow-up though nobody had to be left out: each as a counted value.

Immortal time is time in which a patient could not have had the event, because what put the patient
there (a covariate, the entry) was only known later (Suissa 2008, Am J Epidemiol 167:492). Left
truncation is entry after the index date: who had the event before was never seen.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from osteon.cohort.events import event_day
from osteon.cohort.follow_up import FollowUp, FollowUpSettings
from osteon.core.schemas import FOLLOW_UP_CHECKS
from osteon.errors import TableError

__all__ = ["check_follow_up", "covariates_at_index"]


def covariates_at_index(
    clinical: pd.DataFrame, index: pd.DataFrame, dated: Mapping[str, str]
) -> tuple[pd.DataFrame, Mapping[str, int]]:
    """Empty what was not known at the index date.

    Parameters
    ----------
    clinical
        One row for each patient.
    index
        Table :data:`osteon.core.schemas.INDEX_DATES` or of follow-up.
    dated
        Columns, each with the column of its date.

    Returns
    -------
    tuple
        The table with later values, and those without a date, empty; how many were emptied, by
        column.

    Raises
    ------
    TableError
        If a column is missing or a day is none.
    """
    result = clinical.copy()
    starts = dict(zip(index["patient_id"], index["index_date"], strict=True))
    start = result["patient_id"].map(starts)
    emptied: dict[str, int] = {}
    for column, day in dated.items():
        for name in (column, day):
            if name not in result.columns:
                raise TableError(f"clinical: no column {name}, there are {list(result.columns)}")
        late = [
            not pd.isna(value) and not pd.isna(begin) and _is_late(when, begin)
            for value, when, begin in zip(result[column], result[day], start, strict=True)
        ]
        result.loc[late, column] = None
        emptied[column] = sum(late)
    return result, emptied


def _is_late(when: Any, start: str) -> bool:
    return bool(pd.isna(when)) or event_day(when) > event_day(start)


def check_follow_up(
    found: FollowUp,
    events: pd.DataFrame,
    vital: pd.DataFrame,
    settings: FollowUpSettings,
    clinical: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Check follow-up.

    Parameters
    ----------
    found
        What :func:`osteon.cohort.follow_up.build_follow_up` gave.
    events, vital, settings
        What it was given.
    clinical
        The clinical table, whose dated columns are held against the index dates.

    Returns
    -------
    DataFrame
        Table :data:`osteon.core.schemas.FOLLOW_UP_CHECKS`: ``fail`` needs a correction before an
        analysis, ``note`` has to be reported with it.
    """
    as_of = settings.as_of or date.today()
    ids = settings.ids
    deaths = {
        ids.written(str(patient)): event_day(day)
        for patient, day in zip(vital["patient_id"], vital["death_date"], strict=True)
        if not pd.isna(day)
    }
    rows = [
        *_future(found, events, vital, as_of),
        _after_death(events["patient_id"], events["event_date"], deaths, settings, "event"),
        _after_death(vital["patient_id"], vital["last_contact_date"], deaths, settings, "contact"),
        *_immortal(found, settings, clinical),
        _entry(found),
    ]
    return FOLLOW_UP_CHECKS.checked(pd.DataFrame(rows, columns=list(FOLLOW_UP_CHECKS.names)))


def _row(check: str, bad: str, count: int, of: int, detail: str) -> dict[str, Any]:
    verdict = bad if count else "ok"
    return {"check": check, "verdict": verdict, "count": count, "of": of, "detail": detail}


def _future(
    found: FollowUp, events: pd.DataFrame, vital: pd.DataFrame, as_of: date
) -> list[dict[str, Any]]:
    tables = {
        "events": events["event_date"],
        "vital_status": pd.concat([vital["last_contact_date"], vital["death_date"]]),
        "imaging": found.index["imaging_date"],
    }
    return [
        _row(
            f"dates_in_future_{name}",
            "fail",
            sum(event_day(day) > as_of for day in days.dropna()),
            int(days.notna().sum()),
            f"dates of {name} after {as_of}, when the tables were taken",
        )
        for name, days in tables.items()
    ]


def _after_death(
    patients: "pd.Series[Any]",
    days: "pd.Series[Any]",
    deaths: Mapping[str, date],
    settings: FollowUpSettings,
    what: str,
) -> dict[str, Any]:
    count = of = 0
    for patient, day in zip(patients, days, strict=True):
        death = deaths.get(settings.ids.written(str(patient)))
        if death is not None and not pd.isna(day):
            of += 1
            count += event_day(day) > death
    detail = f"{what}s of the dead after the day of death: wrong date, or wrong person"
    return _row(f"{what}_after_death", "fail", count, of, detail)


def _immortal(
    found: FollowUp, settings: FollowUpSettings, clinical: pd.DataFrame | None
) -> list[dict[str, Any]]:
    days = settings.outcome.blanking_days
    blanked = found.fractures[found.fractures["verdict"] == "blanking"]
    late = [
        event_day(fracture) > event_day(start)
        for fracture, start in zip(
            found.index["fracture_date"], found.index["index_date"], strict=True
        )
    ]
    rows = [
        _row(
            "blanking_period", "note", days, days,
            f"days after the index date in which no fracture can count; {len(blanked)} coded "
            f"fractures of {blanked['patient_id'].nunique()} patients lie there",
        ),
        _row(
            "entry_by_later_code", "note", sum(late), len(late),
            "patients who are in because of a fracture code dated after the index date",
        ),
    ]  # fmt: skip
    if clinical is not None:
        _, emptied = covariates_at_index(clinical, found.index, settings.dated_covariates)
        rows += [
            _row(
                f"covariate_after_index_{name}", "note", count, int(clinical[name].notna().sum()),
                f"values of {name} of after the index date, or without a date: to be emptied",
            )
            for name, count in emptied.items()
        ]  # fmt: skip
    return rows


def _entry(found: FollowUp) -> dict[str, Any]:
    late = int((found.table["entry_days"] > 0).sum())
    return _row(
        "left_truncation", "note", late, len(found.table),
        "patients under observation only from after the index date: entry_days has to be used",
    )  # fmt: skip
