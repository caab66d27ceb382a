import os
import signal
import time

import pytest

from osteon.core.parallel import map_parallel, worker_count
from osteon.errors import WorkerError


def double(x):
    return 2 * x


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order_of_the_items(workers):
    assert list(map_parallel(double, range(20), workers=workers)) == [2 * x for x in range(20)]


@pytest.mark.parametrize("count", [0, 1, 128, 129, 600])
def test_a_slow_caller_is_not_run_ahead_of(count):
    begun, fetched, ahead = 0, 0, []

    def items():
        nonlocal begun
        for number in range(count):
            begun += 1
            ahead.append(begun - fetched)
            yield number

    for number, result in enumerate(map_parallel(double, items(), workers=2)):
        assert result == 2 * number
        if number == 1:
            time.sleep(0.5)  # enough for all of them, if they were begun
        fetched += 1
    assert fetched == begun == count
    assert max(ahead, default=0) <= 2 * 64 + 1  # the one in hand here was fetched there


def test_a_generator_is_walked_lazily():
    def items():
        yield 1
        raise RuntimeError("went too far")

    results = map_parallel(double, items(), workers=1)
    assert next(results) == 2
    with pytest.raises(RuntimeError, match="too far"):
        next(results)


def test_negative_workers_are_refused():
    with pytest.raises(ValueError, match="wanted 0"):
        worker_count(-1)


def die(x):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_killed_worker_is_told_with_a_remedy():
    with pytest.raises(WorkerError, match="fewer workers"):
        list(map_parallel(die, range(4), workers=2))
