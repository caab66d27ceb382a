"""Each kind of leakage is found when it is planted, and a clean study is clean."""

import numpy as np
import pandas as pd
import pytest
from tests.cohort.cohort_tables import cases_of, instances_of
from tests.pixels.copied_films import people

from osteon.cohort.leakage.acquisition import acquisition_table, cramers_v
from osteon.cohort.leakage.audit import AuditInput, LeakageSettings, audit_leakage
from osteon.cohort.leakage.finding import TITLES
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import IDENTITIES, LEAKAGE_CHECKS, SPLITS
from osteon.core.settings import load_settings
from osteon.errors import SettingsError
from osteon.pixels.fingerprint import RECORD, film_fingerprint

FILMS = people(12, seed=4)
PLACES = ["training"] * 6 + ["tuning"] * 3 + ["internal_test"] * 3


def world(**changes):
    """Twelve patients with one film of two hips each; ``f3=...`` changes film 3."""
    films = [
        {
            "sop_instance_uid": f"1.{n:02d}", "patient_id": f"P{n:02d}", "study_date": "20200101",
            "accession_number": f"A{n}", "study_instance_uid": f"2.{n}",
            "manufacturer": "Maker" if n % 4 < 2 else "Builder",
        }
        for n in range(12)
    ]  # fmt: skip
    for place, values in changes.items():
        films[int(place[1:])] |= values
    rows = [
        {**film, "laterality": side, "label": "no_fracture" if n % 2 else "intertrochanteric"}
        for n, film in enumerate(films)
        for side in "LR"
    ]
    for row in rows:
        row["label"] = row.pop("labels", {}).get(row["laterality"], row["label"])
    instances = instances_of([{k: v for k, v in f.items() if k != "labels"} for f in films])
    patients = sorted({film["patient_id"] for film in films})
    places = {film["patient_id"]: PLACES[n] for n, film in enumerate(films)}
    splits = SPLITS.checked(
        pd.DataFrame({"patient_id": patients, "fold": 0, "subset": [places[p] for p in patients]})
    )
    return cases_of(rows), instances, splits


def audit(tables, *, films=None, persons=None, identities=None, accept=None):
    cases, instances, splits = tables
    prints = None if films is None else np.array([film_fingerprint(f) for f in films], RECORD)
    same = IDENTITIES.empty() if identities is None else IDENTITIES.checked(identities)
    data = AuditInput(cases, instances, splits, prints, persons or {}, same)
    return audit_leakage(data, LeakageSettings(accept=accept or {}), HIP_CLASSES, seed=1)


def checks(found):
    return {item.check for item in found.refusing}


def test_a_clean_study_is_clean():
    found = audit(world(), films=FILMS)
    assert not found.refusing
    assert found.as_json()["is_clean"]
    assert set(found.counts()) == set(TITLES) == set(LEAKAGE_CHECKS)
    assert found.table().empty


def test_a_patient_in_two_subsets_is_found():
    cases, instances, splits = world()
    more = splits.iloc[[0]].assign(subset="tuning", patient_id="P00")
    both = pd.concat([splits, more], ignore_index=True)  # a table no split makes
    found = audit((cases, instances, both))
    assert {"shared_patient", "same_hip", "shared_accession"} <= checks(found)


def test_an_accession_in_two_subsets_is_found():
    found = audit(world(f7={"accession_number": "A1"}))
    assert checks(found) == {"shared_accession"}
    finding = found.refusing[0]
    assert (finding.first_subset, finding.second_subset) == ("training", "tuning")


def test_linked_ids_in_two_subsets_are_found():
    found = audit(world(), persons={"P00": "x", "P11": "x"})
    assert checks(found) == {"same_person_two_ids", "same_hip"}
    assert not audit(world(), persons={"P00": "x", "P01": "x"}).refusing


