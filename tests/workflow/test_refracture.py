"""A whole survival study on a few coarse synthetic patients: every stage, then nothing to do."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from osteon import cli, recipes
from osteon.core.schemas import RISK_SCORES, SURVIVAL_CURVES
from osteon.core.tables import read_table
from osteon.errors import StudyError, UsageError
from osteon.models.package import open_package
from osteon.prediction.ct_read import CtReader, CtReadSettings
from osteon.prediction.ct_sources import find_cts
from osteon.prediction.survival_run_folder import CURVES_NAME, SCORES_NAME
from osteon.workflow.packages import package_folder
from osteon.workflow.run import load_stage, open_study
from osteon.workflow.study import read_study_file

SMALL = (
    "synthetic.n=90", "workers=1", "seeds=2", "network.fit.epochs=1",
    "network.model.image_size_px=32",
    "clinical_model.risk_factors=[patient_age_years, is_male]",
    "analysis.replicates=50", "shown_patients=1",
)  # fmt: skip
SETS = [word for setting in SMALL for word in ("--set", setting)]


def osteon(*arguments):
    result = CliRunner().invoke(cli.program, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refracture") / "study"
    osteon("init", "refracture", folder)
    osteon("run", folder, "--preset", "demo", *SETS)
    return folder


@pytest.fixture(scope="module")
def context(study):
    return open_study(study, recipes.load("refracture"), SMALL)


def test_the_preset_of_a_run_is_kept(study):
    assert read_study_file(study)["preset"] == "demo"


def test_every_model_scores_the_same_cases(context):
    scores = read_table(RISK_SCORES, context.run_folder / SCORES_NAME)
    assert {"ensemble", "frontal", "lateral", "axial", "clinical", "mean_brightness"} <= set(
        scores["model"]
    )
    cases = context.study.read("patient_cases")["case_id"].nunique()
    assert (scores.groupby("model")["case_id"].nunique() == cases).all()


def test_every_scanned_patient_is_a_case_or_left_out_with_a_reason(context):
    study = context.study
    scanned = set(study.read("instances")["patient_id"])
    kept = set(study.read("patient_cases")["patient_id"])
    left = pd.concat([study.read_exclusions(name) for name in ("follow_up", "patients")])
    assert scanned == kept | set(left["key"])
    assert not kept & set(left["key"])


def test_no_patient_is_in_two_subsets(context):
    splits = context.study.read("splits")
    assert (splits.groupby("patient_id")["subset"].nunique() == 1).all()
    outside = context.study.read("patient_cases").merge(splits, on="patient_id")
    is_outside = outside["institution_name"].str.startswith("Outside")
    assert (outside.loc[is_outside, "subset"] == "external_test").all()


def test_the_report_says_first_that_the_patients_are_synthetic(context):
    page = (context.report_folder / "index.html").read_text("utf-8")
    assert "synthetic" in page[: page.index("<h1")].lower()
    assert "seed by seed" in page
    assert "Known ceiling" in page or "known ceiling" in page
    shown = list((context.report_folder / "patients").glob("*.json"))
    assert len(shown) == 1
    assert json.loads(shown[0].read_text("utf-8"))["note"].startswith("SYNTHETIC")


def test_its_package_says_of_a_ct_what_the_study_says(study, context, tmp_path):
    """The axis of the whole: files of a patient through the package, and through the stages."""
    package = open_package(package_folder(context))
    scores = read_table(RISK_SCORES, context.run_folder / SCORES_NAME)
    own = scores[(scores["model"] == "ensemble") & (scores["subset"] == "internal_test")]
    patient = str(own["patient_id"].iloc[0])
    instances = context.study.read("instances")
    files = instances.loc[instances["patient_id"] == patient, "path"]
    folders = sorted({Path(path).parent for path in files})
    reader = CtReader(package, settings=CtReadSettings(heat_maps=False))
    found = find_cts(folders, tmp_path, reader.package.card.preprocessing, workers=1)
    (ct,) = (ct for ct in found.cts if ct.patient_id == patient)
    reading = reader.read(ct).reading
    curves = read_table(SURVIVAL_CURVES, context.run_folder / CURVES_NAME)
    curve = curves[(curves["model"] == "ensemble") & (curves["case_id"] == ct.case_id)]
    at = curve[curve["time_days"] == 1825.0]
    assert reading.risk.risks[-1].risk == pytest.approx(
        float(at["cumulative_incidence"].iloc[0]), abs=1e-5
    )
    assert [note.code for note in reading.flags if note.code == "trained_on"] == []
    assert package.card.synthetic
    assert package.card.reference.n_patients == int(
        scores[(scores["model"] == "ensemble") & (scores["subset"] == "training")].shape[0]
    )
    assert {metric.subset for metric in package.card.metrics} >= {"internal_test"}


def test_a_study_is_packed_by_one_command(study, context, tmp_path):
    run = context.run_folder
    said = osteon(
        "package", "build", run, "-o", tmp_path / "made.zip", "--version", "0.2.0", "--set",
        "reference=tuning",
    )  # fmt: skip
    assert "SYNTHETIC" in said.splitlines()[0]
    card = open_package(tmp_path / "made.zip").card
    assert (card.name, card.version, card.recipe) == ("refracture-demo", "0.2.0", "refracture")
    assert card.reference.subset == "tuning"
    with pytest.raises(StudyError, match="has no run"):  # its settings came by --set
        osteon("package", "build", study, "-o", tmp_path / "other")
    described = study / "study.yaml"
    before = described.read_text("utf-8")
    settings = context.study.settings.resolved()
    described.write_text(yaml.safe_dump(settings), "utf-8")
    try:
        said = osteon("package", "build", study, "--version", "0.3.0")
    finally:
        described.write_text(before, "utf-8")
    assert open_package(study / "models" / "refracture-demo-0.3.0").card.version == "0.3.0"
    assert "risks told at: 2 years" in said


def test_a_second_run_has_nothing_to_do(study):
    said = osteon("run", study, *SETS, "--json")
    reports = json.loads(said[said.index("\n[") :])
    assert [report["name"] for report in reports if report["ran"]] == []


def test_the_verbs_of_a_study_serve_patients_too(study):
    said = osteon("evaluate", "--study", study, *SETS, "--json")
    told = json.loads(said[said.index("{") :])
    assert told["is_synthetic"]
    assert osteon("report", "--study", study, *SETS).strip().endswith("index.html")
    flow = json.loads(osteon("flow", study, "--json"))
    assert flow["start"]["patients"] == 90
    page = osteon("table-one", "--study", study)
    assert "table_1" in page


def test_the_negative_control_leaves_the_study_as_it_is(study, context):
    before = read_table(RISK_SCORES, context.run_folder / SCORES_NAME)
    said = osteon("evaluate", "--study", study, *SETS, "--negative-control")
    assert "SYNTHETIC PATIENTS" in said
    assert "Internal test, ensemble of all seeds: C " in said
    path = context.report_folder / "tables" / "negative_control.csv"
    table = pd.read_csv(path)
    assert sorted(table["model"].unique()) == ["ensemble", *(f"ensemble (seed {n})" for n in "12")]
    assert set(table["subset"]) == {"internal_test", "external_test"}
    assert before.equals(read_table(RISK_SCORES, context.run_folder / SCORES_NAME))
    osteon("report", "--study", study, *SETS)
    page = (context.report_folder / "index.html").read_text("utf-8")
    assert "outcomes dealt out at random" in page
    osteon("run", study, *SETS)
    with pytest.raises(UsageError, match="trains by the present settings"):
        osteon("evaluate", "--study", study, "--run", "other", "--negative-control")


def test_a_study_of_times_has_no_classes(context):
    with pytest.raises(UsageError, match="no classes"):
        _ = context.recipe.labels


def test_a_study_without_a_table_of_events_says_what_is_missing(tmp_path):
    osteon("init", "refracture", tmp_path / "s")
    bare = open_study(tmp_path / "s", recipes.load("refracture"))
    with pytest.raises(StudyError, match="names no table of events"):
        load_stage("follow_up").run(bare)
