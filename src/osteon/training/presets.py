"""Trainings by name, as data: ``paper``, ``modern``, ``demo`` and ``kept``.

``paper`` is Krogue et al. 2020 (doi 10.1148/ryai.2020190023) as far as it is told: RetinaNet
ResNet-50, 25,000 iterations of 16 films with random crops; DenseNet-169 with squeeze-and-excitation
at 224 px, Adam 1e-5, batches of 25, decay 0.9, weighted cross-entropy, 14 pictures of each hip,
stopped after 10 epochs without better tuning accuracy. It started from ImageNet and COCO weights:
give them with ``fit.initial``. ``modern`` is what we would use today on one GPU. ``demo`` learns on
two cores in the minutes of ``make demo``. ``kept`` makes the small package that comes with Osteon.
"""

from collections.abc import Callable
from typing import Literal, TypeVar, get_args

from osteon.errors import SettingsError
from osteon.models.spec import ClassifierSpec, DetectorSpec
from osteon.training.augmentation import CropAugmentation, FilmAugmentation
from osteon.training.settings import (
    ClassifierFit,
    ClassifierTraining,
    DetectorFit,
    DetectorTraining,
)

__all__ = ["PRESETS", "Preset", "classifier_preset", "detector_preset"]

Preset = Literal["paper", "modern", "demo", "kept"]
PRESETS: tuple[str, ...] = get_args(Preset)

_STRONG = FilmAugmentation(
    window_scales=(0.45, 1.25),
    mirror=True,
    contrast=True,
    inversion=True,
    noise=True,
    collimation=True,
    markers=True,
    rotation_degrees=10.0,
)

_MILD = _STRONG.changed(
    {"crop_share": 0.5, "window_scales": [0.6, 1.2], "rotation_degrees": 6.0}
)  # more windows find the hips of other makers' films better, and those of the demo later

_WIDE = _STRONG.changed(
    {"window_scales": [0.4, 1.5], "cut_share": 0.35, "free_share": 0.3, "least_visible": 0.45}
)


def detector_preset(name: str) -> DetectorTraining:
    """Give a detector's training by name.

    Raises
    ------
    SettingsError
        If the name is not one of :data:`PRESETS`.

    Examples
    --------
    >>> detector_preset("paper").fit.max_steps
    25000
    """
    return _chosen(name, _DETECTORS)()


def classifier_preset(name: str) -> ClassifierTraining:
    """Give a classifier's training by name.

    Raises
    ------
    SettingsError
        If the name is not one of :data:`PRESETS`.

    Examples
    --------
    >>> classifier_preset("paper").fit.learning_rate
    1e-05
    """
    return _chosen(name, _CLASSIFIERS)()


T = TypeVar("T")


def _chosen(name: str, makers: dict[str, T]) -> T:
    if name not in makers:
        raise SettingsError(f"preset is {name!r}, wanted one of {', '.join(makers)}")
    return makers[name]


def _paper_detector() -> DetectorTraining:
    return DetectorTraining(
        model=DetectorSpec(encoder="resnet50", image_size_px=640),
        fit=DetectorFit(
            optimiser="adam",
            learning_rate=1e-4,
            batch_size=16,
            schedule="cosine",
            warmup_steps=1000,
            epochs=100_000,
            max_steps=25_000,
            evaluate_every=5,
            clip_norm=1.0,
        ),
    )


def _paper_classifier() -> ClassifierTraining:
    return ClassifierTraining(
        model=ClassifierSpec(encoder="densenet169", image_size_px=224),
        fit=ClassifierFit(
            optimiser="adam",
            learning_rate=1e-5,
            batch_size=25,
            schedule="exponential",
            decay_gamma=0.9,
            decay_per="epoch",
            epochs=200,
            patience=10,
            metric="accuracy",
            class_weighting="balanced",
            augmentation=CropAugmentation(expansion="every", box_scales=(1.0, 1.2)),
        ),
    )


