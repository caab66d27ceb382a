"""`osteon flow` prints what the study's tables say."""

import json
from dataclasses import asdict

import pytest
from click.testing import CliRunner
from cohort_tables import instances_of, labels_of

from osteon import recipes
from osteon.cli.flow import command
from osteon.cohort.cases import build_cases
from osteon.cohort.split import SplitSettings, split_patients
from osteon.errors import StudyError
from osteon.sources.report_scope import SearchStep
from osteon.workflow.run import open_study


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("recipe: hip_fracture\n")
    return folder


def test_it_says_which_command_comes_first(study):
    result = CliRunner().invoke(command, [str(study)])
    assert isinstance(result.exception, StudyError)
    assert "--until split" in result.exception.remedy


def test_the_columns_add_up(study):
    recipe = recipes.load("hip_fracture")
    context = open_study(study, recipe)
    films = [
        {
            "sop_instance_uid": f"1.{number}", "patient_id": f"P{number}", "rows": 90,
            "modality": "CT" if number == 3 else "DX", "patient_age_years": 70.0,
            "columns": 90, "number_of_frames": 1, "samples_per_pixel": 1,
            "body_part_examined": "HIP", "view_position": "AP", "bits_allocated": 16,
            "photometric_interpretation": "MONOCHROME2",
        }
        for number in range(12)
    ]  # fmt: skip
    instances = instances_of(films)
    labels = labels_of(
        [{"sop_instance_uid": f"1.{n}", "laterality": side} for n in range(11) for side in "LR"]
    )
    cases, exclusions = build_cases(instances, labels, recipe.eligibility)
    splits, _ = split_patients(cases, SplitSettings(allow_empty=("all",)), 0)
    for name, frame in (
        ("instances", instances), ("labels", labels), ("cases", cases), ("splits", splits),
    ):  # fmt: skip
        context.study.write(name, frame)
    context.study.write_exclusions("cohort", exclusions)
    text = CliRunner().invoke(command, [str(study)], catch_exceptions=False).output
    rows = {line[:52].strip(): line[52:].split() for line in text.splitlines()}
    assert rows["read or labelled"] == ["12", "22", "12"]
    assert rows["in the study"] == ["10", "20", "10"]
    assert sum(int(rows[name][1]) for name in ("training", "tuning", "internal_test")) == 20
    content = json.loads(CliRunner().invoke(command, [str(study), "--json"]).output)
    assert content["final"] == {"images": 10, "hips": 20, "patients": 10}
    steps = [asdict(SearchStep("no_hit", "None of the terms", 5, 10))]
    (study / "counts.json").write_text(json.dumps({"steps": steps}))
    (study / "study.yaml").write_text("recipe: hip_fracture\nreport_search: counts.json\n")
    lines = CliRunner().invoke(command, [str(study)]).output.splitlines()
    assert lines[2].split() == ["films", "asked", "for", "10"]
    (study / "counts.json").write_text("{}")
    assert isinstance(CliRunner().invoke(command, [str(study)]).exception, StudyError)
