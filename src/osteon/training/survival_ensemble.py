"""Train the networks of an ensemble: every view with every seed, on several processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from osteon.core.parallel import map_parallel
from osteon.core.schemas import PROJECTED_VIEWS
from osteon.training.settings import SurvivalTraining
from osteon.training.survival import train_survival
from osteon.training.survival_cases import SurvivalTables
from osteon.training.task import FitResult

__all__ = ["train_survival_ensemble"]


def train_survival_ensemble(
    tables: SurvivalTables,
    root: Path,
    training: SurvivalTraining,
    folder: Path,
    seeds: Sequence[int],
    *,
    views: Sequence[str] = PROJECTED_VIEWS,
    fold: int = 0,
    workers: int | None = None,
) -> dict[tuple[str, int], FitResult]:
    """Train one network for each view and seed.

    Parameters
    ----------
    tables, root, fold
        As of :func:`osteon.training.survival.train_survival`.
    training
        The network and its settings; the view is replaced by each of ``views``.
    folder
        Gets a folder ``<view>-seed<seed>`` for each network. What is finished is not repeated,
        what was killed is taken up.
    seeds
        One network of each view for each.
    views
        Which views.
    workers
        Processes, ``None`` for one on each core; a network is trained by one of them, and they
        share the cores' threads.

    Returns
    -------
    dict
        (view, seed) to best epoch and history.

    Raises
    ------
    TableError, DataError
        As :func:`osteon.training.survival.train_survival`.
    """
    jobs = [
        _Job(tables, root, training.changed({"model": {"view": view}}), folder, seed, fold)
        for seed in seeds
        for view in views
    ]
    results = map_parallel(_trained, jobs, workers=workers, description="training networks")
    return {
        (job.training.model.view, job.seed): result
        for job, result in zip(jobs, results, strict=True)
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    tables: SurvivalTables
    root: Path
    training: SurvivalTraining
    folder: Path
    seed: int
    fold: int


def _trained(job: _Job) -> FitResult:
    spec, fit = job.training.model, job.training.fit
    folder = job.folder / f"{spec.view}-seed{job.seed}"
    return train_survival(job.tables, job.root, spec, fit, folder, job.seed, job.fold)
