"""Train a survival network on the projections of one view."""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from osteon.core.rng import generator
from osteon.core.schemas import SUBSEQUENT_FRACTURE
from osteon.errors import DataError
from osteon.models.build import build
from osteon.models.clinical_inputs import clinical_values
from osteon.models.hazards import event_free, interpolation_of, interval_hazards
from osteon.models.projections import load_projections
from osteon.models.spec import SurvivalSpec
from osteon.models.survival import SurvivalNetwork
from osteon.statistics.concordance import concordance_replicates
from osteon.training.projection_augmentation import draw_projection
from osteon.training.run import TrainingRun
from osteon.training.settings import SurvivalFit
from osteon.training.survival_cases import (
    STAGE,
    SurvivalTables,
    follow_up_of,
    survival_cases,
)
from osteon.training.survival_losses import (
    FollowUp,
    breslow_increments,
    calibration_shift,
    life_table,
    survival_loss,
)
from osteon.training.task import Batch, FitResult

__all__ = ["SurvivalSet", "SurvivalTask", "outputs_of", "train_survival"]

_EVALUATED_AT_ONCE = 64


def train_survival(
    tables: SurvivalTables,
    root: Path,
    spec: SurvivalSpec,
    fit: SurvivalFit,
    folder: Path,
    seed: int,
    fold: int = 0,
) -> FitResult:
    """Train a survival network of one view; test patients are dropped before a picture is read.

    Parameters
    ----------
    tables
        Projections, follow-up, splits, and clinical variables where the spec names some.
    root
        The study folder, from which the paths of projections go.
    spec
        The network, its view among it.
    fit
        How it is trained.
    folder, seed, fold, returns
        As of :func:`osteon.training.detection.train_detector`.

    Raises
    ------
    TableError, DataError
        As :func:`osteon.training.survival_cases.survival_cases` and
        :func:`osteon.models.projections.read_projection`; or if the metric is ``concordance`` and
        no two tuning patients compare.
    """
    cases = survival_cases(tables, spec, fold)
    data = cases.trained_on(tables.is_synthetic)
    run = TrainingRun(folder, STAGE, data, spec, fit, seed, fold)

    def prepare() -> tuple[nn.Module, SurvivalTask]:
        parts = [SurvivalSet.of(rows, root, spec) for rows in (cases.training, cases.tuning)]
        task = SurvivalTask(parts[0], parts[1], spec, fit, seed)
        model = build(spec, run.weights_seed)
        task.start(model)
        return model, task

    return run.result(prepare, lambda model, task: task.complete(model))


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalSet:
    """Pictures (n, 1, s, s), clinical variables (n, p) and follow-up of one subset."""

    pictures: Tensor
    clinical: Tensor
    follow_up: FollowUp

    @classmethod
    def of(cls, rows: pd.DataFrame, root: Path, spec: SurvivalSpec) -> "SurvivalSet":
        """Load the projections of a table's rows."""
        pictures = load_projections(rows, root, spec.image_size_px)
        return cls(pictures, clinical_values(rows, spec), follow_up_of(rows))


class SurvivalTask:
    """Projections, the head's likelihood, and concordance on the tuning set."""

    def __init__(
        self,
        training: SurvivalSet,
        tuning: SurvivalSet,
        spec: SurvivalSpec,
        fit: SurvivalFit,
        seed: int,
    ) -> None:
        self.training, self.tuning = training, tuning
        self.spec, self.fit, self.seed = spec, fit, seed
        self._followed = tuple(part.double() for part in tuning.follow_up[:2])
        nobody = torch.zeros(len(tuning.pictures))
        if fit.metric == "concordance" and not self._concordance(nobody):
            raise DataError(
                "no two tuning patients compare: no fracture before another's end of follow-up",
                remedy="set fit.metric=loss, or give the tuning subset more patients",
            )

    @property
    def training_size(self) -> int:
        """Pictures in an epoch."""
        return len(self.training.pictures)

    def start(self, model: SurvivalNetwork) -> None:
        """Fit scales, and the baseline a training starts from, to the training set."""
        model.fit_inputs(self.training.pictures, self.training.clinical)
        model.set_baseline(life_table(self.training.follow_up, self.spec))

    def load(self, index: int, epoch: int) -> Batch:
        """Give a picture (1, s, s), clinical variables (p,), entry, time and cause."""
        rng = generator(self.seed, "projection", epoch, index)
        picture = self.training.pictures[index, 0].numpy()
        varied = draw_projection(picture, self.spec.view, self.fit.augmentation, rng)
        followed = (part[index] for part in self.training.follow_up)
        return (torch.from_numpy(varied)[None], self.training.clinical[index], *followed)

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean negative log-likelihood; Cox's risk sets are those of the batch."""
        images, clinical, *followed = batch
        raw = model(images, clinical)
        return survival_loss(raw, FollowUp(*followed), self.spec, self.fit.ties)

    def evaluate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Loss and concordance on the tuning set's plain pictures."""
        raw = outputs_of(model, self.tuning, device).double()
        entry, time = self._followed
        follow_up = FollowUp(entry, time, self.tuning.follow_up.cause)
        loss = survival_loss(raw, follow_up, self.spec, self.fit.ties).item()
        return {"loss": loss, **self._concordance(self._risk(raw))}

    def complete(self, model: SurvivalNetwork) -> None:
        """Set the baseline on the training set's plain pictures.

        Breslow's for Cox; for the others the learned one, each cause shifted as
        :func:`osteon.training.survival_losses.calibration_shift` finds it.
        """
        with torch.no_grad():
            raw = outputs_of(model, self.training, torch.device("cpu"))
        follow_up, cuts = self.training.follow_up, self.spec.cuts_days
        if self.spec.head == "cox":
            model.set_baseline(breslow_increments(raw[..., 0], follow_up, cuts))
        else:
            shift = calibration_shift(raw, follow_up, self.spec)
            learned = model.baseline.detach().reshape(self.spec.causes, -1)
            model.set_baseline(learned + shift[:, None])

    def _risk(self, raw: Tensor) -> Tensor:
        """Probability of the first cause by the horizon; Cox's before its baseline is known."""
        if self.spec.head == "cox":
            return raw[:, 0, 0]
        head, horizon = self.spec.head, torch.tensor([self.fit.risk_horizon_days])
        hazards = interval_hazards(raw, head)
        return (
            1 - event_free(hazards, self.spec.cuts_days, horizon, interpolation_of(head))[:, 0, 0]
        )

    def _concordance(self, risk: Tensor) -> dict[str, float]:
        """Harrell's, of the first cause; nothing where no pair compares."""
        time, cause = self._followed[1].numpy(), self.tuning.follow_up.cause.numpy()
        found = concordance_replicates(time, cause == SUBSEQUENT_FRACTURE, risk.double().numpy())
        return {} if math.isnan(found[0]) else {"concordance": float(found[0])}


def outputs_of(model: nn.Module, data: SurvivalSet, device: torch.device) -> Tensor:
    """Run a network on plain pictures in portions: float32 (n, causes, K) on the CPU."""
    parts = zip(
        data.pictures.split(_EVALUATED_AT_ONCE), data.clinical.split(_EVALUATED_AT_ONCE),
        strict=True,
    )  # fmt: skip
    return torch.cat(
        [model(images.to(device), rows.to(device)).float().cpu() for images, rows in parts]
    )
