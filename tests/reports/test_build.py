import json
import sys

import pandas as pd
import pytest
from click.testing import CliRunner
from tests.reports.simulated import DrawnFilms, write_study

from osteon.cli import program
from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import BOX_COLUMNS, DETECTIONS
from osteon.core.tables import write_table
from osteon.errors import StudyError
from osteon.reports.build import ReportExtras, ReportPlan, build_report, evaluate_run
from osteon.reports.gallery import choose_errors, gallery_item, read_gallery, write_gallery
from osteon.reports.operating_points import write_operating_points
from osteon.reports.records import FrozenThreshold, Series
from osteon.reports.task import EvaluationSettings

PLAN = ReportPlan(
    "Hip fracture", "Is it broken?", "Later CT", HIP_CLASSES, 5,
    evaluation=EvaluationSettings(replicates=30),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, study)
    point = FrozenThreshold("suspicious", "positive", 0.25, "sensitivity at least 0.95", "tuning")
    write_operating_points([point], folder / "runs" / "run-1" / "operating_points.json")
    return folder


@pytest.fixture(scope="module")
def evaluated(folder, study):
    boxes = [
        {"sop_instance_uid": f"film{i}", "laterality": "R", "patient_id": "p", "fold": 0,
         "subset": "internal_test", "detection_score": 0.5, "case_id": [None, "film0:R"][i == 0],
         **dict.fromkeys(BOX_COLUMNS, 1.0)}
        for i in range(8)
    ]  # fmt: skip
    path = folder / "runs" / "run-1" / "detections.parquet"
    write_table(pd.DataFrame(boxes), DETECTIONS, path)
    return evaluate_run(folder, "run-1", PLAN, films=DrawnFilms(study.cases))


def test_a_run_is_evaluated_with_both_baselines_and_its_frozen_point(evaluated, folder):
    assert {one.predictor for one in evaluated.series} == {"model", "header", "thumbnail"}
    series = Series("external_test", "model", "automatic")
    assert evaluated.find(series, "at.suspicious.sensitivity") is not None
    assert evaluated.find(series, "at.closest_to_corner.sensitivity") is not None
    internal = Series("internal_test", "model", "automatic")
    assert evaluated.find(internal, "detection.extra").whole_patient.value == 7
    report = folder / "reports" / "run-1"
    stored = json.loads((report / "evaluation.json").read_text("utf-8"))
    assert stored == json.loads(json.dumps(evaluated.to_json()))
    table = pd.read_csv(report / "tables" / "measures.csv")
    assert len(table) == len(evaluated.measures)


def test_a_report_is_made_of_what_was_evaluated(evaluated, folder, study, png):
    errors = choose_errors(study.predictions, HIP_CLASSES, limit=3)
    items = [gallery_item(row, png, HIP_CLASSES) for _, row in errors.iterrows()]
    extras = ReportExtras(gallery=tuple(items))
    page = build_report(folder, "run-1", PLAN, made_on="1 January 2026", extras=extras)
    text = page.read_text("utf-8")
    assert "SYNTHETIC PATIENTS" in text
    assert items[0].title in text
    assert "Table 1: patients, images and hips" in text
    assert "train.manifest.json" in text
    assert "Training: classifier" in text
    assert "Synthetic patients: none was needed." in text
    again = build_report(folder, "run-1", PLAN, made_on="1 January 2026", extras=extras)
    assert again.read_text("utf-8") == text


def test_errors_are_wrong_test_cases_one_of_a_kind_surest_first(study):
    errors = choose_errors(study.predictions, HIP_CLASSES, limit=20)
    assert (errors["label"] != errors["predicted_label"]).all()
    assert set(errors["subset"]) <= {"internal_test", "external_test"}
    assert not errors.duplicated(["label", "predicted_label"]).any()
    assert errors["probability_called"].is_monotonic_decreasing
    assert len(errors) > 3


def test_a_gallery_is_kept_and_read(study, png, tmp_path):
    errors = choose_errors(study.predictions, HIP_CLASSES, limit=2)
    items = tuple(gallery_item(row, png, HIP_CLASSES) for _, row in errors.iterrows())
    write_gallery(items, tmp_path / "gallery")
    assert read_gallery(tmp_path / "gallery") == items
    assert read_gallery(tmp_path / "none") == ()


def test_what_has_not_run_is_said(folder, tmp_path):
    with pytest.raises(StudyError, match="run run-2 has no predictions"):
        evaluate_run(folder, "run-2", PLAN)
    with pytest.raises(StudyError, match="run run-2 is not evaluated"):
        build_report(folder, "run-2", PLAN, made_on="today")


def test_verbs_evaluate_and_report(study, tmp_path):
    folder = write_study(tmp_path / "study", study)
    (folder / "study.yaml").write_text("recipe: hip_fracture\npreset: demo\n")
    where = ["--study", str(folder), "--run", "run-1"]
    few = ["--set", "evaluation.replicates=20"]
    done = CliRunner().invoke(program, ["evaluate", *where, *few])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("SYNTHETIC PATIENTS")
    assert "the thumbnail baseline is left out" in done.stderr
    made = CliRunner().invoke(program, ["report", *where])
    assert made.exit_code == 0, made.output
    page = folder / "reports" / "run-1" / "index.html"
    assert made.output.strip() == str(page.resolve())
    text = page.read_text("utf-8")
    assert "Hip fracture identification and functional subclassification" in text
    assert "10.1148/ryai.2020190023" in text
    assert "16 × 16 thumbnail is missing" in text
    asked = CliRunner().invoke(program, ["evaluate", *where, *few, "--json"])
    assert json.loads(asked.stdout)["is_synthetic"] is True


def test_reports_need_no_torch(folder, evaluated):
    code = (
        "import sys\n"
        "import osteon.reports.build\n"
        "sys.exit('torch' in sys.modules)\n"
    )  # fmt: skip
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
