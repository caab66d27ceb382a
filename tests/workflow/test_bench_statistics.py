from osteon.workflow.bench import BenchSettings, bench_names, run_bench


def test_the_statistics_benchmark_holds_each_against_its_peer(tmp_path):
    assert "statistics" in bench_names()
    results = run_bench("statistics", BenchSettings(tmp_path, 0.01, workers=1, repeats=1))
    areas = results[0]
    assert areas.peer == "loop over sklearn.metrics.roc_auc_score"
    assert areas.ratio > 20
    assert results[-1].peak_mib < 2048
    assert all(item.value > 0 for item in results)
