"""Follow-up: who is followed until when, why others are not, and what has to be said of it."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from osteon import cli
from osteon.cohort.flow import patient_flow
from osteon.cohort.follow_up import EXCLUSION_REASONS, FollowUpSettings, build_follow_up
from osteon.cohort.follow_up_checks import check_follow_up, covariates_at_index
from osteon.cohort.fracture_definition import load_definition, side_of
from osteon.cohort.person_years import person_years
from osteon.core.schemas import FOLLOW_UP, SPLITS
from osteon.core.settings import load_settings
from osteon.core.tables import read_table
from osteon.errors import SettingsError, TableError
from osteon.phantom.refracture import make_refracture, plan_cohort
from osteon.phantom.refracture_settings import RefractureSettings
from osteon.phantom.refracture_tables import cohort_tables

INDEX = "S72.141A"  # right hip, first treatment
SETTINGS = load_settings(FollowUpSettings, {"end_of_study": "2015-01-01", "as_of": "2021-01-01"})


def tables(*codes, last="2012-01-01", death=None, imaging=("2010-01-01",), **vital):
    """One patient: index fracture on the first imaging day, and further (day, code[, side])."""
    rows = [(imaging[0], INDEX, None), *[(*code, None)[:3] for code in codes]]
    events = pd.DataFrame(
        [
            {"patient_id": "A", "event_date": day, "system": "icd10cm", "code": code,
             "laterality": side}
            for day, code, side in rows
        ]
    )  # fmt: skip
    images = pd.DataFrame([{"patient_id": "A", "study_date": day} for day in imaging])
    row = {"patient_id": "A", "last_contact_date": last, "death_date": death, **vital}
    return images, events, pd.DataFrame([row])


def follow(*codes, settings=SETTINGS, **options):
    return build_follow_up(*tables(*codes, **options), settings)


def ending(found):
    assert len(found.table) == 1, found.exclusions
    row = found.table.iloc[0]
    return row["end_reason"], int(row["time_days"]), int(row["cause"])


def reason(found):
    assert not len(found.table)
    (left,) = found.exclusions
    return left.reason


def test_ends():
    assert ending(follow()) == ("lost", 730, 0)
    assert ending(follow(last="2018-01-01")) == ("end_of_study", 1826, 0)
    assert ending(follow(death="2011-01-01")) == ("death", 365, 2)
    assert ending(follow(death="2016-01-01")) == ("end_of_study", 1826, 0)
    assert ending(follow(("2010-07-20", "S52.531A"))) == ("subsequent_fracture", 200, 1)
    assert ending(follow(("2013-07-20", "S52.531A"))) == ("lost", 730, 0)


@pytest.mark.parametrize(
    ("day", "code", "verdict"),
    [
        ("2010-01-20", INDEX, "blanking"),
        ("2010-04-01", INDEX, "same_fracture"),  # same side within half a year
        ("2010-04-01", "S72.142A", "counts"),  # other side
        ("2010-04-01", "S72.149A", "same_fracture"),  # side not told
        ("2010-12-01", INDEX, "counts"),
        ("2010-04-01", "S32.010A", "counts"),
        ("2009-04-01", "S32.010A", "before_index"),
    ],
)
def test_verdicts(day, code, verdict):
    found = follow((day, code))
    row = found.fractures[found.fractures["event_date"] == day].iloc[0]
    assert row["verdict"] == verdict
    assert (found.table.iloc[0]["cause"] == 1) == (verdict == "counts")


def test_aftercare_is_no_fracture_and_high_energy_does_not_count():
    assert ending(follow(("2010-09-01", "S72.142D")))[2] == 0
    crash = follow(("2010-09-01", "S72.142A"), ("2010-09-02", "V43.52XA"))
    assert ending(crash)[2] == 0
    assert set(crash.fractures["verdict"]) == {"blanking", "high_energy"}


def test_reasons_to_leave_a_patient_out():
    assert reason(follow(death="2009-06-01")) == "death_before_index"
    assert reason(follow(last="2009-06-01")) == "negative_follow_up"
    assert reason(follow(last=None)) == "no_follow_up"
    assert reason(follow(last="2010-01-01")) == "no_follow_up"
    assert reason(follow(imaging=("2015-06-01",), last="2016-01-01")) == "index_after_end_of_study"
    twice = follow(("2011-01-01", "S72.142A"), imaging=("2010-01-01", "2011-01-01"))
    assert reason(twice) == "index_dates_differ"
    late = SETTINGS.changed({"index": {"days_before": 0, "days_after": 0}})
    images, events, vital = tables()
    images["study_date"] = "2010-03-01"
    assert reason(build_follow_up(images, events, vital, late)) == "no_index_fracture"
    prevalent = SETTINGS.changed({"lookback_days": 365})
    assert reason(follow(("2009-10-01", "S32.010A"), settings=prevalent)) == "event_before_index"
    assert ending(follow(("2009-10-01", "S32.010A")))[2] == 0


def test_first_imaging_may_be_taken():
    first = SETTINGS.changed({"index": {"several": "first"}})
    twice = follow(("2011-01-01", "S72.142A"), imaging=("2010-01-01", "2011-01-01"), settings=first)
    assert ending(twice) == ("subsequent_fracture", 365, 1)


def test_late_entry_is_left_truncation():
    found = follow(observed_from="2010-03-02")
    assert found.table.iloc[0]["entry_days"] == 60
    events, vital = tables()[1:]
    checks = check_follow_up(found, events, vital, SETTINGS).set_index("check")
    assert checks.loc["left_truncation", "verdict"] == "note"
    assert reason(follow(observed_from="2013-01-01")) == "no_time_at_risk"
    seen = follow(("2010-02-20", "S52.531A"), observed_from="2010-03-02")
    assert reason(seen) == "event_before_entry"


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("S72.001A", "R"), ("S72.142A", "L"), ("S72.149A", None), ("S72.21XA", "R"),
        ("S72.25XA", "L"), ("S72.26XA", None), ("S72.2", None), ("S42.272A", "L"),
        ("S52.501A", "R"), ("S32.592A", "L"), ("S32.111A", None), ("S32.811A", None),
        ("M80.08XA", None), ("S32.011A", None),
    ],
)  # fmt: skip
def test_sides_that_codes_tell_and_those_they_only_seem_to(code, side):
    definition = load_definition("subsequent_fragility_fracture")
    assert side_of(definition, "icd10cm", code, None) == side
    assert side_of(definition, "icd10cm", code, "R") == (side or "R")


def test_side_of_who_codes_is_read_from_the_row():
    images, events, vital = tables()
    rows = [("2010-01-01", "S72.1", "R"), ("2010-05-01", "S72.0", "L")]
    events = pd.DataFrame(
        [{"patient_id": "A", "event_date": d, "system": "icd10", "code": c, "laterality": s}
         for d, c, s in rows]
    )  # fmt: skip
    assert ending(build_follow_up(images, events, vital, SETTINGS))[2] == 1
    events.loc[1, "laterality"] = "R"
    assert ending(build_follow_up(images, events, vital, SETTINGS))[2] == 0


def test_checks_count_what_cannot_be():
    images, events, vital = tables(
        ("2013-01-01", "S52.531A"), ("2031-01-01", "I10"), death="2012-01-01", last="2012-05-01"
    )
    clinical = pd.DataFrame({"patient_id": ["A"], "t_score": [-2.0], "dxa_date": ["2010-02-01"]})
    settings = SETTINGS.changed({"dated_covariates": {"t_score": "dxa_date"}})
    found = build_follow_up(images, events, vital, settings)
    assert ending(found) == ("death", 730, 2)
    checks = check_follow_up(found, events, vital, settings, clinical).set_index("check")
    assert checks.loc["event_after_death", "count"] == 2
    assert checks.loc["contact_after_death", "count"] == 1
    assert checks.loc["dates_in_future_events", "verdict"] == "fail"
    assert checks.loc["covariate_after_index_t_score", "count"] == 1
    known, emptied = covariates_at_index(clinical, found.index, {"t_score": "dxa_date"})
    assert known["t_score"].isna().all()
    assert emptied == {"t_score": 1}
    with pytest.raises(TableError, match="no column missing_date"):
        covariates_at_index(clinical, found.index, {"t_score": "missing_date"})


def test_two_rows_of_vital_status_are_refused():
    images, events, vital = tables()
    with pytest.raises(TableError, match="patient A has two rows"):
        build_follow_up(images, events, pd.concat([vital, vital]), SETTINGS)


def test_definitions_name_their_sites():
    definition = load_definition("subsequent_fragility_fracture")
    assert definition.index_codes == "hip_fracture"
    with pytest.raises(SettingsError, match="no fracture definition"):
        load_definition("sprain")


@given(more=st.integers(1, 400))
def test_a_longer_blanking_period_never_brings_an_earlier_event(more):
    definition = load_definition("subsequent_fragility_fracture")
    wider = definition.changed({"blanking_days": definition.blanking_days + more})
    codes = (("2010-03-01", "S32.010A"), ("2011-01-01", "S52.531A"))
    before = follow(*codes).table.iloc[0]
    after = follow(*codes, settings=SETTINGS.model_copy(update={"definition": wider})).table.iloc[0]
    assert after["time_days"] >= before["time_days"]


@pytest.fixture(scope="module")
def synthetic():
    settings = RefractureSettings(n=250).changed(
        {"sites": {"development": {"fracture_risk": [0.25, 0.45, 0.65]}}, "faulty_share": 0.2}
    )
    return cohort_tables(plan_cohort(settings, 11))


def test_the_rules_find_the_truth_of_synthetic_patients(synthetic):
    settings = load_settings(FollowUpSettings, {"end_of_study": "2021-12-31"})
    found = build_follow_up(
        synthetic["imaging"], synthetic["events"], synthetic["vital_status"], settings
    )
    truth = synthetic["truth"].set_index("patient_id")
    table = found.table.set_index("patient_id")
    assert len(table) + len(found.exclusions) == len(truth)
    left = {item.key: item.reason for item in found.exclusions}
    harmless = {"event_after_death", "contact_after_death"}
    assert left == {
        patient: fault
        for patient, fault in truth["fault"].dropna().items()
        if fault not in harmless
    }
    wanted = truth.loc[list(table.index)]
    assert table["cause"].tolist() == wanted["cause"].tolist()
    assert table["time_days"].tolist() == wanted["time_days"].tolist()
    flow = patient_flow(synthetic["imaging"], found.exclusions, EXCLUSION_REASONS)
    assert flow.final.patients == len(table)
    assert flow.start.patients == len(truth)


def test_person_years_add_up(synthetic):
    truth = synthetic["truth"]
    rows = truth[["patient_id", "time_days", "cause"]].assign(
        index_date="2010-01-01", entry_days=0.0, end_reason="lost", end_date="2011-01-01"
    )
    follow_up = FOLLOW_UP.checked(rows)
    subsets = np.where(np.arange(len(truth)) % 3, "training", "internal_test")
    splits = SPLITS.checked(
        pd.DataFrame({"patient_id": truth["patient_id"], "fold": 0, "subset": subsets})
    )
    table = person_years(follow_up, clinical=synthetic["clinical"], splits=splits)
    total = table[table["variable"] == "all"].set_index("cause")
    assert total["person_years"].iloc[0] == pytest.approx(truth["time_days"].sum() / 365.25)
    for variable in ("subset", "sex", "age"):
        part = table[table["variable"] == variable]
        for cause in ("subsequent_fracture", "death"):
            own = part[part["cause"] == cause]
            assert own["events"].sum() == total.loc[cause, "events"]
            assert own["person_years"].sum() == pytest.approx(total.loc[cause, "person_years"])


def test_the_verb_writes_the_tables(tmp_path):
    cohort = tmp_path / "cohort"
    settings = RefractureSettings(n=40, ct=False, faulty_share=0.0)
    make_refracture(settings, cohort, seed=1, workers=1)
    line = [
        "follow-up", "--imaging", cohort / "imaging.csv", "--events", cohort / "events.csv",
        "--vital", cohort / "vital_status.csv", "--clinical", cohort / "clinical.csv",
        "--schema", cohort / "clinical.schema.yaml", "-o", tmp_path / "out", "--json",
        "--set", "dated_covariates.t_score=dxa_date", "--set", "end_of_study=2021-12-31",
    ]  # fmt: skip
    result = CliRunner().invoke(cli.program, [str(part) for part in line], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["patients"] == 40
    assert len(read_table(FOLLOW_UP, tmp_path / "out" / "follow_up.parquet")) == 40
    assert json.loads((tmp_path / "out" / "flow.json").read_text())["final"]["patients"] == 40
