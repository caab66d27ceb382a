"""A study with a planted copy is stopped before training, until the copy is accepted in writing."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.cohort.cohort_tables import cases_of, instances_of
from tests.pixels.copied_films import people
from tests.pixels.films import make_film, save_film

from osteon import recipes
from osteon.cli.audit_leakage import command
from osteon.core.files import hash_file
from osteon.core.schemas import CASES, INSTANCES, LEAKAGE, SPLITS
from osteon.core.tables import read_table, write_table
from osteon.errors import StudyError
from osteon.reports.leakage_page import leakage_page
from osteon.workflow.films import pixel_cache
from osteon.workflow.leakage import audit_study
from osteon.workflow.run import load_stage, open_study
from osteon.workflow.stage import run_stage

SETTINGS = "recipe: hip_fracture\npreset: demo\nfilm_side_px: 256\nworkers: 1\n"
REASON = "The same film was sent twice on purpose, to test the audit"


@pytest.fixture
def study(tmp_path):
    films = people(5, seed=8)
    films[4] = np.ascontiguousarray(films[0][6:190, 10:150])
    rows = []
    for number, film in enumerate(films):
        pixels = np.rint(film * 4095).astype(np.uint16)
        path = save_film(make_film(pixels), tmp_path / f"film{number}.dcm")
        rows.append(
            {"sop_instance_uid": f"1.{number}", "patient_id": f"P{number}", "path": str(path),
             "content_hash": hash_file(path), "laterality": "L", "label": "no_fracture"}
        )  # fmt: skip
    (tmp_path / "study.yaml").write_text(SETTINGS)
    tables = tmp_path / "tables"
    plain = [{k: v for k, v in row.items() if k not in ("label", "laterality")} for row in rows]
    write_table(instances_of(plain), INSTANCES, tables / "instances.parquet")
    write_table(cases_of(rows), CASES, tables / "cases.parquet")
    places = ["training", "training", "tuning", "internal_test", "internal_test"]
    splits = {"patient_id": [f"P{n}" for n in range(5)], "fold": 0, "subset": places}
    write_table(pd.DataFrame(splits), SPLITS, tables / "splits.parquet")
    return tmp_path


def opened(study):
    context = open_study(study, recipes.load("hip_fracture"))
    excluded = pixel_cache(context).prepare(context.study.read("cases"), workers=1)
    context.study.write_exclusions("prepare", excluded)
    return context


def test_the_stage_refuses_and_a_written_reason_lets_it_go_on(study):
    stage = load_stage("audit_leakage")
    with pytest.raises(StudyError, match="near_duplicate_pixels") as error:
        run_stage(stage, opened(study))
    assert "study.yaml" in error.value.remedy
    table = read_table(LEAKAGE, study / "tables/leakage.parquet")
    assert set(table["check"]) == {"near_duplicate_pixels", "same_person_two_ids", "same_hip"}
    page = (study / "reports/leakage/index.html").read_text("utf-8")
    assert "training must not go on" in page
    accept = dict.fromkeys(set(table["check"]), REASON)
    (study / "study.yaml").write_text(SETTINGS + f"leakage: {json.dumps({'accept': accept})}\n")
    context = opened(study)
    assert run_stage(stage, context).ran
    assert not run_stage(stage, context).ran
    notes = " ".join(leakage_page(audit_study(context), is_synthetic=True).notes)
    assert REASON in notes


def test_the_command_says_what_it_found_and_exits_with_4(study):
    opened(study)
    result = CliRunner().invoke(command, ["--study", str(study), "--json"])
    assert result.exception.exit_code == 4
    content = json.loads(result.output)
    assert not content["is_clean"]
    assert content["films_compared"] == 5
    assert content["counts"]["near_duplicate_pixels"] == 1


def test_it_comes_before_training_in_every_recipe_that_trains():
    for name in recipes.names():
        stages = recipes.load(name).stages
        for training in (stage for stage in stages if stage.startswith("train")):
            audit = next(stage for stage in stages if stage.startswith("audit"))
            assert stages.index(audit) < stages.index(training)
