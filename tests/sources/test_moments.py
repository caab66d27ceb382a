"""Moments are never more exact than they were, and nothing is guessed."""

import doctest
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.sources import moments
from osteon.sources.moments import dicom_moment, hl7_moment, parse_moment


def test_examples():
    assert doctest.testmod(moments).failed == 0


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_hl7_with_its_distance_from_utc_is_the_same_moment(moment, quarters):
    zone = timezone(timedelta(minutes=15 * quarters))
    exact = moment.replace(microsecond=0, tzinfo=zone)
    assert datetime.fromisoformat(hl7_moment(exact.strftime("%Y%m%d%H%M%S%z"))) == exact


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_iso_is_read_back(moment):
    assert parse_moment(moment.isoformat()) == moment.replace(microsecond=0).isoformat()
    assert parse_moment(moment.date().isoformat()) == moment.date().isoformat()


@given(st.text(max_size=20))
def test_any_text_is_a_moment_or_none(text):
    found = parse_moment(text)
    assert found is None or datetime.fromisoformat(found)


@pytest.mark.parametrize("text", ["", "2020", "202002", "20200230", "03/04/2020", "20200101T25:00"])
def test_what_is_no_day_is_none(text):
    assert parse_moment(text) is None


def test_a_dicom_date_without_a_time_stays_a_day():
    assert dicom_moment("20200301", "") == "2020-03-01"
    assert dicom_moment("20200301", "101500.123") == "2020-03-01T10:15:00"
    assert dicom_moment("20200301", "10") is None
    assert dicom_moment(None, "101500") is None
