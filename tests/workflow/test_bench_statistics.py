import sys

import numpy as np
import pytest

from osteon.errors import UsageError
from osteon.workflow.bench import BenchSettings, bench_names, run_bench
from osteon.workflow.benches import statistics


def test_the_statistics_benchmark_holds_each_against_its_peer(tmp_path):
    assert "statistics" in bench_names()
    results = run_bench("statistics", BenchSettings(tmp_path, 0.01, workers=1, repeats=1))
    areas = results[0]
    assert areas.peer == "loop over sklearn.metrics.roc_auc_score"
    assert areas.ratio > 20
    assert results[-1].peak_mib < 2048
    assert all(item.value > 0 for item in results)


def test_a_peer_that_is_not_there_is_said_to_be_absent(monkeypatch):
    t, event, score = np.array([1.0, 2.0]), np.array([1, 0]), np.array([2.0, 1.0])
    monkeypatch.delenv(statistics.PEER_PYTHON, raising=False)
    assert statistics._survival_peer(t, event, score, 1) == {}
    monkeypatch.setenv(statistics.PEER_PYTHON, sys.executable)
    monkeypatch.setattr(statistics, "_PEER_SCRIPT", "raise SystemExit('no such package')")
    with pytest.raises(UsageError, match="no such package"):
        statistics._survival_peer(t, event, score, 1)
    monkeypatch.setattr(statistics, "_PEER_SCRIPT", 'print(\'{"Harrell": 0.5, "Uno": 1.0}\')')
    assert statistics._survival_peer(t, event, score, 1)["Uno"] == 1.0
