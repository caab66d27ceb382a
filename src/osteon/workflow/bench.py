"""Benchmarks: found by scanning ``workflow.benches``, measured in a process of their own.

A benchmark is a module there with one function ``run(settings: BenchSettings) ->
Sequence[BenchResult]``; its first docstring line says what it measures. No list names them.
"""

import os
import pkgutil
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Generic, TypeVar

import psutil
from joblib.externals.loky import get_reusable_executor

from osteon.core.files import write_json, write_text
from osteon.core.manifest import installed_versions
from osteon.errors import UsageError
from osteon.workflow import benches

__all__ = [
    "BenchResult",
    "BenchSettings",
    "Measured",
    "bench_names",
    "markdown",
    "measure",
    "run_bench",
    "write_results",
]

T = TypeVar("T")
_SAMPLE_S = 0.02
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """How large a benchmark is run: ``scale`` 1 is the size that is quoted.

    ``folder`` is empty at the start and removed at the end; ``workers`` as everywhere (``None``:
    one for each core); ``repeats`` is how often each side runs, the fastest counting; ``output``
    is where a benchmark may leave pictures, ``None`` when nothing is kept.
    """

    folder: Path
    scale: float = 1.0
    workers: int | None = None
    repeats: int = 3
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class BenchResult:
    """One line of a benchmark.

    Parameters
    ----------
    what
        What was done, with its size: ``"2000 files of 0.5 MB"``.
    value, unit
        Our figure, e.g. 1400 ``"files/s"``.
    peer, peer_value
        What it is held against and its figure; ``None`` when there is none.
    more_is_better
        Whether a larger figure is better; decides which way the ratio is formed.
    peak_mib, peer_peak_mib
        Most memory in use at once, all processes together, in MiB; ``None`` when not measured.
    remark
        What a reader should know.
    """

    what: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    more_is_better: bool = True
    peak_mib: float | None = None
    peer_peak_mib: float | None = None
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; above 1 is better."""
        if self.peer_value is None or not self.peer_value or not self.value:
            return None
        ratio = self.value / self.peer_value
        return ratio if self.more_is_better else 1 / ratio


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """What a function returned, its wall time in seconds and its peak memory in MiB."""

    value: T
    seconds: float
    peak_mib: float


def measure(function: Callable[..., T], *arguments: Any) -> Measured[T]:
    """Run a function in a fresh process and watch it.

    Memory is the resident memory of the process and all it started, sampled every 20 ms; the
    time does not count starting the process. Function, arguments and answer must be picklable.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        process = psutil.Process(pool.submit(os.getpid).result())
        with _watched(process) as peak:
            value, seconds = pool.submit(_timed, function, arguments).result()
        pool.submit(_let_workers_go).result()
    return Measured(value, seconds, peak[0] / _MIB)


def _timed(function: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[T, float]:
    start = time.perf_counter()
    value = function(*arguments)
    return value, time.perf_counter() - start


def _let_workers_go() -> None:
    """End joblib's idle workers, which would wait minutes for more work."""
    if psutil.Process().children():
        get_reusable_executor().shutdown(wait=True)


@contextmanager
def _watched(process: psutil.Process) -> Iterator[list[float]]:
    peak, stop = [0.0], threading.Event()

    def sample() -> None:
        while not stop.wait(_SAMPLE_S):
            peak[0] = max(peak[0], _resident(process))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _resident(process: psutil.Process) -> float:
    total = 0.0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return total
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.Error:  # it ended meanwhile
            continue
    return total


def bench_names() -> list[str]:
    """Names of the benchmarks that are there."""
    return sorted(module.name for module in pkgutil.iter_modules(benches.__path__))


def run_bench(name: str, settings: BenchSettings) -> Sequence[BenchResult]:
    """Run one benchmark.

    Raises
    ------
    UsageError
        If there is none of this name.
    """
    if name not in bench_names():
        raise UsageError(
            f"there is no benchmark {name}", remedy=f"there are: {', '.join(bench_names())}"
        )
    results: Sequence[BenchResult] = import_module(f"{benches.__name__}.{name}").run(settings)
    return results


_HEAD = ("bench", "what", "here", "peer", "ratio", "peak MiB", "peer's peak", "remark")


def _row(name: str, result: BenchResult) -> tuple[str, ...]:
    peer = "" if result.peer_value is None else f"{result.peer}: {_figure(result.peer_value)}"
    return (
        name,
        result.what,
        f"{_figure(result.value)} {result.unit}",
        peer,
        "" if result.ratio is None else f"{result.ratio:.2f}x",
        "" if result.peak_mib is None else f"{result.peak_mib:.0f}",
        "" if result.peer_peak_mib is None else f"{result.peer_peak_mib:.0f}",
        result.remark,
    )


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(results: dict[str, Sequence[BenchResult]]) -> str:
    """Write results as a Markdown table with the machine they were taken on."""
    rows = [_row(name, item) for name, items in results.items() for item in items]
    lines = ["| " + " | ".join(_HEAD) + " |", "|" + "---|" * len(_HEAD)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", _machine(), ""])


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}."
    )


def write_results(results: dict[str, Sequence[BenchResult]], folder: Path) -> None:
    """Keep results as ``bench.json`` and ``bench.md``."""
    content = {
        "machine": _machine(),
        "versions": installed_versions(),
        "results": {
            name: [asdict(item) | {"ratio": item.ratio} for item in items]
            for name, items in results.items()
        },
    }
    write_json(folder / "bench.json", content)
    write_text(folder / "bench.md", markdown(results))
