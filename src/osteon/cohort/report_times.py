"""How long films waited: from the images to the preliminary and to the final report.

Krogue et al. 2020 give mean and standard deviation in minutes after leaving out values further
than 1.5 interquartile ranges outside the quartiles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from osteon.core.records import Exclusion
from osteon.core.schemas import REPORT_TIMES
from osteon.errors import SettingsError
from osteon.sources.moments import dicom_moment
from osteon.statistics.summary import Summary, summarise_values

__all__ = ["INTERVALS", "ReportTimes", "report_times"]

_STAGE = "times"
_MINUTE = 60.0
INTERVALS: Mapping[str, tuple[str, str]] = {
    "minutes_to_preliminary": ("acquired_at", "preliminary_at"),
    "minutes_to_final": ("acquired_at", "final_at"),
    "minutes_between": ("preliminary_at", "final_at"),
}
_MISSING = {
    "acquired_at": "acquisition_missing",
    "preliminary_at": "preliminary_missing",
    "final_at": "final_missing",
}


@dataclass(frozen=True, slots=True, eq=False)
class ReportTimes:
    """Times of every examination, what could not be told, and the summaries.

    Parameters
    ----------
    table
        Table :data:`osteon.core.schemas.REPORT_TIMES`.
    exclusions
        Per examination: ``acquisition_missing``, ``preliminary_missing``, ``final_missing``; per
        interval (its name in front): ``_date_only``, ``_zone_unknown`` (one moment tells its
        distance from UTC, the other does not, and no zone is declared), ``_clock_change`` (a
        moment that the clock change repeats or leaves out), ``_negative``.
    summaries
        By interval, values outside 1.5 interquartile ranges left out and counted.
    on_one_clock
        Intervals of two moments without a zone: right unless the clock was changed in between.
    """

    table: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    summaries: Mapping[str, Summary]
    on_one_clock: int

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; undefined numbers are ``None``."""
        told = {name: _plain(asdict(item)) for name, item in self.summaries.items()}
        return {"examinations": len(self.table), "on_one_clock": self.on_one_clock} | told


class _Fault(Exception):
    """Why two moments give no interval: a reason and a sentence."""


def report_times(
    reports: pd.DataFrame, instances: pd.DataFrame | None = None, *, time_zone: str | None = None
) -> ReportTimes:
    """Measure how long examinations waited for their reports.

    The first image is the earliest acquisition of the films with the accession, where the films
    tell an hour; else what the report says. The first preliminary and the first final report
    count; corrections and addenda do not.

    Parameters
    ----------
    reports
        Table of reports, every version.
    instances
        Table of instances, for the times of acquisition.
    time_zone
        Zone of moments that tell none, e.g. ``Europe/Berlin``.

    Raises
    ------
    SettingsError
        If there is no such zone.
    """
    zone = _zone(time_zone)
    acquired = {} if instances is None else _acquired(instances)
    rows: list[dict[str, Any]] = []
    exclusions: list[Exclusion] = []
    on_one_clock = 0
    named = reports[reports["accession_number"].notna()]
    for accession, versions in named.groupby("accession_number", sort=True):
        row = _row(str(accession), versions, acquired)
        for name, reason in _MISSING.items():
            if row[name] is None:
                exclusions.append(_left_out(accession, reason, f"no {name}"))
        for name, (first, last) in INTERVALS.items():
            row[name] = None
            if row[first] is None or row[last] is None:
                continue
            try:
                row[name], is_plain = _minutes(row[first], row[last], zone)
                on_one_clock += is_plain
            except _Fault as fault:
                exclusions.append(_left_out(accession, f"{name}_{fault.args[0]}", fault.args[1]))
        rows.append(row)
    for name in reports.loc[reports["accession_number"].isna(), "report_id"]:
        exclusions.append(_left_out(name, "accession_missing", "the report names no examination"))
    table = REPORT_TIMES.checked(pd.DataFrame(rows, columns=list(REPORT_TIMES.names)))
    summaries = {
        name: summarise_values(table[name].dropna().to_numpy(float), without_outliers=True)
        for name in INTERVALS
    }
    return ReportTimes(table, tuple(exclusions), summaries, on_one_clock)


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"there is no time zone {name!r}", remedy="write Europe/Berlin, for example"
        ) from None


def _acquired(instances: pd.DataFrame) -> dict[str, str]:
    """Earliest acquisition of every accession that tells an hour, else the earliest day."""
    found: dict[str, list[str]] = {}
    columns = ["accession_number", "acquisition_date", "acquisition_time", "study_date"]
    for accession, day, time, study_day in _texts(instances[columns]):
        moment = dicom_moment(day, time) or dicom_moment(study_day, None)
        if accession and moment:
            found.setdefault(accession, []).append(moment)
    return {name: min(_exact(moments) or moments) for name, moments in found.items()}


def _texts(frame: pd.DataFrame) -> Iterator[tuple[str | None, ...]]:
    for row in frame.itertuples(index=False, name=None):
        yield tuple(None if pd.isna(value) else str(value) for value in row)


def _exact(moments: list[str]) -> list[str]:
    return [moment for moment in moments if "T" in moment]


def _row(accession: str, versions: pd.DataFrame, acquired: Mapping[str, str]) -> dict[str, Any]:
    told = [str(item) for item in versions["acquired_at"].dropna()]
    films = [acquired[accession]] if accession in acquired else []
    moments = _exact(films) or _exact(told) or films or told
    patients = versions["patient_id"].dropna()
    return {
        "accession_number": accession,
        "patient_id": None if patients.empty else patients.iloc[0],
        "acquired_at": _earliest(moments),
        "preliminary_at": _earliest(_reported(versions, "preliminary")),
        "final_at": _earliest(_reported(versions, "final")),
    }


def _reported(versions: pd.DataFrame, status: str) -> list[str]:
    moments = versions.loc[versions["status"] == status, "reported_at"].dropna()
    return [str(item) for item in moments]


def _earliest(moments: list[str]) -> str | None:
    return min(_exact(moments) or moments, key=_wall_clock, default=None)


def _wall_clock(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _minutes(first: str, last: str, zone: tzinfo | None) -> tuple[float, bool]:
    """Minutes between two moments, and whether neither tells its zone."""
    if only := [text for text in (first, last) if "T" not in text]:
        raise _Fault("date_only", f"{only[0]} is a day without an hour")
    one, two = (_placed(text, zone) for text in (first, last))
    if (one.tzinfo is None) != (two.tzinfo is None):
        raise _Fault("zone_unknown", f"{first} and {last}: say --time-zone for the one without")
    is_plain = one.tzinfo is None
    if not is_plain:  # one zone's moments would be subtracted by the clock on the wall
        one, two = one.astimezone(UTC), two.astimezone(UTC)
    minutes = (two - one).total_seconds() / _MINUTE
    if minutes < 0:
        raise _Fault("negative", f"{last} is before {first} by {-minutes:.0f} minutes")
    return minutes, is_plain


def _placed(text: str, zone: tzinfo | None) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None or zone is None:
        return moment
    early, late = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise _Fault("clock_change", f"{text} is repeated or left out by the change of the clock")
    return early


def _left_out(accession: object, reason: str, detail: str) -> Exclusion:
    return Exclusion("file", str(accession), _STAGE, reason, detail)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return None if isinstance(value, float) and pd.isna(value) else value
