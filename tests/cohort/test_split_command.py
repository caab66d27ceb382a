"""`osteon split` as a person meets it."""

import json

import pytest
from click.testing import CliRunner
from cohort_tables import cases_of

from osteon.cli.split import command
from osteon.core.schemas import CASES
from osteon.core.tables import write_table
from osteon.errors import StudyError, UsageError


def run(study, *options):
    result = CliRunner().invoke(command, ["--study", str(study), *options])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.output


@pytest.fixture
def study(tmp_path, cohort):
    (tmp_path / "tables").mkdir()
    write_table(cohort, CASES, tmp_path / "tables/cases.parquet")
    return tmp_path


def test_the_table_and_the_tests_are_printed(study):
    text = run(study, "--proportions", "training=0.5,tuning=0.25,internal_test=0.25")
    assert "nondisplaced_femoral_neck" in text
    assert "chi-square over classes" in text
    assert "400 patients placed now" in text
    assert "0 patients placed now, 400 stay" in run(
        study, "--proportions", "training=0.5,tuning=0.25,internal_test=0.25"
    )


def test_json_is_whole(study):
    content = json.loads(run(study, "--folds", "3", "--json"))
    assert [part["part"] for part in content["parts"]] == ["fold 0", "fold 1", "fold 2"]


def test_an_absent_class_exits_with_its_reason_and_a_remedy(tmp_path):
    (tmp_path / "tables").mkdir()
    rows = [
        {"patient_id": f"P{n}", "sop_instance_uid": f"1.{n}", "laterality": "L", "label": label}
        for n, label in enumerate(["no_fracture"] * 9 + ["arthroplasty"])
    ]
    write_table(cases_of(rows), CASES, tmp_path / "tables/cases.parquet")
    with pytest.raises(StudyError, match="arthroplasty is absent") as error:
        run(tmp_path)
    assert error.value.exit_code == 4
    assert error.value.remedy == "pass --allow-empty arthroplasty"
    run(tmp_path, "--allow-empty", "arthroplasty")


def test_wrong_shares_are_a_usage_error(study):
    with pytest.raises(UsageError):
        run(study, "--proportions", "training=most")
    with pytest.raises(UsageError):
        run(study, "--proportions", "training=0.9")
