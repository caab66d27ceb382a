"""A run's folder as the source of a package: ``osteon package build RUN_DIR``.

::

    RUN_DIR/preprocessing.json       from film to input, models.card_classifier.Preprocessing
    RUN_DIR/predictions.parquet      table PREDICTIONS, tuning rows among them
    RUN_DIR/metrics.json             optional: for the card, a list of models.card.Metric
    RUN_DIR/**/spec.json             one folder for each network, with model.safetensors beside it
    STUDY/tables/cases.parquet, splits.parquet

Every classifier found is a member of the ensemble; of several detectors or gates the first by path
is taken.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from torch import nn

from osteon.core.files import read_json, write_json
from osteon.core.labels import HIP_CLASSES, LabelSet
from osteon.core.schemas import CASES, PREDICTIONS, SPLITS
from osteon.core.settings import load_settings
from osteon.core.tables import read_table
from osteon.errors import PackageError, SettingsError, StudyError
from osteon.models.card import Metric
from osteon.models.card_classifier import CROP_VERSION, Preprocessing
from osteon.models.checkpoint import SPEC_NAME, WEIGHTS_NAME, load_checkpoint, load_weights
from osteon.models.classifier import Classifier
from osteon.models.detector import HipDetector
from osteon.models.gate import GateNetwork, build_gate
from osteon.models.gate_spec import GateSpec
from osteon.pixels.render import RENDER_HASH
from osteon.prediction.assemble import Parts, TrainingTables

__all__ = [
    "DETECTIONS_NAME",
    "GATE_FILMS_NAME",
    "GATE_THRESHOLDS_NAME",
    "METRICS_NAME",
    "PREDICTIONS_NAME",
    "PREPROCESSING_NAME",
    "current_preprocessing",
    "load_gate",
    "metrics_of_run",
    "parts_of_run",
    "save_preprocessing",
    "tables_of_run",
]

PREPROCESSING_NAME = "preprocessing.json"
PREDICTIONS_NAME = "predictions.parquet"
DETECTIONS_NAME = "detections.parquet"
METRICS_NAME = "metrics.json"
GATE_THRESHOLDS_NAME = "thresholds.json"
GATE_FILMS_NAME = "films.json"
_REMEDY = "run 'osteon run' to its end, or give another run folder"


def current_preprocessing(
    *,
    film_side_px: int,
    classifier_size_px: int,
    box_growth: float,
    box_factors: tuple[float, ...] = (1.0,),
    gate_size_px: int | None = None,
) -> Preprocessing:
    """Describe what this version of Osteon does from film to input, with these sizes."""
    return Preprocessing(
        render_version=RENDER_HASH,
        crop_version=CROP_VERSION,
        film_side_px=film_side_px,
        classifier_size_px=classifier_size_px,
        box_growth=box_growth,
        box_factors=box_factors,
        gate_size_px=gate_size_px,
    )


def save_preprocessing(run_folder: Path, preprocessing: Preprocessing) -> None:
    """Write a run's preprocessing where :func:`parts_of_run` finds it."""
    write_json(run_folder / PREPROCESSING_NAME, preprocessing.resolved())


def parts_of_run(run_folder: Path, label_set: LabelSet = HIP_CLASSES) -> Parts:
    """Load a run's networks.

    Raises
    ------
    StudyError
        If there is no classifier or no preprocessing.
    PackageError
        If weights and spec do not fit.
    """
    found: dict[str, list[tuple[Path, nn.Module]]] = {"classifier": [], "detector": [], "gate": []}
    for path in sorted(run_folder.rglob(SPEC_NAME)):
        kind = str(_json(path).get("kind"))
        if kind in found:
            model = load_gate(path.parent) if kind == "gate" else load_checkpoint(path.parent)[0]
            found[kind].append((path.parent, model))
    classifiers = [model for _, model in found["classifier"] if isinstance(model, Classifier)]
    if not classifiers:
        raise StudyError(f"no trained classifier below {run_folder}", remedy=_REMEDY)
    detector = next((m for _, m in found["detector"] if isinstance(m, HipDetector)), None)
    gate = next(((p, m) for p, m in found["gate"] if isinstance(m, GateNetwork)), None)
    try:
        preprocessing = load_settings(Preprocessing, _json(run_folder / PREPROCESSING_NAME))
    except SettingsError as error:
        raise StudyError(f"{run_folder / PREPROCESSING_NAME}: {error.message}") from error
    if gate is None:
        return Parts(classifiers, detector, preprocessing, label_set)
    thresholds, films = _json(gate[0] / GATE_THRESHOLDS_NAME), _films(gate[0] / GATE_FILMS_NAME)
    return Parts(
        classifiers, detector, preprocessing, label_set, gate[1], thresholds, gate_films=films
    )


def tables_of_run(run_folder: Path, study: Path | None = None) -> TrainingTables:
    """Read a run's predictions and its study's cases and splits.

    ``study`` is two folders above the run unless given.
    """
    tables = (study or run_folder.resolve().parent.parent) / "tables"
    return TrainingTables(
        read_table(CASES, tables / "cases.parquet"),
        read_table(SPLITS, tables / "splits.parquet"),
        read_table(PREDICTIONS, run_folder / PREDICTIONS_NAME),
    )


def metrics_of_run(run_folder: Path) -> tuple[Metric, ...]:
    """Read what the card shall show; nothing where the run has no such file."""
    path = run_folder / METRICS_NAME
    if not path.exists():
        return ()
    try:
        return TypeAdapter(tuple[Metric, ...]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise StudyError(f"{path} is not a list of metrics: {error.errors()[0]['msg']}") from error


def load_gate(folder: Path) -> GateNetwork:
    """Read a gate that was saved with ``models.checkpoint.save_checkpoint``."""
    try:
        model = build_gate(load_settings(GateSpec, _json(folder / SPEC_NAME)))
    except SettingsError as error:
        raise PackageError(f"{folder / SPEC_NAME} cannot be used: {error.message}") from error
    load_weights(folder / WEIGHTS_NAME, model)
    return model.eval()


def _films(path: Path) -> tuple[str, ...]:
    try:
        return TypeAdapter(tuple[str, ...]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise StudyError(f"{path} is not a list of film hashes", remedy=_REMEDY) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}", remedy=_REMEDY) from error
    if not isinstance(content, dict):
        raise StudyError(f"{path} is not a JSON object", remedy=_REMEDY)
    return content
