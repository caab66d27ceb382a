"""Train the gate: hip films with their views and hardware against drawn films of anything else.

The hip films are cases of the study, cross-table laterals among them (take the candidates before
the eligibility rules); the others come from :mod:`osteon.phantom.other_parts`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn
from torch.nn import functional

from osteon.core.files import write_json
from osteon.core.manifest import Manifest, Stopwatch, fingerprint
from osteon.core.rng import generator, seed_for
from osteon.models.checkpoint import SPEC_NAME, WEIGHTS_NAME, save_weights
from osteon.models.gate import GateNetwork, build_gate
from osteon.models.gate_spec import GateSpec
from osteon.models.letterbox import letterbox
from osteon.training.augmentation import draw_film, film_square
from osteon.training.fit import RESUME_NAME, fit
from osteon.training.gate_films import (
    UNKNOWN_VIEW,
    GateFilm,
    draw_other_film,
    gate_films,
    others_fingerprint,
    views_fingerprint,
)
from osteon.training.gate_settings import GateFit
from osteon.training.run import MANIFEST_NAME
from osteon.training.subsets import PixelLoader, cases_fingerprint, is_synthetic, training_cases
from osteon.training.task import Batch, FitResult, read_history

__all__ = ["GateTask", "middle_threshold", "train_gate"]

THRESHOLDS_NAME = "thresholds.json"
FILMS_NAME = "films.json"
_STAGE = "train gate"
_FEWEST_OTHERS = 200  # drawn for tuning: a 99th percentile needs them


def train_gate(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    cache: PixelLoader,
    spec: GateSpec,
    settings: GateFit,
    folder: Path,
    seed: int,
    fold: int = 0,
) -> FitResult:
    """Train a gate and choose its thresholds on the tuning patients.

    Parameters
    ----------
    cases
        Table CASES; a column ``view`` names each film's view where it is known.
    splits, cache, folder, seed, fold
        As in :func:`osteon.training.detection.train_detector`; ``thresholds.json`` and
        ``films.json``, the SHA-256 of every film seen, are written beside the weights.
    spec, settings
        The network and how it is trained.

    Returns
    -------
    FitResult
        Best epoch and history.
    """
    training, tuning = training_cases(cases, splits, fold)
    inputs = {
        "cases": cases_fingerprint(training, tuning),
        "views": views_fingerprint(training, tuning),
        "others": others_fingerprint(),
    }
    resolved = {"model": spec.resolved(), "fit": settings.resolved(), "fold": fold}
    manifest = folder / MANIFEST_NAME
    if Manifest.is_current(manifest, _STAGE, inputs, resolved, seed):
        return read_history(folder, settings)
    manifest.unlink(missing_ok=True)
    watch = Stopwatch()
    parts = [gate_films(part, cache, spec) for part in (training, tuning)]
    task = GateTask(parts[0], parts[1], spec, settings, seed)
    model = build_gate(spec, seed_for(seed, "weights"))
    result = fit(
        model, task, settings, folder, seed=seed, key=fingerprint([inputs, resolved, seed])
    )
    save_weights(folder / WEIGHTS_NAME, model)
    write_json(folder / SPEC_NAME, spec.resolved())
    write_json(folder / THRESHOLDS_NAME, task.thresholds(model))
    write_json(
        folder / FILMS_NAME, sorted(item.film.content_hash for part in parts for item in part)
    )
    counts = {"training_films": len(parts[0]), "tuning_films": len(parts[1]), "steps": result.steps}
    Manifest(
        _STAGE, inputs, resolved, seed, counts, watch.seconds, is_synthetic(training, tuning)
    ).write(manifest)
    (folder / RESUME_NAME).unlink(missing_ok=True)
    return result


class GateTask:
    """Hip films and other films, three losses, and the thresholds."""

    def __init__(
        self,
        training: list[GateFilm],
        tuning: list[GateFilm],
        spec: GateSpec,
        settings: GateFit,
        seed: int,
    ) -> None:
        self.training, self.spec, self.fit, self.seed = training, spec, settings, seed
        self._others_count = round(len(training) * settings.others_per_film)
        is_kept = settings.others_drawn == "once"
        self._drawn = [self._training_other(i, 0) for i in range(self._others_count * is_kept)]
        self._tuning = _stacked(
            [self._whole(item) for item in tuning] + self._others(max(len(tuning), _FEWEST_OTHERS))
        )

    @property
    def training_size(self) -> int:
        """Pictures in an epoch."""
        return len(self.training) + self._others_count

    def load(self, index: int, epoch: int) -> Batch:
        """Give a square (1, s, s) and its targets: hip, view, hardware (-1: does not apply)."""
        rng = generator(self.seed, "gate", epoch, index)
        if index >= len(self.training):
            number = index - len(self.training)
            grey = self._drawn[number] if self._drawn else self._training_other(number, epoch)
            return self._other_varied(grey, rng)
        item = self.training[index]
        film = item.film
        shown = tuple(box for box in film.boxes if box is not None)
        draw = draw_film(self.fit.augmentation, film.values.shape, shown, rng)
        square, boxes = film_square(film.grey, film.boxes, draw, self.spec.image_size_px)
        hardware = item.hardware[::-1] if draw.mirror else item.hardware
        visible = tuple(box is not None for box in boxes)
        metal = any(has and seen for has, seen in zip(hardware, visible, strict=True))
        return _targets(square, 1, self._view_shown(item.view, sum(visible)), int(metal))

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Add the cross-entropies of body part, view and hardware."""
        images, hip, view, hardware = batch
        logits = model(images).float()
        total = functional.binary_cross_entropy_with_logits(logits[:, 0], hip.float())
        if bool((view != UNKNOWN_VIEW).any()):
            total = total + functional.cross_entropy(
                logits[:, 1:-1], view, ignore_index=UNKNOWN_VIEW
            )
        known = hardware >= 0
        if bool(known.any()):
            total = total + functional.binary_cross_entropy_with_logits(
                logits[known, -1], hardware[known].float()
            )
        return total

    def evaluate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Loss and accuracies on whole tuning films and as many others."""
        logits = self._tuning_logits(model, device)
        _, hip, view, hardware = self._tuning
        named, known = view != UNKNOWN_VIEW, hardware >= 0
        return {
            "loss": float(self.loss(_Given(logits), self._tuning)),
            "hip_accuracy": _share((logits[:, 0] > 0) == (hip == 1)),
            "view_accuracy": _share(logits[named, 1:-1].argmax(1) == view[named]),
            "hardware_accuracy": _share((logits[known, -1] > 0) == (hardware[known] == 1)),
        }

    def thresholds(self, model: GateNetwork) -> dict[str, float]:
        """Choose the thresholds of :func:`osteon.prediction.gate.decide` on the tuning films."""
        with torch.inference_mode():
            logits = self._tuning_logits(model.eval(), torch.device("cpu")).double()
        _, hip, view, hardware = (part.numpy() for part in self._tuning)
        chosen = {"hip": middle_threshold(logits[:, 0].numpy(), hip == 1, highest=0.5)}
        known = hardware >= 0
        chosen["hardware"] = middle_threshold(logits[known, -1].numpy(), hardware[known] == 1)
        place = self.spec.views.index("cross_table_lateral")
        shares = logits[:, 1:-1].softmax(dim=1)[:, place].clamp(1e-6, 1 - 1e-6)
        films = (hip == 1) & (view != UNKNOWN_VIEW)
        odds = torch.logit(shares).numpy()
        chosen["cross_table_lateral"] = middle_threshold(
            odds[films], view[films] == place, lowest=0.5
        )
        return chosen

    def _tuning_logits(self, model: nn.Module, device: torch.device) -> Tensor:
        return torch.cat(
            [model(part.to(device)).float().cpu() for part in self._tuning[0].split(64)]
        )

    def _whole(self, item: GateFilm) -> Batch:
        images = torch.from_numpy(item.film.grey)[None, None]
        square, _ = letterbox(images, self.spec.image_size_px)
        return _targets(square[0, 0].numpy(), 1, item.view, int(any(item.hardware)))

    def _others(self, count: int) -> list[Batch]:
        return [self._other(generator(self.seed, "gate tuning", i)) for i in range(count)]

    def _training_other(self, number: int, epoch: int) -> NDArray[np.float32]:
        return draw_other_film(generator(self.seed, "gate training", epoch, number))

    def _other(self, rng: np.random.Generator) -> Batch:
        grey = torch.from_numpy(draw_other_film(rng))[None, None]
        square, _ = letterbox(grey, self.spec.image_size_px)
        return _targets(square[0, 0].numpy(), 0, self.spec.views.index("other"), -1)

    def _other_varied(self, grey: NDArray[np.float32], rng: np.random.Generator) -> Batch:
        """Vary a film as hip films are, or the variations alone would mean a hip."""
        draw = draw_film(self.fit.augmentation, grey.shape, (), rng)
        square, _ = film_square(grey, (None, None), draw, self.spec.image_size_px)
        return _targets(square, 0, self.spec.views.index("other"), -1)

    def _view_shown(self, view: int, hips: int) -> int:
        """Name the view of a window: a pelvis film of which one hip is left is a hip film."""
        views = self.spec.views
        if view != UNKNOWN_VIEW and views[view] == "ap_pelvis" and hips == 1:
            return views.index("ap_hip")
        return view


def middle_threshold(
    logits: NDArray[np.float64],
    is_positive: NDArray[np.bool_],
    *,
    lowest: float = 0.05,
    highest: float = 0.95,
) -> float:
    """Probability halfway, in log-odds, between the weakest positives and the strongest others.

    Weakest and strongest are the 1st and the 99th percentile. Where a gate separates its tuning
    films fully, every threshold between them is as good there; the middle is the one that is
    left with most room for films of another look. Kept within ``lowest`` and ``highest``: for
    refusals one of them is 0.5, so that no film is refused that more likely belongs than not.
    0.5 where a side is empty.
    """
    if not is_positive.any() or is_positive.all():
        return 0.5
    weakest = float(np.percentile(logits[is_positive], 1))
    strongest = float(np.percentile(logits[~is_positive], 99))
    return float(np.clip(expit((weakest + strongest) / 2), lowest, highest))


class _Given(nn.Module):
    """Stands for a network whose answer is known."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, images: Tensor) -> Tensor:
        return self.logits


def _targets(square: NDArray[np.float32], hip: int, view: int, hardware: int) -> Batch:
    image = torch.from_numpy(np.array(square, np.float32))[None]
    return image, torch.tensor(hip), torch.tensor(view), torch.tensor(hardware)


def _stacked(items: list[Batch]) -> Batch:
    return tuple(torch.stack(parts) for parts in zip(*items, strict=True))


def _share(right: Tensor) -> float:
    return float(right.double().mean()) if len(right) else 1.0
