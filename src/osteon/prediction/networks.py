"""The networks of a package (or of a training) ready to be run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from osteon.core.files import hash_bytes
from osteon.core.geometry import Box, Laterality
from osteon.core.labels import LabelSet
from osteon.core.manifest import fingerprint
from osteon.core.settings import load_settings
from osteon.errors import DataError, PackageError, SettingsError
from osteon.models.build import build
from osteon.models.card import Card
from osteon.models.card_classifier import ClassifierCard, Preprocessing
from osteon.models.checkpoint import fit_into
from osteon.models.classifier import Classifier
from osteon.models.detector import HipDetector
from osteon.models.gate import GateNetwork, build_gate
from osteon.models.gate_spec import GateSpec
from osteon.models.package import ModelPackage
from osteon.models.spec import DetectorSpec, load_spec
from osteon.prediction.crops import classifier_crop
from osteon.prediction.ensemble import mean_logits
from osteon.prediction.locate import Spacing, locate
from osteon.prediction.runtime import Runner, RuntimeName, runner
from osteon.prediction.search import FoundHips, Search

__all__ = [
    "Networks",
    "built_part",
    "gate_from_package",
    "networks_from_models",
    "networks_from_package",
]

_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """A detector and one or more classifiers with everything needed to feed them.

    Parameters
    ----------
    label_set
        Classes, in the order of the classifiers' outputs.
    preprocessing
        From film to input.
    classifiers
        Runs of the classifiers; more than one is an ensemble (mean probability).
    detector, detector_spec
        Run of the detector and its architecture; ``None`` without one.
    classifier_models
        The classifiers as torch modules, for heat maps.
    digest
        Names weights and preprocessing: work that was done with it can be taken up again.
    """

    label_set: LabelSet
    preprocessing: Preprocessing
    classifiers: tuple[Runner, ...]
    detector: Runner | None
    detector_spec: DetectorSpec | None
    classifier_models: tuple[nn.Module, ...]
    digest: str

    def find(
        self,
        films: Sequence[NDArray[np.float32]],
        pixel_spacings_mm: Sequence[Spacing] | None = None,
        *,
        search: Search = "whole",
    ) -> list[FoundHips]:
        """Find the hips on prepared films; boxes are in pixels of the film given.

        See :func:`osteon.prediction.locate.locate`.

        Raises
        ------
        PackageError
            If there is no detector.
        """
        if self.detector is None or self.detector_spec is None:
            raise PackageError("these networks have no detector: give boxes")
        return locate(
            films, self.detector, self.detector_spec,
            pixel_spacings_mm=pixel_spacings_mm, search=search,
        )  # fmt: skip

    def crop(
        self, grey: NDArray[np.float32], box: Box, laterality: Laterality
    ) -> NDArray[np.float32]:
        """Cut out one hip of a prepared film, float32 (s, s)."""
        return classifier_crop(grey, box, laterality, self.preprocessing)

    def views(
        self, grey: NDArray[np.float32], box: Box, laterality: Laterality
    ) -> list[NDArray[np.float32]]:
        """Cut out one hip at every box size whose answers are averaged, float32 (s, s) each."""
        factors = self.preprocessing.box_factors
        return [self.crop(grey, box.grown(factor), laterality) for factor in factors]

    def logits(self, crops: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Uncalibrated logits (n, k) of crops, the ensemble's where there are several."""
        if not crops:
            return np.zeros((0, len(self.label_set)))
        images = np.stack(crops)[:, None]
        members = [
            np.concatenate(
                [run(images[i : i + _BATCH])[0] for i in range(0, len(images), _BATCH)]
            ).astype(np.float64)
            for run in self.classifiers
        ]
        result = members[0] if len(members) == 1 else mean_logits(members)
        if not np.isfinite(result).all():
            raise DataError("a classifier gave an answer that is not a number")
        return result

    def mean_logits(self, crops: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Logits (k,) of one hip cut out in one or several ways."""
        rows = self.logits(crops)
        return rows[0] if len(rows) == 1 else mean_logits([row[None] for row in rows])[0]


def networks_from_package(
    package: ModelPackage[ClassifierCard], *, runtime: RuntimeName = "torch", device: str = "cpu"
) -> Networks:
    """Build a package's networks.

    Classifiers are the part ``classifier`` or, for an ensemble, ``classifier-0``,
    ``classifier-1`` and so on.

    Raises
    ------
    PackageError
        If a part's spec is unknown, its weights do not fit, or the runtime's file is missing.
    """
    members = sorted(name for name in package.card.parts if name.startswith("classifier"))
    if not members:
        raise PackageError(f"{package.source}: there is no classifier in this package")
    models = {
        name: built_part(package, name)
        for name in (*members, "detector")
        if name in package.card.parts
    }
    runs = {
        name: runner(runtime, model, package.onnx.get(name), device=device, part=name)
        for name, model in models.items()
    }
    detector = models.get("detector")
    return Networks(
        label_set=package.card.labels.label_set(),
        preprocessing=package.card.preprocessing,
        classifiers=tuple(runs[name] for name in members),
        detector=runs.get("detector"),
        detector_spec=detector.spec if isinstance(detector, HipDetector) else None,
        classifier_models=tuple(models[name] for name in members),
        digest=package.digest,
    )


def networks_from_models(
    classifiers: Sequence[Classifier],
    detector: HipDetector | None,
    label_set: LabelSet,
    preprocessing: Preprocessing,
    *,
    device: str = "cpu",
) -> Networks:
    """Take networks as they come from training."""
    parts: list[nn.Module] = [*classifiers, *([detector] if detector is not None else [])]
    return Networks(
        label_set=label_set,
        preprocessing=preprocessing,
        classifiers=tuple(runner("torch", model, device=device) for model in classifiers),
        detector=None if detector is None else runner("torch", detector, device=device),
        detector_spec=None if detector is None else detector.spec,
        classifier_models=tuple(classifiers),
        digest=fingerprint([preprocessing.resolved(), *(_weights_hash(part) for part in parts)]),
    )


def gate_from_package(
    package: ModelPackage[ClassifierCard], *, runtime: RuntimeName = "torch", device: str = "cpu"
) -> tuple[Runner, GateSpec] | None:
    """Build a package's gate; ``None`` where it has none. Raises as the function above does."""
    if "gate" not in package.card.parts:
        return None
    model = built_part(package, "gate")
    if not isinstance(model, GateNetwork):
        raise PackageError(f"{package.source}: part gate is not a gate")
    run = runner(runtime, model, package.onnx.get("gate"), device=device, part="gate")
    return run, model.spec


def built_part(package: ModelPackage[Card], name: str) -> nn.Module:
    """Build one part of a package with its weights, in evaluation mode on the CPU."""
    spec = package.card.parts[name].spec
    try:
        if spec.get("kind") == "gate":
            model: nn.Module = build_gate(load_settings(GateSpec, spec))
        else:
            model = build(load_spec(spec))
    except SettingsError as error:
        raise PackageError(f"{package.source}: part {name}: {error.message}") from error
    fit_into(model, _tensors(package.weights[name]), source=f"{package.source}: part {name}")
    return model.eval()


def _tensors(weights: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    # safetensors' arrays are read-only views of the file
    return {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}


def _weights_hash(model: nn.Module) -> str:
    state = {name: tensor.cpu().contiguous().numpy() for name, tensor in model.state_dict().items()}
    return fingerprint({name: hash_bytes(array.tobytes()) for name, array in state.items()})
