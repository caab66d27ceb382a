"""Train the detector on the films of the training patients."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from osteon.core.geometry import Box
from osteon.core.rng import generator
from osteon.models.build import build
from osteon.models.detector import SIDES, HipDetection, select
from osteon.models.hip_size import largest_hip_mm
from osteon.models.letterbox import Letterbox, letterbox
from osteon.models.spec import DetectorSpec
from osteon.training.augmentation import draw_film, film_square
from osteon.training.films import Film, hip_sizes_mm, load_films
from osteon.training.run import TrainingRun
from osteon.training.settings import DetectorFit
from osteon.training.subsets import PixelLoader, trained_on_hips, training_cases
from osteon.training.task import Batch, FitResult

__all__ = ["DetectionTask", "train_detector"]

_FOUND_IOU = 0.5
_EVALUATED_AT_ONCE = 16


def train_detector(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    cache: PixelLoader,
    spec: DetectorSpec,
    fit: DetectorFit,
    folder: Path,
    seed: int,
    fold: int = 0,
) -> FitResult:
    """Train a detector; test patients are dropped before a pixel is read.

    Parameters
    ----------
    cases, splits
        Their tables; several rows of ``cases`` may be of one film.
    cache
        Prepared films.
    spec
        The network. The size of the largest hip, where it is not given, is that of the training
        cases' hips.
    fit
        How it is trained.
    folder
        Gets ``model.safetensors``, ``spec.json``, ``metrics.jsonl`` and ``manifest.json``. A
        finished training of the same inputs and settings is not repeated; one that was killed is
        taken up.
    seed
        Decides weights, order and variations.
    fold
        Which split.

    Returns
    -------
    FitResult
        Best epoch and history.

    Raises
    ------
    DataError
        If a subset is empty.
    """
    training, tuning = training_cases(cases, splits, fold)
    data = trained_on_hips(training, tuning)
    if spec.largest_hip_mm is None:
        sizes = hip_sizes_mm(training, cache)
        spec = spec.changed({"largest_hip_mm": largest_hip_mm(sizes)})
    run = TrainingRun(folder, "train detector", data, spec, fit, seed, fold)

    def prepare() -> tuple[nn.Module, DetectionTask]:
        films = [
            [film.within_field() for film in load_films(part, cache, spec.image_size_px)]
            for part in (training, tuning)
        ]
        return build(spec, run.weights_seed), DetectionTask(films[0], films[1], spec, fit, seed)

    return run.result(prepare)


class DetectionTask:
    """Films, the detector's losses, and how well it finds the tuning set's hips."""

    def __init__(
        self,
        training: list[Film],
        tuning: list[Film],
        spec: DetectorSpec,
        fit: DetectorFit,
        seed: int,
    ) -> None:
        self.training, self.tuning = training, tuning
        self.spec, self.fit, self.seed = spec, fit, seed

    @property
    def training_size(self) -> int:
        """Films in an epoch."""
        return len(self.training)

    def load(self, index: int, epoch: int) -> Batch:
        """Give a film's square (1, s, s), boxes (2, 4) and which are present (2,)."""
        film = self.training[index]
        rng = generator(self.seed, "film", epoch, index)
        shown = tuple(box for box in film.boxes if box is not None)
        draw = draw_film(self.fit.augmentation, film.values.shape, shown, rng)
        square, boxes = film_square(film.grey, film.boxes, draw, self.spec.image_size_px)
        return torch.tensor(square)[None], *_as_tensors(boxes)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Focal loss plus box loss."""
        losses: dict[str, Tensor] = model(*batch)
        return losses["classification"] + losses["bbox_regression"]

    def evaluate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Mean IoU (a missed hip counts 0), share found, loss on the whole films."""
        ious: list[float] = []
        losses = []
        for films in _chunks(self.tuning, _EVALUATED_AT_ONCE):
            images, placed, boxes, present = self._whole(films)
            images, boxes, present = (t.to(device) for t in (images, boxes, present))
            losses.append(self.loss(model, (images, boxes, present)).item() * len(films))
            scores, candidates = model.raw(images)
            for number, film in enumerate(films):
                found = select(scores[number], candidates[number], placed[number], self.spec)
                ious += _ious(film, found)
        return {
            "loss": sum(losses) / len(self.tuning),
            "iou": float(np.mean(ious)),
            "found": float(np.mean([iou >= _FOUND_IOU for iou in ious])),
        }

    def _whole(self, films: list[Film]) -> tuple[Tensor, list[Letterbox], Tensor, Tensor]:
        squares, placed, targets = [], [], []
        for film in films:
            image = torch.from_numpy(film.grey)[None, None]
            square, place = letterbox(image, self.spec.image_size_px)
            squares.append(square)
            placed.append(place)
            inside = tuple(None if box is None else place.to_square(box) for box in film.boxes)
            targets.append(_as_tensors((inside[0], inside[1])))
        boxes, present = (torch.stack(part) for part in zip(*targets, strict=True))
        return torch.cat(squares), placed, boxes, present


def _as_tensors(boxes: tuple[Box | None, Box | None]) -> tuple[Tensor, Tensor]:
    corners = [(0.0, 0.0, 0.0, 0.0) if box is None else box.as_tuple() for box in boxes]
    present = [box is not None for box in boxes]
    return torch.tensor(corners, dtype=torch.float32), torch.tensor(present)


def _ious(film: Film, found: tuple[HipDetection, ...]) -> list[float]:
    by_side = {hip.laterality: hip.box for hip in found}
    return [
        reference.iou(by_side[side]) if side in by_side else 0.0
        for side, reference in zip(SIDES, film.boxes, strict=True)
        if reference is not None
    ]


def _chunks(films: list[Film], size: int) -> Iterator[list[Film]]:
    for start in range(0, len(films), size):
        yield films[start : start + size]
