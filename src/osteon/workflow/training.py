"""Training over the folds of a split."""

from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd

from osteon.models.spec import ModelSpec
from osteon.pixels.cache import PixelCache
from osteon.training.run import MANIFEST_NAME
from osteon.training.settings import FitSpec
from osteon.training.task import FitResult
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.stage import Outcome

__all__ = ["Train", "finished_at", "fold_folder", "folds_of", "train_folds"]

S = TypeVar("S", bound=ModelSpec, contravariant=True)
F = TypeVar("F", bound=FitSpec, contravariant=True)


class Train(Protocol[S, F]):
    """A training function of :mod:`osteon.training`."""

    def __call__(
        self,
        cases: pd.DataFrame,
        splits: pd.DataFrame,
        cache: PixelCache,
        spec: S,
        fit: F,
        folder: Path,
        seed: int,
        fold: int = 0,
    ) -> FitResult:
        """Train one fold into a folder."""


def fold_folder(context: Context, fold: int, part: str) -> Path:
    """Where a fold's detector or classifier goes."""
    return context.run_folder / f"fold-{fold}" / part


def folds_of(context: Context) -> list[int]:
    """List the folds of the split, in order."""
    return sorted(int(fold) for fold in context.study.read("splits")["fold"].unique())


def train_folds(context: Context, part: str, train: Train[S, F], spec: S, fit: F) -> Outcome:
    """Train every fold; folds that are finished are kept, one that was killed is taken up."""
    study = context.study
    cases, splits = context.prepared_cases(), study.read("splits")
    cache = pixel_cache(context)
    epochs, ran = 0, False
    folds = folds_of(context)
    for fold in folds:
        folder = fold_folder(context, fold, part)
        before = finished_at(folder)
        result = train(cases, splits, cache, spec, fit, folder, study.settings.seed, fold)
        ran |= finished_at(folder) != before
        epochs += len(result.history)
    return Outcome({"folds": len(folds), "evaluations": epochs}, ran)


def finished_at(folder: Path) -> int | None:
    """When a training's folder was finished, in nanoseconds; ``None`` while it is not."""
    path = folder / MANIFEST_NAME
    return path.stat().st_mtime_ns if path.exists() else None
