"""First events by code lists, lookback and window."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from osteon.cli.clinical import command
from osteon.cohort.events import CodeList, EventRule, code_lists, first_events, load_codes
from osteon.cohort.linkage import IdRule
from osteon.core.schemas import EVENTS
from osteon.errors import SettingsError, TableError


def events_of(*rows):
    names = ("patient_id", "event_date", "code")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)
    return EVENTS.checked(frame.assign(system="icd10cm"))


def index_of(*rows):
    return pd.DataFrame(list(rows), columns=["patient_id", "index_date"])


def found(index, events, **values):
    return first_events(index, events, load_codes("hip_fracture"), EventRule(**values))


@pytest.mark.parametrize(
    ("system", "code", "is_in"),
    [
        ("icd10cm", "S72.001A", True), ("icd10cm", "S72001A", True), ("icd10cm", "s72.1", True),
        ("ICD10CM", "S72.141B", True), ("icd10cm", "S72.001D", False),
        ("icd10cm", "S72.301A", False), ("icd10", "S72.20", True), ("icd9cm", "820.21", True),
        ("icd10", "820.21", False), ("loinc", "S72.0", False), ("icd10cm", "", False),
    ],
)  # fmt: skip
def test_codes_by_prefix(system, code, is_in):
    assert load_codes("hip_fracture").holds(system, code) is is_in


def test_every_list_says_what_its_codes_were_checked_against():
    lists = [load_codes(name) for name in code_lists()]
    assert len(lists) >= 7
    assert not [
        f"{codes.name} {system}"
        for codes in lists
        for system, item in codes.systems.items()
        if not item.source
    ]


@pytest.mark.parametrize(
    ("name", "system", "inside", "outside"),
    [
        ("high_energy", "icd9cm", ["E805.2", "E812.0", "E841", "E848", "E884.1", "E884.9"],
         ["E849.0", "E849.5", "E849.7", "E884.0", "E884.2", "E884.4", "E885.9", "E888.9"]),
        ("high_energy", "icd10cm", ["V43.52XA", "W11.XXXA", "W17.89XA"], ["V00.811A", "W06"]),
        ("forearm_fracture", "icd9cm", ["813.41", "813.54"], ["813.23", "813.83", "814.01"]),
        ("humerus_fracture", "icd9cm", ["812.01", "812.11"], ["812.21", "812.40"]),
        ("pelvis_fracture", "icd9cm", ["808.2", "805.6", "805.7"], ["805.4", "806.6"]),
        ("pelvis_fracture", "icd10", ["S32.7", "S32.8"], ["S32.0", "S32.2"]),
        ("pelvis_fracture", "icd10cm", ["S32.9XXA", "S32.110B"], ["S32.9XXD", "S32.2XXA"]),
        ("vertebral_fracture", "icd9cm", ["805.3", "805.5", "733.13"], ["805.06", "805.8"]),
        ("vertebral_fracture", "icd10", ["S22.1", "M48.5"], ["M80.08", "T08"]),
        ("vertebral_fracture", "icd10cm", ["M80.08XA", "M48.56XA"], ["M80.051A", "M48.56XD"]),
        ("hip_fracture_surgery", "cpt", ["27236", "27245"], ["27248", "27269"]),
    ],
)  # fmt: skip
def test_codes_in_and_out(name, system, inside, outside):
    codes = load_codes(name)
    assert [code for code in inside if not codes.holds(system, code)] == []
    assert [code for code in outside if codes.holds(system, code)] == []


def test_exceptions_among_the_prefixes():
    codes = CodeList(name="x", systems={"a": {"prefixes": ["S7"], "unless": ["S72.3"]}})
    assert codes.holds("a", "S72.0")
    assert not codes.holds("a", "S723X")


def test_the_first_event_in_the_window_counts():
    events = events_of(
        ("P1", "2020-01-01", "S72.001A"), ("P1", "2020-03-01", "S72.141A"),
        ("P1", "2020-02-01", "S72.001A"), ("P2", "2019-12-01", "S72.0"),
        ("P9", "2020-02-01", "S72.0"),
    )  # fmt: skip
    index = index_of(("P1", "2020-01-01"), ("P2", "2020-01-01"), ("P3", "2020-01-01"))
    table = found(index, events).table
    assert table["event"].tolist() == [True, False, False]
    assert table["time_days"].fillna(-1).tolist() == [31, -1, -1]
    assert found(index, events, from_days=0).table["time_days"][0] == 0
    assert found(index, events, from_days=90).table["event"].sum() == 0
    assert found(index, events, to_days=30).table["event"].sum() == 0
    assert found(index, events).events_of_others == 1
    assert found(index, events).events_counted == 5


def test_lookback_leaves_out_and_says_so():
    events = events_of(("P1", "2019-12-01", "S72.0"), ("P2", "2010-12-01", "S72.0"))
    index = index_of(("P1", "2020-01-01"), ("P2", "2020-01-01"))
    result = found(index, events, lookback_days=365)
    assert result.table["patient_id"].tolist() == ["P2"]
    assert [(item.key, item.reason) for item in result.exclusions] == [("P1", "event_in_lookback")]
    assert "31 days before" in result.exclusions[0].detail


def test_patients_with_two_index_dates_are_left_out():
    index = index_of(("P1", "2020-01-01"), ("P1", "2020-01-02"), ("P2", "2020-01-01"))
    result = found(index, events_of(), ids=IdRule())
    assert [item.reason for item in result.exclusions] == ["index_dates_differ"]
    assert len(result.table) == 1


def test_unknown_systems_are_counted_and_bad_days_refused():
    events = events_of(("P1", "2020-01-01", "S72.0")).assign(system="snomed")
    assert found(index_of(), events).unknown_systems == {"snomed": 1}
    with pytest.raises(TableError, match="no day"):
        found(index_of(("P1", "yesterday")), events)


@pytest.mark.parametrize("name", code_lists())
def test_every_code_list_is_whole(name):
    assert load_codes(name).name == name


def test_a_list_that_is_none_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no code list"):
        load_codes("hip_fractures")
    (tmp_path / "a.yaml").write_text("name: a\nsystems: {x: {prefix: [a]}}\n")
    with pytest.raises(SettingsError, match="prefix"):
        load_codes(str(tmp_path / "a.yaml"))


def test_the_verb(tmp_path):
    events_of(("P1", "2020-02-01", "S72.0")).to_parquet(tmp_path / "events.parquet")
    index_of(("P1", "2020-01-01")).to_parquet(tmp_path / "index.parquet")
    call = ["events", str(tmp_path / "events.parquet"), "--index", str(tmp_path / "index.parquet"),
            "--codes", "hip_fracture", "-o", str(tmp_path / "out"), "--json"]  # fmt: skip
    told = json.loads(CliRunner().invoke(command, call, catch_exceptions=False).output)
    assert (told["patients"], told["with_event"]) == (1, 1)