def test_one_birth_date_sex_and_name_under_two_ids_is_found():
    same = pd.DataFrame({"identity": ["h", "h"], "patient_id": ["P01", "P10"]})
    assert "same_person_two_ids" in checks(audit(world(), identities=same))
    inside = pd.DataFrame({"identity": ["h", "h"], "patient_id": ["P01", "P02"]})
    found = audit(world(), identities=inside)
    assert not found.refusing
    assert found.counts()["same_person_two_ids"] == 1  # a warning, for a person to look at


def test_a_copy_in_another_subset_is_found_and_names_its_person():
    films = [*FILMS[:11], FILMS[2][8:180, 5:150]]
    found = audit(world(), films=films)
    assert {"near_duplicate_pixels", "same_person_two_ids"} <= checks(found)
    pair = next(item for item in found.findings if item.check == "near_duplicate_pixels")
    assert (pair.first, pair.second) == ("1.02", "1.11")
    assert pair.strength > 0.95


def test_a_later_film_with_the_implant_is_found_under_another_id():
    tables = world(
        f0={"labels": {"L": "intertrochanteric", "R": "no_fracture"}},
        f11={"labels": {"L": "internal_fixation", "R": "no_fracture"}, "study_date": "20200301"},
    )
    found = audit(tables, persons={"P00": "x", "P11": "x"})
    operated = [item for item in found.findings if item.check == "post_operative_film"]
    assert [(item.first, item.second) for item in operated] == [("1.00:L", "1.11:L")]


def test_accepted_findings_do_not_stop_and_need_a_reason():
    tables = world(f7={"accession_number": "A1"})
    reason = "Accession numbers were reused by the archive in 2019"
    found = audit(tables, accept={"shared_accession": reason})
    assert not found.refusing
    assert found.counts()["shared_accession"] == 1
    for wrong in ({"shared_accession": "ok"}, {"nothing": reason}):
        with pytest.raises(SettingsError):
            load_settings(LeakageSettings, {"accept": wrong})


def test_each_fold_is_looked_at_and_counted_once():
    cases, instances, splits = world()
    cases["accession_number"] = cases["accession_number"].replace({"A7": "A1"})
    other = splits.assign(fold=1, subset=np.roll(splits["subset"], 3))
    found = audit((cases, instances, SPLITS.checked(pd.concat([splits, other]))))
    assert [item.fold for item in found.refusing] == [0]


def many(tell):
    generator = np.random.default_rng(0)
    rows = []
    for n in range(120):
        label = str(generator.choice(["no_fracture", "intertrochanteric"]))
        maker = tell if label == "no_fracture" and tell else str(generator.choice(["A", "B"]))
        rows.append(
            {"patient_id": f"P{n}", "sop_instance_uid": f"1.{n}", "laterality": "L",
             "label": label, "manufacturer": maker}
        )  # fmt: skip
    return cases_of(rows)


def test_a_scanner_that_tells_the_class_comes_first_and_noise_does_not():
    cases = many("Portable")
    columns = pd.DataFrame({"noise": ["x", "y"] * 60, "manufacturer": cases["manufacturer"]})
    table = acquisition_table(cases, columns.set_axis(cases.index), seed=1, replicates=100)
    assert table["field"].to_list() == ["manufacturer", "noise"]
    strongest = table.iloc[0]
    assert strongest["low"] > 0.5
    assert strongest["p_adjusted"] < 1e-6
    assert (table["p_adjusted"] >= table["p_value"]).all()
    assert table.iloc[1]["p_adjusted"] > 0.05
    assert table["low"].le(table["high"]).all()


def test_cramers_v_is_corrected_for_chance():
    assert cramers_v(np.array([[30.0, 0], [0, 30]])) == pytest.approx(1.0)
    # Bergsma 2013: chance alone gives a V above 0; corrected, a table just at its expectation is 0
    assert cramers_v(np.array([[10.0, 11], [11, 10]])) == 0.0
    assert np.isnan(cramers_v(np.array([[3.0, 4.0]])))
