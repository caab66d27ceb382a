"""Linking by patient and days apart: every anchor and every row is linked or has a reason."""

import json
from datetime import date, timedelta

import pandas as pd
import pytest
from click.testing import CliRunner
from cohort_tables import instances_of
from hypothesis import given
from hypothesis import strategies as st

from osteon.cli.clinical import command
from osteon.cohort.linkage import IdRule, LinkRule, anchors_of, link
from osteon.core.schemas import INSTANCES
from osteon.core.tables import write_table
from osteon.errors import TableError

START = date(2020, 6, 1)


def anchors_on(*days, patient="P1"):
    rows = [(f"S{n}", patient, (START + timedelta(days=d)).isoformat()) for n, d in enumerate(days)]
    return pd.DataFrame(rows, columns=["anchor", "patient_id", "day"])


def rows_on(*days, patient="P1"):
    found = [None if d is None else (START + timedelta(days=d)).isoformat() for d in days]
    return pd.DataFrame({"patient_id": patient, "day": found})


def linked(anchors, rows, **values):
    found = link(anchors, rows, LinkRule(row_date="day", **values))
    pairs = found.links[["anchor", "row", "days"]].to_numpy().tolist()
    return (
        [tuple(pair) for pair in pairs],
        {item.key: item.reason for item in found.anchors_left},
        {item.key: item.reason for item in found.rows_left},
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"which": "nearest"}, [("S0", 1, -3)]),
        ({"which": "nearest", "tie": "after"}, [("S0", 2, 3)]),
        ({"which": "nearest_before"}, [("S0", 1, -3)]),
        ({"which": "nearest_after"}, [("S0", 2, 3)]),
        ({"which": "all", "days_before": 10, "days_after": 3},
         [("S0", 0, -10), ("S0", 1, -3), ("S0", 2, 3)]),
        ({"which": "nearest_after", "days_after": 2}, []),
    ],
)  # fmt: skip
def test_which_row_is_taken(values, expected):
    assert linked(anchors_on(0), rows_on(-10, -3, 3, 50), **values)[0] == expected


def test_ties_and_rows_of_one_day_follow_the_stated_rule():
    assert linked(anchors_on(0), rows_on(-3, 3), tie="refuse")[1] == {"S0": "tie"}
    rows = rows_on(1, 1)
    assert linked(anchors_on(0), rows)[0] == [("S0", 0, 1)]
    assert linked(anchors_on(0), rows, same_day="last")[0] == [("S0", 1, 1)]
    assert linked(anchors_on(0), rows, same_day="refuse")[1] == {"S0": "several_rows_of_one_day"}


def test_what_did_not_link_says_why():
    anchors = pd.concat([
        anchors_on(0), anchors_on(0, patient="P2").assign(anchor="T"),
        anchors_on(0, patient="P3").assign(anchor="U"),
        anchors_on(0, patient=None).assign(anchor="V"),
        anchors_on(0).assign(anchor="W", day=None),
    ])  # fmt: skip
    rows = pd.concat([
        rows_on(1, 2, 900), rows_on(None, patient="P3"), rows_on(0, patient="P4"),
        rows_on(0, patient=" "),
    ])  # fmt: skip
    pairs, anchors_left, rows_left = linked(anchors, rows)
    assert pairs == [("S0", 0, 1)]
    assert anchors_left == {
        "T": "patient_not_in_table", "U": "row_dates_missing", "V": "patient_id_missing",
        "W": "anchor_date_missing",
    }  # fmt: skip
    assert rows_left == {
        "row 1": "another_row_taken", "row 2": "outside_window", "row 3": "row_date_missing",
        "row 4": "patient_not_imaged", "row 5": "patient_id_missing",
    }  # fmt: skip


def test_ids_are_changed_by_a_declared_rule_only():
    rows = rows_on(0, patient="0012 a")
    anchors = anchors_on(0, patient="12A")
    assert linked(anchors, rows)[1] == {"S0": "patient_not_in_table"}
    rule = IdRule(strip_spaces=True, ignore_case=True, strip_leading_zeros=True)
    assert linked(anchors, rows, ids=rule)[0] == [("S0", 0, 0)]
    assert linked(anchors_on(0, patient="X"), rows_on(0, patient="Y"),
                  ids=IdRule(aliases={"Y": "X"}))[0] == [("S0", 0, 0)]  # fmt: skip
    assert IdRule(zero_pad=6).written("12") == "000012"
    assert IdRule(strip_leading_zeros=True).written("000") == "0"


def test_without_dates_the_patient_decides():
    found = link(anchors_on(0), pd.DataFrame({"patient_id": ["P1"]}), LinkRule())
    assert found.links[["anchor", "row"]].to_numpy().tolist() == [["S0", 0]]


@given(
    st.lists(st.integers(-40, 40), max_size=5),
    st.lists(st.integers(-40, 40), max_size=6),
    st.sampled_from(["nearest", "nearest_before", "nearest_after", "all"]),
    st.integers(0, 30),
)
def test_every_anchor_and_row_is_accounted_for(anchor_days, row_days, which, reach):
    pairs, anchors_left, rows_left = linked(
        anchors_on(*anchor_days), rows_on(*row_days), which=which, days_before=reach,
        days_after=reach,
    )  # fmt: skip
    assert {a for a, _, _ in pairs} | set(anchors_left) == {
        f"S{n}" for n in range(len(anchor_days))
    }
    assert {f"row {r}" for _, r, _ in pairs} | set(rows_left) == {
        f"row {n}" for n in range(len(row_days))
    }
    for anchor, row, days in pairs:
        assert row_days[row] - anchor_days[int(anchor[1:])] == days
        assert abs(days) <= reach
        if which == "nearest":
            gaps = [abs(day - anchor_days[int(anchor[1:])]) for day in row_days]
            assert abs(days) == min(gaps)
        assert (days <= 0) if which == "nearest_before" else True
        assert (days >= 0) if which == "nearest_after" else True


def test_the_order_of_the_anchors_does_not_matter():
    anchors, rows = anchors_on(0, 5, 9), rows_on(1, 4, 8)
    assert sorted(linked(anchors, rows)[0]) == sorted(linked(anchors[::-1], rows)[0])


def test_columns_and_days_that_are_none_are_refused():
    with pytest.raises(TableError, match="no column day"):
        link(anchors_on(0), pd.DataFrame({"patient_id": ["P1"]}), LinkRule(row_date="day"))
    with pytest.raises(TableError, match="is no day"):
        link(anchors_on(0).assign(day="soon"), rows_on(0), LinkRule(row_date="day"))


def test_the_verb(tmp_path):
    films = [{"sop_instance_uid": str(n), "study_instance_uid": "1.9", "patient_id": "P1",
              "study_date": "20200601"} for n in (1, 2)]  # fmt: skip
    assert len(anchors_of(instances_of(films))) == 1
    write_table(instances_of(films), INSTANCES, tmp_path / "study/tables/instances.parquet")
    rows_on(3, 500).to_parquet(tmp_path / "dxa.parquet")
    (tmp_path / "rule.yaml").write_text("row_date: day\ndays_after: 90\n")
    call = ["link", str(tmp_path / "dxa.parquet"), "--study", str(tmp_path / "study"), "--rule",
            str(tmp_path / "rule.yaml"), "-o", str(tmp_path / "out"), "--json"]  # fmt: skip
    told = json.loads(CliRunner().invoke(command, call, catch_exceptions=False).output)
    assert (told["links"], told["rows_left"]) == (1, {"outside_window": 1})
    assert pd.read_parquet(tmp_path / "out/links.parquet")["anchor"].tolist() == ["1.9"]
