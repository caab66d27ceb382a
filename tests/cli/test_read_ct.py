import json

import pandas as pd
import pytest
from click.testing import CliRunner
from tests.prediction.conftest import make_film, make_package
from tests.prediction.ct_files import dicom_ct, nifti_ct
from tests.prediction.survival_packages import SPEC, make_survival_package

from osteon.cli.package import command as package_command
from osteon.cli.read import command
from osteon.errors import DataError, UsageError

AGED = SPEC.changed({"clinical": ["patient_age_years"]})


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_survival_package(tmp_path_factory.mktemp("package") / "tiny")


def run(*arguments, verb=command):
    return CliRunner().invoke(verb, [str(item) for item in arguments], catch_exceptions=True)


def test_a_ct_is_read_by_a_package_of_its_kind(package, tmp_path):
    ct = nifti_ct(tmp_path / "P1.nii.gz")
    result = run(ct, "--model", package, "-o", tmp_path / "out", "--no-heat-maps")
    assert result.exit_code == 0, result.output
    assert "SYNTHETIC" in result.stdout.splitlines()[0]
    assert "P1: risk of a subsequent fracture within 2 years" in result.output
    assert (tmp_path / "out" / "index.html").exists()
    result = run(ct, "--model", package, "-o", tmp_path / "out", "--no-heat-maps", "--json")
    (record,) = json.loads(result.stdout[result.stdout.index("[") :])
    assert record["status"] == "read"
    assert [risk["days"] for risk in record["risk"]["risks"]] == [730, 1095, 1825]


def test_a_film_is_nothing_for_a_survival_package_and_a_ct_nothing_for_films(package, tmp_path):
    film = make_film(tmp_path / "film.dcm", SeriesInstanceUID="1.2.3")
    result = run(film, "--model", package, "-o", tmp_path / "out")
    assert isinstance(result.exception, DataError)
    assert result.exception.exit_code == 3
    assert "this package reads CTs" in result.output
    films = make_package(tmp_path / "films")
    (ct,) = (nifti_ct(tmp_path / "in" / "P1.nii.gz"),)
    dicom_ct(tmp_path / "in" / "dicom")
    result = run(tmp_path / "in", "--model", films, "-o", tmp_path / "out-films")
    assert isinstance(result.exception, DataError)
    assert f"{ct.name}: refused: NIfTI holds volumes, and this package reads films" in result.output
    assert "Modality is CT, wanted CR, DX or RG" in result.output


def test_options_of_the_other_kind_are_refused(package, tmp_path):
    ct = nifti_ct(tmp_path / "P1.nii.gz")
    table = tmp_path / "clinical.csv"
    table.write_text("patient_id,patient_age_years\nP1,80\n")
    films = make_package(tmp_path / "films")
    result = run(ct, "--model", films, "-o", tmp_path / "out", "--clinical", table)
    assert isinstance(result.exception, UsageError)
    result = run(ct, "--model", package, "-o", tmp_path / "out", "--clinical-schema", table)
    assert isinstance(result.exception, UsageError)


def test_clinical_values_come_from_a_table(tmp_path):
    package = make_survival_package(tmp_path / "aged", spec=AGED)
    ct = nifti_ct(tmp_path / "P1.nii.gz")
    table = tmp_path / "clinical.csv"
    pd.DataFrame({"patient_id": ["P1"], "patient_age_years": [80]}).to_csv(table, index=False)
    result = run(
        ct, "--model", package, "-o", tmp_path / "out", "--clinical", table, "--no-heat-maps",
        "--json",
    )  # fmt: skip
    (record,) = json.loads(result.stdout[result.stdout.index("[") :])
    assert record["clinical"] == {"patient_age_years": 80.0}
    table.write_text("patient_id,patient_age_years\nP1,\n")
    result = run(
        ct, "--model", package, "-o", tmp_path / "out", "--clinical", table, "--no-heat-maps"
    )
    assert "patient_age_years is missing" in result.output
    result = run(ct, "--model", package, "-o", tmp_path / "out")
    assert isinstance(result.exception, UsageError)


def test_the_package_is_described_and_checked(package):
    text = run("info", package, verb=package_command).output
    assert "SYNTHETIC" in text.splitlines()[0]
    assert "risks told at: 2 years (730 days), 3 years (1095 days), 5 years (1825 days)" in text
    assert "40 training patients" in text
    assert run("verify", package, verb=package_command).output.startswith(f"{package}: good")
