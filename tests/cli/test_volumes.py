import json

import numpy as np
import pytest
from click.testing import CliRunner

from osteon.cli import program
from osteon.core.geometry import Affine
from osteon.core.schemas import EXCLUSIONS, VOLUMES
from osteon.core.tables import read_table
from osteon.dicom.identity import PatientTags
from osteon.dicom.write_ct import write_ct
from osteon.errors import UsageError
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.sources.ingest import ingest

HU = np.random.default_rng(0).integers(-500, 500, (12, 5, 4)).astype(np.int16)
AFFINE = Affine.from_spacing((2.0, 1.0, 1.0), (0.0, 0.0, 0.0))
ANY = ("--set", "hips=any", "--set", "shortest_mm=0", "--workers", 1)


def run(*arguments):
    return CliRunner().invoke(program, ["volumes", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def export(tmp_path):
    for patient, date in (("P1", "20200101"), ("P1", "20210101"), ("P2", "20200101")):
        tags = PatientTags(patient, "F", 80, study_key=date, study_date=date)
        write_ct(HU, AFFINE, tags, tmp_path / "export" / patient / date)
    (tmp_path / "export/P2/20200101/0004.dcm").unlink()
    return tmp_path / "export"


def test_an_export_is_listed_with_choice_and_reasons(export):
    text = run(export, *ANY).stdout
    assert "2 volumes of 1 patients, 1 chosen" in text
    assert "* P1  20210101  12 x 2.00 mm" in text
    assert "other_imaging_study" in text
    assert "1  missing_slices" in text
    found = json.loads(run(export, *ANY, "--json").stdout)
    assert [row["is_chosen"] for row in found["volumes"]].count(True) == 1
    assert found["no_volumes"][0]["reason"] == "missing_slices"


def test_rules_gaps_and_dates_can_be_given(export, tmp_path):
    dates = tmp_path / "dates.csv"
    dates.write_text("patient_id,index_date\nP1,2020-06-01\n")
    text = run(export, *ANY, "--fill-gaps", 4, "--index-dates", dates).stdout
    assert "3 volumes of 2 patients, 2 chosen" in text
    assert "* P1  20200101" in text
    assert "after_index_date" in text
    assert "too_short" in run(export, "--workers", 1).stdout


def test_a_study_gets_its_tables(export, tmp_path):
    study = tmp_path / "study"
    ingest([export], study, workers=1)
    run("--study", study, *ANY)
    volumes = read_table(VOLUMES, study / "tables/volumes.parquet")
    assert list(volumes["is_chosen"]).count(True) == 1
    left_out = read_table(EXCLUSIONS, study / "tables/exclusions-volumes.parquet")
    assert list(left_out["reason"]) == ["missing_slices"]


def test_a_source_or_a_study_is_asked_for(export, tmp_path):
    for arguments in ((), (export, "--study", tmp_path)):
        with pytest.raises(UsageError, match="give SOURCES or --study"):
            run(*arguments)


def test_synthetic_patients_with_films_and_cts_are_sorted(tmp_path):
    settings = HipsSettings(n=1, ct=True, spacing_mm=4.0, pixel_size_mm=4.0, follow_up_share=0)
    make_hips(settings, tmp_path / "hips", 3, 1)
    found = json.loads(run(tmp_path / "hips", "--workers", 1, "--json").stdout)
    (row,) = found["volumes"]
    assert (row["is_chosen"], row["hips_in_view"], row["patient_position"]) == (True, 2, "HFS")
    assert {item["reason"] for item in found["no_volumes"]} == {"not_ct"}
