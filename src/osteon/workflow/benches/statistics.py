"""Clustered bootstraps and concordances, against loops over scikit-learn and scikit-survival."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.core.optional import is_installed
from osteon.core.rng import generator
from osteon.errors import UsageError
from osteon.statistics.bootstrap import bootstrap
from osteon.statistics.concordance import (
    concordance_index_harrell,
    concordance_index_uno,
    concordance_replicates,
)
from osteon.statistics.mrmc import obuchowski_rockette
from osteon.statistics.roc import auroc_replicates
from osteon.workflow.bench import BenchResult, BenchSettings, measure

__all__ = ["run"]

Floats = NDArray[np.float64]
PEER_CALLS = 50  # of the peer's loop; its time is scaled up to all replicates
PEER_PYTHON = "OSTEON_BENCH_PEER_PYTHON"


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Time each beside its peer in one run; a peer that is not installed is said to be absent.

    The peer's loop is timed on 50 calls and scaled to the number of replicates.
    """
    return [
        _areas(settings),
        *_concordances(settings),
        _one_concordance(settings),
        _readers(settings),
        _memory(settings),
    ]


def _fastest(function: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(max(repeats, 2)):  # the first call warms up
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def _looped(function: Callable[[], Any], replicates: int, repeats: int) -> float:
    def some() -> None:
        for _ in range(PEER_CALLS):
            function()

    return _fastest(some, repeats) * replicates / PEER_CALLS


def _areas(settings: BenchSettings) -> BenchResult:
    n, replicates = max(100, round(1000 * settings.scale)), 2000
    rng = generator(1, "bench", "areas")
    truth = rng.random(n) < 0.4
    score, patient = truth + rng.normal(size=n), np.arange(n) // 2

    def ours() -> None:
        bootstrap(auroc_replicates, truth, score, cluster=patient, rng=rng, replicates=replicates)

    peer = None
    if is_installed("sklearn"):
        metric = import_module("sklearn.metrics").roc_auc_score
        peer = _looped(lambda: metric(truth, score), replicates, settings.repeats)
    return BenchResult(
        what=f"{replicates} clustered bootstrap replicates of the area, {n} cases",
        value=_fastest(ours, settings.repeats),
        unit="s",
        peer="loop over sklearn.metrics.roc_auc_score" if peer else None,
        peer_value=peer,
        more_is_better=False,
        remark="" if peer else "scikit-learn is not installed",
    )


def _follow_up(n: int) -> tuple[Floats, NDArray[np.int64], Floats]:
    rng = generator(1, "bench", "follow-up", n)
    score = rng.normal(size=n)
    event_time, censoring = rng.exponential(np.exp(-score)), rng.exponential(1.5, n)
    event = (event_time <= censoring).astype(np.int64)
    return np.minimum(event_time, censoring), event, score


def _concordances(settings: BenchSettings) -> list[BenchResult]:
    n, replicates = max(100, round(500 * settings.scale)), 1000
    t, event, score = _follow_up(n)
    peer = _survival_peer(t, event, score, settings.repeats)
    results = []
    for name, uno in (("Harrell", False), ("Uno", True)):

        def statistic(a: Floats, b: Any, c: Floats, *, weights: Floats, _uno: bool = uno) -> Floats:
            return concordance_replicates(a, b, c, uno=_uno, weights=weights)

        def ours(chosen: Callable[..., Floats] = statistic) -> None:
            bootstrap(chosen, t, event, score, rng=generator(2, "bench"), replicates=replicates)

        results.append(
            BenchResult(
                what=f"{replicates} bootstrap replicates of {name}'s C, {n} cases",
                value=_fastest(ours, settings.repeats),
                unit="s",
                peer="loop over scikit-survival" if peer else None,
                peer_value=peer[name] * replicates if peer else None,
                more_is_better=False,
                remark="" if peer else f"{PEER_PYTHON} names no Python with scikit-survival",
            )
        )
    return results


_PEER_SCRIPT = """
import json, sys, time
import numpy as np
from sksurv import metrics
given = json.load(sys.stdin)
t, event, score = (np.array(given[name]) for name in ("time", "event", "score"))
outcome = np.array(list(zip(event == 1, t)), dtype=[("event", bool), ("time", float)])
calls = {
    "Harrell": lambda: metrics.concordance_index_censored(event == 1, t, score),
    "Uno": lambda: metrics.concordance_index_ipcw(outcome, outcome, score),
}
found = {}
for name, call in calls.items():
    times = []
    for _ in range(given["repeats"]):
        start = time.perf_counter()
        for _ in range(given["calls"]):
            call()
        times.append(time.perf_counter() - start)
    found[name] = min(times) / given["calls"]
json.dump(found, sys.stdout)
"""


def _survival_peer(
    t: Floats, event: NDArray[np.int64], score: Floats, repeats: int
) -> dict[str, float]:
    """Seconds of one call by scikit-survival; empty when no Python that has it is named.

    It is under the GPL: never imported here, but run as a program of the user's own.
    """
    python = os.environ.get(PEER_PYTHON)
    if not python:
        return {}
    given = {
        "time": t.tolist(), "event": event.tolist(), "score": score.tolist(),
        "repeats": max(repeats, 2), "calls": PEER_CALLS,
    }  # fmt: skip
    answer = subprocess.run(
        [python, "-c", _PEER_SCRIPT], input=json.dumps(given), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if answer.returncode:
        raise UsageError(
            f"{PEER_PYTHON} is {python}, which failed: {answer.stderr.strip().splitlines()[-1:]}",
            remedy="name a Python that has scikit-survival, or none",
        )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _one_concordance(settings: BenchSettings) -> BenchResult:
    n = max(1000, round(1_000_000 * settings.scale))
    t, event, score = _follow_up(n)
    value = _fastest(lambda: concordance_index_harrell(t, event, score), 1)
    small = tuple(array[: n // 10] for array in (t, event, score))
    tenth = _fastest(lambda: concordance_index_uno(*small), 1)
    return BenchResult(
        what=f"Harrell's C with its interval, {n} cases",
        value=value,
        unit="s",
        remark=f"Uno's with a tenth of the cases: {tenth:.2f} s",
    )


def _readers(settings: BenchSettings) -> BenchResult:
    rng = generator(1, "bench", "readers")
    truth = np.arange(114) % 5 < 2
    ratings = truth + rng.normal(size=(2, 5, 114))
    return BenchResult(
        what="Obuchowski-Rockette with jackknife, 2 treatments, 5 readers, 114 cases",
        value=_fastest(lambda: obuchowski_rockette(truth, ratings), settings.repeats),
        unit="s",
        remark="MRMCaov needs R: not timed here",
    )


def _many(n: int, replicates: int) -> float:
    rng = generator(1, "bench", "memory")
    truth = rng.random(n) < 0.4
    score, patient = truth + rng.normal(size=n), np.arange(n) // 2
    found = bootstrap(
        auroc_replicates, truth, score, cluster=patient, rng=rng, replicates=replicates
    )
    return found.low


def _memory(settings: BenchSettings) -> BenchResult:
    n = max(1000, round(100_000 * settings.scale))
    replicates = max(100, round(10_000 * settings.scale))
    found = measure(_many, n, replicates)
    return BenchResult(
        what=f"{replicates} clustered replicates of the area, {n} cases",
        value=found.seconds,
        unit="s",
        peak_mib=found.peak_mib,
        remark="memory must stay below 2048 MiB",
    )
