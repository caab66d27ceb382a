"""One training as a stage: skipped when its result is there, taken up when it was killed."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from accelerate import PartialState
from torch import nn

from osteon.core.manifest import Manifest, Stopwatch, fingerprint
from osteon.core.rng import seed_for
from osteon.models.checkpoint import save_checkpoint
from osteon.models.pretrained import initialise
from osteon.models.spec import ModelSpec
from osteon.training.fit import RESUME_NAME, fit
from osteon.training.settings import FitSpec
from osteon.training.subsets import TrainedOn
from osteon.training.task import FitResult, Task, read_history

__all__ = ["MANIFEST_NAME", "TrainingRun"]

MANIFEST_NAME = "manifest.json"
AnyTask = TypeVar("AnyTask", bound=Task)


class TrainingRun:
    """Files, fingerprint and manifest of one training.

    Parameters
    ----------
    folder
        Where its files go.
    stage
        Its name in the manifest.
    data
        What it rests on.
    spec
        The network.
    settings
        How it is trained.
    seed, fold
        As in the manifest.
    """

    def __init__(
        self,
        folder: Path,
        stage: str,
        data: TrainedOn,
        spec: ModelSpec,
        settings: FitSpec,
        seed: int,
        fold: int,
    ) -> None:
        self.folder, self.stage, self.seed = folder, stage, seed
        self.spec, self.fit = spec, settings
        self.inputs, self.counts, self.synthetic = data.inputs, data.counts, data.synthetic
        self.settings = {"model": spec.resolved(), "fit": settings.resolved(), "fold": fold}

    @property
    def weights_seed(self) -> int:
        """Seed of the random initial weights."""
        return seed_for(self.seed, "weights")

    def result(
        self,
        prepare: Callable[[], tuple[nn.Module, AnyTask]],
        complete: Callable[[nn.Module, AnyTask], None] | None = None,
    ) -> FitResult:
        """Give the finished training, training now if need be.

        ``prepare`` makes the network and loads the pictures; it is not called when the folder
        already holds the result. ``complete`` adds to the fitted network, before it is kept, what
        is not learned by gradient.
        """
        manifest_path = self.folder / MANIFEST_NAME
        if Manifest.is_current(manifest_path, self.stage, self.inputs, self.settings, self.seed):
            return read_history(self.folder, self.fit)
        manifest_path.unlink(missing_ok=True)
        watch = Stopwatch()
        model, task = prepare()
        initialise(model, self.spec, self.fit.initial.source, self.fit.initial.path)
        key = fingerprint([self.stage, self.inputs, self.settings, self.seed])
        result = fit(model, task, self.fit, self.folder, seed=self.seed, key=key)
        if complete is not None:
            complete(model, task)
        if PartialState().is_main_process:
            self._keep(model, result, watch)
        return result

    def _keep(self, model: nn.Module, result: FitResult, watch: Stopwatch) -> None:
        save_checkpoint(self.folder, model, self.spec)
        counts = {**self.counts, "steps": result.steps, "epochs": result.epochs}
        Manifest(
            self.stage, self.inputs, self.settings, self.seed, counts, watch.seconds, self.synthetic
        ).write(self.folder / MANIFEST_NAME)
        (self.folder / RESUME_NAME).unlink(missing_ok=True)
