"""Make a model package from trained networks: calibrate, choose thresholds, export, write.

Everything that is chosen here is chosen on the tuning rows of the table of predictions; test rows
are not looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from osteon.core.labels import LabelSet
from osteon.core.manifest import fingerprint
from osteon.core.rng import generator
from osteon.core.settings import Settings
from osteon.errors import DataError
from osteon.models.card import Metric, TrainingData, preprocessing_hash
from osteon.models.card_classifier import ClassifierCard, LabelCard, Preprocessing
from osteon.models.classifier import Classifier
from osteon.models.detector import HipDetector
from osteon.models.gate import GateNetwork
from osteon.models.package import write_package
from osteon.prediction.calibration import fit_calibrator
from osteon.prediction.conformal import fit_conformal
from osteon.prediction.package_parts import Part, arrays_of, exported_part, part_card
from osteon.prediction.settings import PackageSettings
from osteon.prediction.thresholds import choose_operating_points
from osteon.prediction.tuning import TuningSet

__all__ = ["About", "Parts", "TrainingTables", "assemble"]

_USE = (
    "Research on hip fractures in adult AP pelvis, AP hip and frog-leg radiographs."
    " Not a medical device, not for rule-out."
)
_FAILURES = (
    "Nondisplaced femoral neck fractures are missed more often than any other class.",
    "Films with abnormal bone (Paget, metastases) were not in the training data.",
    "Cross-table laterals, children and post-operative complications were not in it either.",
)


class About(Settings):
    """What a person must know of a package; see :class:`osteon.models.card.Card`."""

    name: str
    version: str
    synthetic: bool
    recipe: str = "hip_fracture"
    summary: str
    intended_use: str = _USE
    known_failures: tuple[str, ...] = _FAILURES
    licence: str = "Apache-2.0"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The networks of a package, and what feeds them.

    ``gate_thresholds`` are those of :func:`osteon.prediction.gate.decide`; ``gate_films`` the
    SHA-256 of every film the gate has seen, which may be more than the table of cases holds.
    """

    classifiers: Sequence[Classifier]
    detector: HipDetector | None
    preprocessing: Preprocessing
    label_set: LabelSet
    gate: GateNetwork | None = None
    gate_thresholds: Mapping[str, float] | None = None
    gate_films: tuple[str, ...] = ()

    def named(self) -> dict[str, Part]:
        """Name each network as the package does."""
        names = ["classifier"]
        if len(self.classifiers) > 1:
            names = [f"classifier-{index}" for index in range(len(self.classifiers))]
        parts: dict[str, Part] = dict(zip(names, self.classifiers, strict=True))
        if self.detector is not None:
            parts["detector"] = self.detector
        if self.gate is not None:
            parts["gate"] = self.gate
        return parts


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTables:
    """What the networks were trained on and answered: tables CASES, SPLITS and PREDICTIONS."""

    cases: pd.DataFrame
    splits: pd.DataFrame
    predictions: pd.DataFrame


def assemble(
    destination: Path,
    parts: Parts,
    tables: TrainingTables,
    about: About,
    *,
    metrics: Sequence[Metric] = (),
    settings: PackageSettings | None = None,
) -> ClassifierCard:
    """Make and write a package.

    Parameters
    ----------
    destination
        A new folder, or a new file ``*.zip``.
    parts
        The networks; they are left as they are.
    tables
        All cases and splits of the training, and predictions with tuning rows.
    about
        Name, version, use.
    metrics
        To be written on the card, each with its subset.
    settings
        Storage, calibration, operating points.

    Returns
    -------
    ClassifierCard
        As written.

    Raises
    ------
    DataError
        If there are no tuning predictions, or they hold no fracture.
    PackageError
        If the destination is there already.
    """
    settings = settings or PackageSettings()
    tuning = TuningSet.from_predictions(
        tables.predictions, parts.label_set, box_source=settings.box_source
    )
    calibrator = fit_calibrator(tuning, settings.calibration)
    points = choose_operating_points(
        tuning,
        calibrator,
        suspicious_sensitivity=settings.suspicious_sensitivity,
        definite_specificity=settings.definite_specificity,
    )
    rng = generator(settings.seed, "conformal")
    seen = _seen(tables)
    named = parts.named()
    weights = {name: arrays_of(model) for name, model in named.items()}
    exported = {
        name: exported_part(model, settings.dtype, settings.seed)
        for name, model in (named if settings.onnx else {}).items()
    }
    card = ClassifierCard(
        **about.model_dump(exclude={"summary"}),
        labels=LabelCard.of(parts.label_set),
        parts={
            name: part_card(model, settings.dtype, exported[name][1] if settings.onnx else None)
            for name, model in named.items()
        },
        preprocessing=parts.preprocessing,
        preprocessing_hash=preprocessing_hash(parts.preprocessing),
        training_data=_training_data(tables, seen, about),
        operating_points=points,
        calibrator=calibrator,
        conformal=fit_conformal(tuning, calibrator, rng, coverage=settings.coverage),
        gate_thresholds=dict(parts.gate_thresholds or {}),
        metrics=tuple(metrics),
    )
    return write_package(
        destination,
        card,
        weights,
        training_inputs=(*seen["content_hash"].astype(str), *parts.gate_films),
        onnx={name: data for name, (data, _) in exported.items()},
    )


def _seen(tables: TrainingTables) -> pd.DataFrame:
    """Take the cases of patients that any fold trained or tuned on, with that subset."""
    used = tables.splits[tables.splits["subset"].isin(["training", "tuning"])]
    used = used[["patient_id", "subset"]].drop_duplicates()
    seen = tables.cases.drop(columns=["subset"], errors="ignore").merge(used, on="patient_id")
    if seen.empty:
        raise DataError("no case is of a training or tuning patient: splits and cases do not fit")
    return seen


def _training_data(tables: TrainingTables, seen: pd.DataFrame, about: About) -> TrainingData:
    counts: dict[str, int] = {}
    for subset in ("training", "tuning"):
        mine = seen[seen["subset"] == subset]
        counts[f"{subset} patients"] = int(mine["patient_id"].nunique())
        counts[f"{subset} films"] = int(mine["sop_instance_uid"].nunique())
        for label, count in mine["label"].value_counts().sort_index().items():
            counts[f"{subset} hips, {label}"] = int(count)
    columns = ["case_id", "patient_id", "label", "content_hash", "subset"]
    rows = seen[columns].sort_values(columns).astype(str).to_numpy().tolist()
    sources = sorted(set(seen["label_source"].astype(str)))
    return TrainingData(
        summary=about.summary,
        counts=counts,
        film_hashes_sha256="",
        data_hash=fingerprint(rows),
        sources=tuple(f"labels from {source}" for source in sources),
    )
