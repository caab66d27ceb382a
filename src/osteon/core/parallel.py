"""The one seam for work on several processes or machines."""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from osteon.core.progress import track
from osteon.errors import WorkerError

__all__ = ["map_parallel", "worker_count"]

T = TypeVar("T")
R = TypeVar("R")


def worker_count(workers: int | None) -> int:
    """Resolve a number of workers: ``None`` or 0 means one for each core."""
    if workers is not None and workers < 0:
        raise ValueError(f"workers is {workers}, wanted 0 (one for each core) or more")
    return workers or joblib.cpu_count()


def map_parallel(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int | None = None,
    description: str | None = None,
    total: int | None = None,
) -> Iterator[R]:
    """Apply a function to every item, results in the order of the items.

    Results are handed over as they come, so memory stays flat. With one worker everything runs
    in this process, which is the way to debug. The backend is joblib's current one, so a caller
    who enters ``joblib.parallel_config(backend="dask")`` sends the work to a cluster.

    Parameters
    ----------
    function
        A function of one item that can be pickled.
    items
        What to work on.
    workers
        Number of processes; ``None`` or 0 means one for each core.
    description
        Shown as progress when given.
    total
        Number of items, for progress over a generator.

    Raises
    ------
    WorkerError
        If a process was killed.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    count = worker_count(workers)
    results: Iterable[R]
    if count == 1:
        results = map(function, items)
    else:
        run: Any = joblib.Parallel(n_jobs=count, return_as="generator", pre_dispatch=4 * count)
        results = _named_deaths(run(joblib.delayed(function)(item) for item in items), count)
    yield from results if description is None else track(results, description, total)


def _named_deaths(results: Iterable[R], workers: int) -> Iterator[R]:
    try:
        yield from results
    except TerminatedWorkerError as error:
        raise WorkerError(
            f"one of {workers} worker processes died, most likely for want of memory",
            remedy="run the same command again with fewer workers; what is finished is kept",
        ) from error
