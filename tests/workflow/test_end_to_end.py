"""A whole study on a few coarse synthetic patients: every stage, then nothing left to do."""

import json
import re

import pytest
from click.testing import CliRunner

from osteon import cli, recipes
from osteon.core.files import hash_file
from osteon.core.schemas import CASES, PREDICTIONS, SPLITS
from osteon.core.tables import read_table
from osteon.models.package import open_package
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.workflow.packages import package_folder
from osteon.workflow.run import open_study
from osteon.workflow.stages.package import STAGE as PACKAGE

PATIENTS = 30
SETTINGS = """
recipe: hip_fracture
preset: demo
sources: [../films/films]
annotations: [../films/labels.csv]
seed: 5
workers: 1
film_side_px: 256
split: {proportions: {training: 0.5, tuning: 0.25, internal_test: 0.25}, allow_empty: [all]}
detector: {model: {encoder: resnet10_w16, image_size_px: 64}, fit: {epochs: 2, evaluate_every: 1}}
classifier: {model: {encoder: resnet10_w16, image_size_px: 32}, fit: {epochs: 2}}
gate: {model: {image_size_px: 32, width: 4}, fit: {epochs: 2, evaluate_every: 1}}
evaluation: {replicates: 50}
package: {box_source: manual}
"""


def osteon(*arguments):
    result = CliRunner().invoke(cli.program, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    coarse = HipsSettings(
        n=PATIENTS, pixel_size_mm=2.5, spacing_mm=4.0, films_per_study=(1, 1), masks=False,
        follow_up_share=0.0,
    )  # fmt: skip
    make_hips(coarse, root / "films", seed=5, workers=1)
    folder = root / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text(SETTINGS)
    osteon("run", folder)
    return folder


@pytest.fixture(scope="module")
def context(study):
    return open_study(study, recipes.load("hip_fracture"))


def test_no_patient_is_in_two_subsets(study):
    splits = read_table(SPLITS, study / "tables" / "splits.parquet")
    assert splits.groupby("patient_id")["subset"].nunique().max() == 1


def test_every_case_is_predicted_with_both_boxes(study, context):
    cases = read_table(CASES, study / "tables" / "cases.parquet")
    predictions = read_table(PREDICTIONS, context.run_folder / "predictions.parquet")
    for source in ("manual", "automatic"):
        assert set(predictions.loc[predictions["box_source"] == source, "case_id"]) == set(
            cases["case_id"]
        )


def test_thresholds_were_chosen_on_tuning_data(context):
    points = json.loads((context.run_folder / "operating_points.json").read_text())
    assert {point["name"] for point in points} >= {"suspicious", "definite"}
    assert {point["subset"] for point in points} == {"tuning"}


def test_the_package_is_good_and_says_it_is_synthetic(context):
    package = open_package(package_folder(context))
    assert package.card.synthetic
    assert set(package.card.parts) == {"classifier", "detector", "gate"}


def test_the_report_says_first_that_patients_are_synthetic(context):
    page = (context.report_folder / "index.html").read_text("utf-8")
    text = re.sub(r"<(style|script|title)\b.*?</\1>|<[^>]+>", " ", page, flags=re.S)
    assert "SYNTHETIC" in text[:400].upper()
    assert not re.search(r'src="https?://|<link|@import', page)


def test_every_stage_left_a_manifest(study, context):
    kept = {path.name for path in study.rglob("*manifest.json")}
    stages = (
        "ingest",
        "label",
        "cohort",
        "split",
        "prepare",
        "predict",
        "evaluate",
        "package",
        "report",
    )
    assert {f"{stage}.manifest.json" for stage in stages} <= kept
    for part in ("fold-0/detector", "fold-0/classifier", "gate"):
        assert (context.run_folder / part / "manifest.json").exists()


def test_a_second_run_has_nothing_to_do(study):
    output = osteon("run", study, "--json")
    reports = json.loads(output[output.index("[") :])
    assert [report["name"] for report in reports if report["ran"]] == []


def test_another_network_makes_another_package(context):
    made_from = set(PACKAGE.kept.inputs(context).values())
    weights = {hash_file(path) for path in context.run_folder.rglob("model.safetensors")}
    assert len(weights) == 3
    assert weights <= made_from


def test_a_deleted_result_is_made_again(study, context):
    evaluation = context.report_folder / "evaluation.json"
    before = json.loads(evaluation.read_text())
    evaluation.unlink()
    printed = osteon("run", study)
    assert json.loads(evaluation.read_text())["measures"] == before["measures"]
    assert "evaluate: already done" not in printed


def test_a_film_is_read_with_the_study_s_own_package(study, context, tmp_path):
    films = sorted(read_table(CASES, study / "tables" / "cases.parquet")["path"].unique())[:6]
    output = osteon("read", *films, "--model", package_folder(context), "-o", tmp_path / "out")
    assert "SYNTHETIC" in output.splitlines()[0].upper()
    assert (tmp_path / "out" / "index.html").exists()
