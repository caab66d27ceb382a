"""Train the classifier on the hips of the training patients."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from osteon.core.geometry import Box, Laterality
from osteon.core.rng import generator
from osteon.errors import DataError
from osteon.models.build import build
from osteon.models.spec import ClassifierSpec
from osteon.pixels.augment import apply_all
from osteon.pixels.crop import crop_square
from osteon.training.augmentation import draw_crop, listed_crops
from osteon.training.films import Hip, load_hips
from osteon.training.losses import class_weights, weighted_cross_entropy
from osteon.training.run import TrainingRun
from osteon.training.settings import ClassifierFit
from osteon.training.subsets import PixelLoader, trained_on_hips, training_cases
from osteon.training.task import Batch, FitResult

__all__ = ["ClassificationTask", "logits_of", "plain_crops", "train_classifier"]

_EVALUATED_AT_ONCE = 32


def train_classifier(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    cache: PixelLoader,
    spec: ClassifierSpec,
    fit: ClassifierFit,
    folder: Path,
    seed: int,
    fold: int = 0,
) -> FitResult:
    """Train a classifier on crops of the reference boxes, left hips mirrored to look right.

    Parameters, files and errors are those of :func:`osteon.training.detection.train_detector`; a
    label that is not one of ``spec.classes`` raises :class:`osteon.errors.DataError` too.
    """
    training, tuning = training_cases(cases, splits, fold)
    for part in (training, tuning):
        _refuse_unknown_labels(part, spec)
    data = trained_on_hips(training, tuning)
    run = TrainingRun(folder, "train classifier", data, spec, fit, seed, fold)

    def prepare() -> tuple[nn.Module, ClassificationTask]:
        hips = [
            load_hips(part, cache, spec.image_size_px, fit.box_growth)
            for part in (training, tuning)
        ]
        return build(spec, run.weights_seed), ClassificationTask(hips[0], hips[1], spec, fit, seed)

    return run.result(prepare)


class ClassificationTask:
    """Crops, weighted cross-entropy, and accuracy on the tuning set."""

    def __init__(
        self,
        training: list[Hip],
        tuning: list[Hip],
        spec: ClassifierSpec,
        fit: ClassifierFit,
        seed: int,
    ) -> None:
        self.training = training
        self.spec, self.fit, self.seed = spec, fit, seed
        every = fit.augmentation.expansion == "every"
        self._pictures_per_hip = len(listed_crops(fit.augmentation)) if every else 1
        labels = np.array([spec.classes.index(hip.label) for hip in training])
        weights = class_weights(labels, len(spec.classes), fit.class_weighting)
        self._weights = torch.tensor(weights, dtype=torch.float32)
        self._tuning_images = plain_crops(tuning, spec, fit.box_growth)
        self._tuning_labels = torch.tensor([spec.classes.index(hip.label) for hip in tuning])

    @property
    def training_size(self) -> int:
        """Pictures in an epoch."""
        return len(self.training) * self._pictures_per_hip

    def load(self, index: int, epoch: int) -> Batch:
        """Give a crop (1, s, s) and its class index."""
        hip, number = divmod(index, self._pictures_per_hip)
        rng = generator(self.seed, "crop", epoch, index)
        draw = draw_crop(self.fit.augmentation, number, rng)
        chosen = self.training[hip]
        box = draw.box(chosen.box.grown(self.fit.box_growth))
        crop = apply_all(_crop(chosen, box, self.spec.image_size_px), draw.steps)
        label = self.spec.classes.index(chosen.label)
        return torch.tensor(crop)[None], torch.tensor(label)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Weighted cross-entropy."""
        images, labels = batch
        weights = self._weights.to(images.device)
        smoothing = self.fit.label_smoothing
        return weighted_cross_entropy(model(images), labels, weights, smoothing=smoothing)

    def evaluate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Accuracy and weighted loss on plain crops of the reference boxes."""
        logits = logits_of(model, self._tuning_images, device)
        loss = weighted_cross_entropy(logits, self._tuning_labels, self._weights)
        right = (logits.argmax(dim=1) == self._tuning_labels).double().mean()
        return {"accuracy": right.item(), "loss": loss.item()}


def plain_crops(hips: Sequence[Hip], spec: ClassifierSpec, box_growth: float) -> Tensor:
    """Cut hips out of their patches as they are classified: float32 (n, 1, s, s)."""
    crops = [_crop(hip, hip.box.grown(box_growth), spec.image_size_px) for hip in hips]
    return torch.from_numpy(np.stack(crops))[:, None]


def logits_of(model: nn.Module, images: Tensor, device: torch.device) -> Tensor:
    """Classify crops in portions: float32 logits (n, classes) on the CPU."""
    parts = images.split(_EVALUATED_AT_ONCE)
    return torch.cat([model(part.to(device)).float().cpu() for part in parts])


def _crop(hip: Hip, box: Box, size_px: int) -> NDArray[np.float32]:
    return crop_square(hip.grey, box, size_px, mirror=hip.laterality is Laterality.LEFT)


def _refuse_unknown_labels(cases: pd.DataFrame, spec: ClassifierSpec) -> None:
    unknown = cases[~cases["label"].isin(spec.classes)]
    if len(unknown):
        row = unknown.iloc[0]
        raise DataError(
            f"case {row['case_id']} is labelled {row['label']!r},"
            f" wanted one of {', '.join(spec.classes)}"
        )
