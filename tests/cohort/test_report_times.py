"""Time to reading by the 1.5 IQR rule; whatever cannot be told is listed."""

import json
from datetime import datetime, timedelta

import pandas as pd
import pytest
from click.testing import CliRunner
from cohort_tables import instances_of
from hypothesis import given
from hypothesis import strategies as st

from osteon.cli.times import command
from osteon.cohort.report_times import report_times
from osteon.core.schemas import INSTANCES, REPORTS
from osteon.core.tables import write_table
from osteon.errors import SettingsError

START = datetime(2020, 1, 15, 8)


def reports_of(*rows):
    """Rows of (accession, status, acquired, reported)."""
    names = ("accession_number", "status", "acquired_at", "reported_at")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)
    frame = frame.reindex(columns=list(REPORTS.names))
    frame["report_id"] = [f"r{n}" for n in range(len(frame))]
    return REPORTS.checked(frame.assign(text="t", source="s"))


def waited(*minutes):
    rows = []
    for number, value in enumerate(minutes):
        acquired = START + timedelta(days=number)
        reported = acquired + timedelta(minutes=value)
        rows.append((f"A{number}", "preliminary", acquired.isoformat(), reported.isoformat()))
    return reports_of(*rows)


def reasons(times):
    return {(item.key, item.reason) for item in times.exclusions}


def test_the_papers_rule():
    found = report_times(waited(10, 20, 30, 40, 5000)).summaries["minutes_to_preliminary"]
    assert (found.n, found.n_outliers, found.mean.value) == (4, 1, 25)


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=12))
def test_minutes_are_those_between(minutes):
    table = report_times(waited(*minutes)).table
    found = dict(zip(table["accession_number"], table["minutes_to_preliminary"], strict=True))
    assert found == {f"A{number}": value for number, value in enumerate(minutes)}


def test_the_first_of_each_stage_counts_and_corrections_do_not():
    times = report_times(reports_of(
        ("A", "final", "2020-01-15T08:00:00", "2020-01-15T12:00:00"),
        ("A", "preliminary", None, "2020-01-15T09:30:00"),
        ("A", "preliminary", None, "2020-01-15T09:00:00"),
        ("A", "corrected", None, "2020-01-15T08:10:00"),
        ("A", "addendum", None, "2020-01-15T08:10:00"),
        ("A", "final", None, "2020-01-15T11:00:00"),
    ))  # fmt: skip
    row = times.table.iloc[0]
    assert (row.minutes_to_preliminary, row.minutes_to_final, row.minutes_between) == (60, 180, 120)


def test_what_cannot_be_told_is_listed():
    times = report_times(reports_of(
        ("A1", "final", "2020-01-15", "2020-01-15T12:00:00"),
        ("A2", "final", "2020-01-15T12:00:00", "2020-01-15T11:00:00"),
        ("A3", "final", None, "2020-01-15T11:00:00"),
        ("A4", "final", "2020-01-15T12:00:00+01:00", "2020-01-15T13:00:00"),
        ("A5", "final", "2020-01-15T12:00:00", None),
    ))  # fmt: skip
    assert {item for item in reasons(times) if item[1] != "preliminary_missing"} == {
        ("A1", "minutes_to_final_date_only"),
        ("A2", "minutes_to_final_negative"),
        ("A3", "acquisition_missing"),
        ("A4", "minutes_to_final_zone_unknown"),
        ("A5", "final_missing"),
    }
    assert times.table["minutes_to_final"].isna().all()
    assert times.summaries["minutes_to_final"].n == 0
    assert json.dumps(times.as_json(), allow_nan=False)


def test_zones_and_changes_of_the_clock():
    reports = reports_of(
        ("A1", "final", "2020-01-15T12:00:00+00:00", "2020-01-15T13:30:00"),
        ("A2", "final", "2020-03-29T01:30:00", "2020-03-29T03:30:00"),
        ("A3", "final", "2020-10-25T01:30:00", "2020-10-25T02:30:00"),
        ("A4", "final", "2020-03-29T02:30:00", "2020-03-29T05:00:00"),
    )
    times = report_times(reports, time_zone="Europe/Berlin")
    assert times.table["minutes_to_final"].fillna(-1).tolist() == [30, 60, -1, -1]
    assert {item for item in reasons(times) if "clock" in item[1]} == {
        ("A3", "minutes_to_final_clock_change"), ("A4", "minutes_to_final_clock_change")
    }  # fmt: skip
    with pytest.raises(SettingsError, match="no time zone"):
        report_times(reports, time_zone="Europe/Nowhere")


def test_films_tell_when_they_were_made():
    rows = [
        {"sop_instance_uid": "1", "accession_number": "A1", "acquisition_date": "20200115",
         "acquisition_time": "081500", "study_date": "20200115"},
        {"sop_instance_uid": "2", "accession_number": "A1", "acquisition_date": "20200115",
         "acquisition_time": "080500", "study_date": "20200115"},
        {"sop_instance_uid": "3", "accession_number": "A2", "study_date": "20200115"},
    ]  # fmt: skip
    reports = reports_of(
        ("A1", "final", "2020-01-15T07:00:00", "2020-01-15T09:00:00"),
        ("A2", "final", "2020-01-15T08:00:00", "2020-01-15T09:00:00"),
    )
    table = report_times(reports, instances_of(rows)).table
    assert table["minutes_to_final"].tolist() == [55, 60]


def test_the_verb(tmp_path):
    write_table(
        instances_of([{"sop_instance_uid": "1", "accession_number": "A0"}]),
        INSTANCES, tmp_path / "study" / "tables" / "instances.parquet",
    )  # fmt: skip
    write_table(waited(10, 20, 30, 40, 5000), REPORTS, tmp_path / "r.parquet")
    call = [str(tmp_path / "r.parquet"), "--study", str(tmp_path / "study"),
            "-o", str(tmp_path / "out")]  # fmt: skip
    shown = CliRunner().invoke(command, call, catch_exceptions=False).output
    assert "25 ± 13 (10–40)" in shown
    assert "5  final_missing" in shown
    told = json.loads(CliRunner().invoke(command, [*call, "--json"]).output)
    assert told["minutes_to_preliminary"]["n_outliers"] == 1
    assert (tmp_path / "out" / "report_times.parquet").exists()
