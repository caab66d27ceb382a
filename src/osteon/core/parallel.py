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
_MOST_WAITING = 64  # results for each worker


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

    Results are handed over as they come, and no more than 64 for each worker are begun before the
    caller takes them, so memory stays flat however slow the caller is. With one worker everything
    runs in this process, which is the way to debug. The backend is joblib's current one, so a
    caller who enters ``joblib.parallel_config(backend="dask")`` sends the work to a cluster.

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
        results = _named_deaths(_with_few_waiting(function, iter(items), count), count)
    yield from results if description is None else track(results, description, total)


def _with_few_waiting(function: Callable[[T], R], items: Iterator[T], workers: int) -> Iterator[R]:
    """Work in runs: joblib begins new work whenever some is done, whether or not it is fetched.

    A run takes no more items once too much is waiting, and the next one begins when the caller has
    fetched everything; a caller that is quicker than the workers sees one run.
    """
    begun = fetched = 0
    is_over = False

    def few() -> Iterator[Any]:
        nonlocal begun, is_over
        while begun - fetched < _MOST_WAITING * workers:
            try:
                item = next(items)
            except StopIteration:
                is_over = True
                return
            begun += 1
            yield joblib.delayed(function)(item)

    pool: Any = joblib.Parallel(n_jobs=workers, return_as="generator", pre_dispatch=4 * workers)
    with pool as run:
        while not is_over:
            for result in run(few()):
                fetched += 1
                yield result


def _named_deaths(results: Iterable[R], workers: int) -> Iterator[R]:
    try:
        yield from results
    except TerminatedWorkerError as error:
        raise WorkerError(
            f"one of {workers} worker processes died, most likely for want of memory",
            remedy="run the same command again with fewer workers; what is finished is kept",
        ) from error
