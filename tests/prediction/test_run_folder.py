import json

import numpy as np
import pytest
from click.testing import CliRunner
from tests.prediction.conftest import (
    PREPROCESSING,
    TINY_CLASSIFIER,
    TINY_DETECTOR,
    TINY_GATE,
    arrays,
)
from tests.prediction.test_assemble import make_parts, make_tables

from osteon.cli.package import command
from osteon.core.files import write_json
from osteon.core.schemas import CASES, PREDICTIONS, SPLITS
from osteon.core.tables import write_table
from osteon.errors import SettingsError, StudyError
from osteon.models.checkpoint import save_checkpoint
from osteon.models.package import open_package
from osteon.prediction.run_folder import metrics_of_run, parts_of_run, save_preprocessing


@pytest.fixture
def run_dir(tmp_path):
    study = tmp_path / "study"
    folder = study / "runs" / "abc"
    parts, tables = make_parts(classifiers=2), make_tables()
    for fold, classifier in enumerate(parts.classifiers):
        save_checkpoint(folder / f"fold-{fold}" / "classifier", classifier, TINY_CLASSIFIER)
    save_checkpoint(folder / "fold-0" / "detector", parts.detector, TINY_DETECTOR)
    save_checkpoint(folder / "gate", parts.gate, TINY_GATE)
    write_json(folder / "gate" / "thresholds.json", {"hip": 0.3})
    write_json(folder / "gate" / "films.json", ["e" * 64])
    save_preprocessing(folder, PREPROCESSING)
    write_table(tables.predictions, PREDICTIONS, folder / "predictions.parquet")
    write_table(tables.cases, CASES, study / "tables" / "cases.parquet")
    write_table(tables.splits, SPLITS, study / "tables" / "splits.parquet")
    return folder


def build(*arguments):
    return CliRunner().invoke(command, ["build", *map(str, arguments)])


def test_a_run_becomes_a_package_by_one_command(run_dir, tmp_path):
    write_json(
        run_dir / "metrics.json",
        [{"name": "auroc", "subset": "internal_test", "value": 0.9, "low": 0.8, "high": 0.95}],
    )
    result = build(run_dir, "-o", tmp_path / "made.zip", "--name", "made", "--set", "dtype=float32")
    assert result.exit_code == 0, result.output
    assert "SYNTHETIC" in result.output.splitlines()[0]
    package = open_package(tmp_path / "made.zip")
    assert package.card.name == "made"
    assert set(package.card.parts) == {"classifier-0", "classifier-1", "detector", "gate"}
    assert package.card.gate_thresholds == {"hip": 0.3}
    assert package.was_trained_on("e" * 64)  # a film only the gate has seen
    assert package.card.metrics[0].formatted() == "0.900 (0.800, 0.950)"
    wanted = arrays(make_parts(classifiers=2).classifiers[1])
    for name, array in package.weights["classifier-1"].items():
        np.testing.assert_array_equal(array, wanted[name])


def test_an_unknown_setting_is_refused(run_dir, tmp_path):
    result = build(run_dir, "-o", tmp_path / "x", "--set", "onxx=true")
    assert isinstance(result.exception, SettingsError)
    assert "onnx" in str(result.exception)


@pytest.mark.parametrize(
    ("gone", "word"),
    [
        ("preprocessing.json", "preprocessing"),
        ("fold-0/classifier/spec.json", "no trained classifier"),
        ("gate/thresholds.json", "thresholds"),
        ("gate/films.json", "film hashes"),
    ],
)
def test_an_unfinished_run_says_what_is_missing(run_dir, gone, word):
    (run_dir / gone).unlink()
    (run_dir / "fold-1" / "classifier" / "spec.json").unlink()
    with pytest.raises(StudyError, match=word):
        parts_of_run(run_dir)


@pytest.mark.parametrize("text", ["[1", "{}", '[{"nme": 1}]'])
def test_metrics_that_are_none_are_refused(run_dir, text):
    (run_dir / "metrics.json").write_text(text)
    with pytest.raises(StudyError, match="not a list of metrics"):
        metrics_of_run(run_dir)


def test_a_damaged_preprocessing_is_refused(run_dir):
    content = PREPROCESSING.resolved() | {"box_grwth": 1.0}
    (run_dir / "preprocessing.json").write_text(json.dumps(content))
    with pytest.raises(StudyError, match="box_growth"):
        parts_of_run(run_dir)
