"""Train the classifier on the hips of the training patients."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from osteon.core.geometry import Laterality
from osteon.core.rng import generator
from osteon.errors import DataError
from osteon.models.build import build
from osteon.models.spec import ClassifierSpec
from osteon.pixels.augment import apply_all
from osteon.pixels.crop import crop_square
from osteon.training.augmentation import CropDraw, draw_crop, listed_crops
from osteon.training.films import Hip, load_hips
from osteon.training.losses import class_weights, weighted_cross_entropy
from osteon.training.run import TrainingRun
from osteon.training.settings import ClassifierFit
from osteon.training.subsets import PixelLoader, training_cases
from osteon.training.task import Batch, FitResult

__all__ = ["ClassificationTask", "train_classifier"]

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
    run = TrainingRun(folder, "train classifier", (training, tuning), spec, fit, seed, fold)

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
        plain = CropDraw(1.0, ())
        crops = [self._crop(hip, plain) for hip in tuning]
        self._tuning_images = torch.from_numpy(np.stack(crops))[:, None]
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
        crop = self._crop(self.training[hip], draw)
        label = self.spec.classes.index(self.training[hip].label)
        return torch.tensor(crop)[None], torch.tensor(label)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Weighted cross-entropy."""
        images, labels = batch
        weights = self._weights.to(images.device)
        smoothing = self.fit.label_smoothing
        return weighted_cross_entropy(model(images), labels, weights, smoothing=smoothing)

    def evaluate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Accuracy and weighted loss on plain crops of the reference boxes."""
        parts = self._tuning_images.split(_EVALUATED_AT_ONCE)
        logits = torch.cat([model(part.to(device)).float().cpu() for part in parts])
        loss = weighted_cross_entropy(logits, self._tuning_labels, self._weights)
        right = (logits.argmax(dim=1) == self._tuning_labels).double().mean()
        return {"accuracy": right.item(), "loss": loss.item()}

    def _crop(self, hip: Hip, draw: CropDraw) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        mirror = hip.laterality is Laterality.LEFT
        box = draw.box(hip.box.grown(self.fit.box_growth))
        crop = crop_square(hip.grey, box, self.spec.image_size_px, mirror=mirror)
        return apply_all(crop, draw.steps)


def _refuse_unknown_labels(cases: pd.DataFrame, spec: ClassifierSpec) -> None:
    unknown = cases[~cases["label"].isin(spec.classes)]
    if len(unknown):
        row = unknown.iloc[0]
        raise DataError(
            f"case {row['case_id']} is labelled {row['label']!r},"
            f" wanted one of {', '.join(spec.classes)}"
        )
