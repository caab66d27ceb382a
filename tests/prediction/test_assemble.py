import numpy as np
import pandas as pd
import pytest
from tests.prediction.conftest import (
    PREPROCESSING,
    TINY_CLASSIFIER,
    TINY_DETECTOR,
    TINY_GATE,
    draw_logits,
)

from osteon.core.labels import HIP_CLASSES
from osteon.core.schemas import CASES, PREDICTIONS, SPLITS
from osteon.errors import DataError
from osteon.models.build import build
from osteon.models.card import Metric
from osteon.models.gate import build_gate
from osteon.models.package import open_package
from osteon.prediction.assemble import About, Parts, TrainingTables, assemble
from osteon.prediction.networks import networks_from_package
from osteon.prediction.settings import PackageSettings

ABOUT = About(name="tiny", version="1.2.3", synthetic=True, summary="Invented.")


def make_tables(n=120):
    """One hip of each patient; a third of them for training, tuning and test each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 6, n)
    frame = pd.DataFrame(
        {
            "case_id": [f"film{i}:R" for i in range(n)],
            "patient_id": [f"p{i}" for i in range(n)],
            "sop_instance_uid": [f"film{i}" for i in range(n)],
            "laterality": "R",
            "x_min_px": 0.0,
            "y_min_px": 0.0,
            "x_max_px": 10.0,
            "y_max_px": 10.0,
            "label": [HIP_CLASSES.classes[i] for i in labels],
            "label_source": "phantom",
            "content_hash": [f"{i:064x}" for i in range(n)],
            "path": "x",
        }
    )
    subsets = [("training", "tuning", "internal_test")[i % 3] for i in range(n)]
    splits = pd.DataFrame({"patient_id": frame["patient_id"], "fold": 0, "subset": subsets})
    cases = frame.assign(**{name: None for name in CASES.names if name not in frame})
    predictions = frame.assign(subset=subsets, fold=0, box_source="automatic")
    logits = draw_logits(labels, rng, signal=2.0, scale=2.0)
    for index, name in enumerate(HIP_CLASSES.classes):
        predictions[f"logit_{name}"] = logits[:, index]
    wanted = [*PREDICTIONS.names, *(f"logit_{name}" for name in HIP_CLASSES.classes)]
    predictions = predictions.assign(**{n: None for n in PREDICTIONS.names if n not in predictions})
    return TrainingTables(
        CASES.checked(cases[list(CASES.names)]),
        SPLITS.checked(splits),
        PREDICTIONS.checked(predictions[wanted]),
    )


def make_parts(classifiers=1, gate=True):
    return Parts(
        [build(TINY_CLASSIFIER, seed) for seed in range(classifiers)],
        build(TINY_DETECTOR, 1),
        PREPROCESSING,
        HIP_CLASSES,
        build_gate(TINY_GATE) if gate else None,
        {"hip": 0.4},
    )


def test_a_package_is_made_and_answers_as_the_networks_did(tmp_path):
    parts = make_parts()
    metric = Metric(name="auroc", subset="internal_test", value=0.9, low=0.8, high=0.95, n=40)
    assemble(
        tmp_path / "tiny", parts, make_tables(), ABOUT, metrics=[metric],
        settings=PackageSettings(onnx=True, dtype="float32"),
    )  # fmt: skip
    package = open_package(tmp_path / "tiny")
    card = package.card
    assert [point.name for point in card.operating_points] == [
        "suspicious", "definite", "nondisplaced_possible",
    ]  # fmt: skip
    assert card.calibrator.n_cases == 40
    assert card.conformal.counts.keys() == set(HIP_CLASSES.classes)
    assert card.metrics == (metric,)
    assert card.gate_thresholds == {"hip": 0.4}
    assert 0 < card.parts["classifier"].onnx_parity_max_abs < 1e-3
    assert set(package.onnx) == {"classifier", "detector", "gate"}
    crop = np.random.default_rng(0).random((1, 1, 64, 64)).astype(np.float32)
    assert networks_from_package(package).logits([crop[0, 0]]).shape == (1, 6)


def test_films_of_training_and_tuning_are_known_and_those_of_test_are_not(tmp_path):
    assemble(tmp_path / "tiny", make_parts(), make_tables(), ABOUT)
    package = open_package(tmp_path / "tiny")
    assert [package.was_trained_on(f"{i:064x}") for i in range(3)] == [True, True, False]
    assert package.card.training_data.counts["training patients"] == 40
    assert package.card.training_data.sources == ("labels from phantom",)


def test_half_precision_is_what_the_onnx_model_is_measured_against(tmp_path):
    parts = make_parts(gate=False)
    before = parts.classifiers[0].linear.weight.detach().clone()
    assemble(tmp_path / "tiny", parts, make_tables(), ABOUT, settings=PackageSettings(onnx=True))
    assert (parts.classifiers[0].linear.weight == before).all()
    card = open_package(tmp_path / "tiny").card
    assert card.parts["classifier"].dtype == "float16"
    assert card.parts["classifier"].onnx_parity_max_abs < 1e-3


def test_an_ensemble_keeps_every_member(tmp_path):
    parts = make_parts(classifiers=2, gate=False)
    assemble(tmp_path / "two", parts, make_tables(), ABOUT)
    package = open_package(tmp_path / "two")
    assert {"classifier-0", "classifier-1"} <= set(package.card.parts)
    assert len(networks_from_package(package).classifiers) == 2


def test_test_rows_do_not_move_anything(tmp_path):
    tables = make_tables()
    changed = tables.predictions.copy()
    test = changed["subset"] == "internal_test"
    changed.loc[test, "logit_arthroplasty"] = 99.0
    other = TrainingTables(tables.cases, tables.splits, changed)
    one = assemble(tmp_path / "one", make_parts(), tables, ABOUT)
    assert assemble(tmp_path / "two", make_parts(), other, ABOUT) == one


def test_no_tuning_rows_is_said(tmp_path):
    tables = make_tables()
    rest = tables.predictions[tables.predictions["subset"] != "tuning"]
    with pytest.raises(DataError, match="no tuning cases"):
        assemble(
            tmp_path / "x", make_parts(), TrainingTables(tables.cases, tables.splits, rest), ABOUT
        )
    assert not (tmp_path / "x").exists()
