"""Benchmarks are found by scanning, measured apart, and written with the ratio the right way."""

import json
import time

import numpy as np
import pytest
from PIL import Image

from osteon.errors import UsageError
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips
from osteon.workflow.bench import (
    BenchResult,
    BenchSettings,
    bench_names,
    markdown,
    measure,
    run_bench,
    write_results,
)
from osteon.workflow.benches.deidentify import write_sheet


def fill(mebibytes):
    data = bytearray(mebibytes * 2**20)
    data[::4096] = b"x" * len(data[::4096])
    time.sleep(0.2)
    return len(data)


def test_time_and_memory_are_of_the_function():
    small, large = measure(fill, 1), measure(fill, 200)
    assert large.value == 200 * 2**20
    assert 0.2 <= large.seconds < 20
    assert 150 < large.peak_mib - small.peak_mib < 260


def test_a_ratio_above_one_is_better_either_way():
    assert BenchResult("a", 200, "files/s", "p", 100).ratio == 2
    assert BenchResult("a", 0.5, "s", "p", 1.0, more_is_better=False).ratio == 2
    assert BenchResult("a", 0.5, "s").ratio is None


def test_an_unknown_benchmark_names_those_there_are(tmp_path):
    with pytest.raises(UsageError, match="no benchmark nothing") as error:
        run_bench("nothing", BenchSettings(tmp_path))
    assert "ingest" in error.value.remedy


def test_the_ingest_benchmark_gives_equal_rows_and_is_written(tmp_path):
    assert "ingest" in bench_names()
    results = run_bench("ingest", BenchSettings(tmp_path / "work", 0.01, workers=1, repeats=1))
    assert results[0].remark == "rows equal"
    assert results[0].value > 0
    assert results[0].peak_mib > 20
    write_results({"ingest": results}, tmp_path / "out")
    content = json.loads((tmp_path / "out/bench.json").read_text())
    assert content["results"]["ingest"][0]["ratio"] == results[0].ratio
    assert (tmp_path / "out/bench.md").read_text() == markdown({"ingest": results})
    assert "| ingest | 20 films of 0.53 MB" in markdown({"ingest": results})


def test_painted_films_are_shown_before_and_after(tmp_path):
    small = HipsSettings(n=1, pixel_size_mm=0.8, spacing_mm=3.0, masks=False)
    make_hips(small, tmp_path / "phantom", 3, workers=1)
    write_sheet(tmp_path / "phantom", tmp_path / "out" / "painted.png")
    with Image.open(tmp_path / "out" / "painted.png") as picture:
        sheet = np.asarray(picture)
    columns = np.array_split(sheet, 4, axis=1)
    assert sheet.shape == (4 * 320, 4 * 320)
    assert (columns[0] != columns[1]).any()
    assert (columns[0] == columns[1]).mean() > 0.5
