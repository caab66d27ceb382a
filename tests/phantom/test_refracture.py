"""A synthetic cohort: outcomes follow the truth, files are complete, repeatable and resumable."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pydicom
import pytest
from click.testing import CliRunner

from osteon import cli
from osteon.core.files import hash_file
from osteon.core.rng import generator
from osteon.core.schemas import EVENTS
from osteon.errors import SettingsError
from osteon.phantom.anatomy import build_body
from osteon.phantom.ct import hounsfield
from osteon.phantom.materials import Material
from osteon.phantom.outcomes import draw_outcome, site_hazards
from osteon.phantom.refracture import make_refracture, plan_cohort
from osteon.phantom.refracture_settings import RefractureSettings
from osteon.phantom.refracture_tables import cohort_tables
from osteon.phantom.scan import add_contrast, as_scanned, in_slices
from osteon.phantom.specs import BodySpec
from osteon.pixels.volume import read_volume
from osteon.sources.clinical_schema import load_schema
from osteon.sources.clinical_table import read_clinical
from osteon.statistics import concordance_index_harrell

QUICK = RefractureSettings(n=3, spacing_mm=4.0)
RICH = {"fracture_risk": [0.25, 0.45, 0.65]}


@pytest.fixture(scope="module")
def cohort():
    settings = RefractureSettings(n=700).changed(
        {"sites": {"development": RICH, "outside": RICH}, "faulty_share": 0.2}
    )
    return settings, cohort_tables(plan_cohort(settings, 3))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refracture")
    return folder, make_refracture(QUICK, folder, seed=5, workers=1)


def hashes(folder):
    return {
        str(path.relative_to(folder)): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_observed_shares_are_the_papers():
    """Kim et al. 2024: 113 of 1,012 and 22 of 468; within four standard errors."""
    truth = cohort_tables(plan_cohort(RefractureSettings(n=1480), 1))["truth"]
    for site, wanted in (("development", 0.112), ("outside", 0.047)):
        cause = truth.loc[truth["site"] == site, "cause"]
        error = np.sqrt(wanted * (1 - wanted) / len(cause))
        assert abs((cause == 1).mean() - wanted) < 4 * error


def test_the_truth_orders_events_and_the_clinic_knows_less(cohort):
    truth = cohort[1]["truth"]
    event = (truth["cause"] == 1).astype(int)
    time = truth["time_days"]
    best = concordance_index_harrell(time, event, truth["log_hazard_fracture"]).value
    by_age = concordance_index_harrell(time, event, truth["age_years"]).value
    assert best > 0.78
    assert 0.55 < by_age < best - 0.08
    permuted = np.random.default_rng(0).permutation(truth["log_hazard_fracture"])
    assert concordance_index_harrell(time, event, permuted).value == pytest.approx(0.5, abs=0.05)


def test_a_higher_hazard_gives_earlier_events():
    site = RefractureSettings().sites["development"]
    hazards = site_hazards(site, 30)
    for seed in range(50):
        days = [
            draw_outcome(site, hazards, value, value, generator(seed)).fracture_day
            for value in (-1.0, 0.0, 1.0)
        ]
        assert days == sorted(days, reverse=True)
        assert days[-1] >= 30


def test_densitometry_is_missing_by_what_is_known(cohort):
    clinical, truth = cohort[1]["clinical"], cohort[1]["truth"]
    measured = clinical["t_score"].notna()
    assert 0.2 < measured.mean() < 0.5
    men = truth["is_male"] == 1
    assert measured[~men].mean() > measured[men].mean()
    late = clinical["dxa_date"] > truth["index_date"]
    assert 0 < late.sum() < 0.15 * measured.sum()


def test_events_are_a_valid_table_with_every_fault(cohort):
    tables = cohort[1]
    EVENTS.checked(tables["events"])
    assert set(tables["truth"]["fault"].dropna()) >= {
        "death_before_index", "negative_follow_up", "no_follow_up", "index_dates_differ",
    }  # fmt: skip
    assert len(tables["vital_status"]) < len(tables["truth"])
    assert len(tables["imaging"]) > len(tables["truth"])


def test_more_patients_keep_the_first():
    few = cohort_tables(plan_cohort(RefractureSettings(n=3), 9))["truth"]
    more = cohort_tables(plan_cohort(RefractureSettings(n=6), 9))["truth"]
    pd.testing.assert_frame_equal(few, more.head(3), check_dtype=False)


def test_clinical_table_reads_by_its_schema(made):
    folder, _ = made
    assert (folder / "clinical.csv").read_text().startswith("# Synthetic")
    table = read_clinical(
        folder / "clinical.csv",
        load_schema(folder / "clinical.schema.yaml"),
        today=date(2030, 1, 1),
    )
    assert len(table.frame) == 3
    assert not len(table.faults)


def test_workers_and_interruption_change_nothing(made, tmp_path):
    folder, report = made
    assert report.made_now == 3
    make_refracture(QUICK.changed({"n": 1}), tmp_path, seed=5, workers=1)
    next((tmp_path / "ct").rglob("*.dcm")).unlink()
    again = make_refracture(QUICK, tmp_path, seed=5, workers=2)
    assert again.made_now == 3
    assert hashes(tmp_path) == hashes(folder)
    assert make_refracture(QUICK, tmp_path, seed=5, workers=1).is_up_to_date


def test_series_are_volumes_with_both_hips(made):
    folder, _ = made
    series = next((folder / "ct").iterdir())
    header = pydicom.dcmread(next(series.glob("*.dcm")), stop_before_pixels=True)
    assert header.InstitutionName.endswith("(synthetic)")
    volume = read_volume(series)
    assert volume.hu.max() > 700


@pytest.mark.parametrize("position", ["HFS", "FFS", "HFP", "FFP"])
def test_position_moves_the_storage_not_the_patient(position):
    body = build_body(BodySpec(seed=1), 4.0)
    hu = hounsfield(body)
    stored, affine = as_scanned(hu, body.affine, position)
    point = np.array([70.0, 20.0, 30.0])
    here = body.affine.to_lps_mm(point)
    there = np.rint(affine.to_indices(here)).astype(int)
    assert stored[tuple(there)] == hu[70, 20, 30]
    assert (position == "HFS") == np.array_equal(stored, hu)


def test_slices_are_means_at_their_place():
    body = build_body(BodySpec(seed=1), 4.0)
    hu = hounsfield(body)
    thick, affine = in_slices(hu, body.affine, 2)
    assert thick.shape[0] == hu.shape[0] // 2
    assert thick[20, 20, 30] == np.rint(hu[40:42, 20, 30].mean())
    middle = body.affine.to_lps_mm(np.array([40.5, 20.0, 30.0]))
    np.testing.assert_allclose(affine.to_lps_mm(np.array([20.0, 20.0, 30.0])), middle)


def test_contrast_brightens_arteries_alone():
    spec = BodySpec(seed=1)
    plain, filled = build_body(spec, 4.0), build_body(spec, 4.0)
    add_contrast(filled, spec)
    rise = hounsfield(filled).astype(int) - hounsfield(plain)
    assert rise.max() > 150
    assert 0 < (rise > 20).mean() < 0.01


def test_fat_in_muscle_shows():
    """More infiltration: less muscle, and muscle that attenuates less; bone stays as it is."""
    means, shares = [], []
    for share in (0.0, 0.25, 0.5):
        spec = BodySpec(seed=1)
        body = build_body(replace(spec, soft=replace(spec.soft, muscle_fat_share=share)), 4.0)
        hu = hounsfield(body)
        muscle = body.material == Material.SOFT_TISSUE
        means.append(hu[muscle].mean())
        shares.append(muscle.sum())
    assert means[0] > means[1] > means[2]
    assert shares[0] > shares[1] > shares[2]


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(SettingsError, match="ascend"):
        RefractureSettings().changed({"sites": {"outside": {"fracture_risk": [0.2, 0.1, 0.3]}}})


def test_the_verb_makes_tables_alone(tmp_path):
    line = ["phantom", "refracture", "-n", "60", "-o", str(tmp_path), "--tables-only", "--json"]
    result = CliRunner().invoke(cli.program, [*line, "--workers", "1"], catch_exceptions=False)
    told = json.loads(result.stdout)
    assert told["patients"] == 60
    assert told["ceilings"]["all"]["log_hazard"]["concordance_index_harrell"][0] > 0.5
    assert not (tmp_path / "ct").exists()