def _modern_detector() -> DetectorTraining:
    return DetectorTraining(
        model=DetectorSpec(
            encoder="resnet50", image_size_px=768, box_loss="giou", head_normalisation="group"
        ),
        fit=DetectorFit(
            optimiser="adamw",
            learning_rate=2e-4,
            weight_decay=0.05,
            batch_size=16,
            warmup_steps=500,
            epochs=100,
            patience=20,
            precision="auto",
            clip_norm=1.0,
            average_decay=0.999,
            workers=4,
            augmentation=_STRONG,
        ),
    )


def _modern_classifier() -> ClassifierTraining:
    return ClassifierTraining(
        model=ClassifierSpec(encoder="densenet169", image_size_px=448, dropout=0.2),
        fit=ClassifierFit(
            optimiser="adamw",
            learning_rate=3e-4,
            weight_decay=0.05,
            batch_size=32,
            warmup_steps=200,
            epochs=80,
            patience=20,
            metric="loss",
            precision="auto",
            clip_norm=1.0,
            average_decay=0.999,
            workers=4,
            class_weighting="root",
            label_smoothing=0.05,
            augmentation=CropAugmentation(
                box_scales=(0.9, 1.3), rotation_degrees=10.0, noise=0.04, blur_px=1.0
            ),
        ),
    )


def _demo_detector() -> DetectorTraining:
    return DetectorTraining(
        model=DetectorSpec(
            encoder="resnet10_w24",
            input="local_contrast",
            image_size_px=256,
            levels=(3, 4),
            extra_levels=False,
            fpn_channels=64,
            anchor_stride_ratio=3.0,
            aspect_ratios=(1.0, 1.4),
            head_normalisation="group",
            box_loss="giou",
            score_threshold=0.25,
        ),
        fit=DetectorFit(
            optimiser="adamw",
            learning_rate=1.5e-3,
            weight_decay=0.02,
            batch_size=8,
            warmup_steps=20,
            epochs=18,
            evaluate_every=9,
            precision="auto",
            clip_norm=5.0,
            average_decay=0.98,
            augmentation=_MILD,
        ),
    )


def _demo_classifier() -> ClassifierTraining:
    return ClassifierTraining(
        model=ClassifierSpec(
            encoder="resnet10_w24", input="local_contrast", image_size_px=128, dropout=0.1
        ),
        fit=ClassifierFit(
            optimiser="adamw",
            learning_rate=2e-3,
            weight_decay=0.05,
            batch_size=8,
            warmup_steps=30,
            epochs=32,
            evaluate_every=4,
            metric="loss",
            precision="auto",
            clip_norm=5.0,
            average_decay=0.98,
            class_weighting="root",
            label_smoothing=0.02,
            augmentation=CropAugmentation(
                box_scales=(0.9, 1.2), probability=0.1, rotation_degrees=8.0, noise=0.01
            ),
        ),
    )


def _kept_detector() -> DetectorTraining:
    model = {"encoder": "resnet10_w32"}
    fit = {
        "learning_rate": 1e-3,
        "epochs": 26,
        "evaluate_every": 4,
        "warmup_steps": 200,
        "average_decay": 0.998,
        "augmentation": _WIDE.resolved(),
    }
    return _demo_detector().changed({"model": model, "fit": fit})


def _kept_classifier() -> ClassifierTraining:
    model = {"encoder": "resnet10_w32", "image_size_px": 160}
    augmentation = {"probability": 0.2, "noise": 0.04, "blur_px": 0.8}
    fit = {
        "epochs": 30,
        "evaluate_every": 2,
        "warmup_steps": 200,
        "average_decay": 0.998,
        "augmentation": augmentation,
    }
    return _demo_classifier().changed({"model": model, "fit": fit})


_DETECTORS: dict[str, Callable[[], DetectorTraining]] = {
    "paper": _paper_detector,
    "modern": _modern_detector,
    "demo": _demo_detector,
    "kept": _kept_detector,
}
_CLASSIFIERS: dict[str, Callable[[], ClassifierTraining]] = {
    "paper": _paper_classifier,
    "modern": _modern_classifier,
    "demo": _demo_classifier,
    "kept": _kept_classifier,
}
