import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from osteon import cli
from osteon._version import __version__


def test_it_names_versions_decoders_and_remedies():
    result = CliRunner().invoke(cli.program, ["doctor", "--json"])
    content = json.loads(result.output)
    assert content["versions"]["osteon"] == __version__
    states = {item["what"]: item for item in content["findings"]}
    assert states["RLE Lossless"]["state"] == "pydicom"
    missing = [item for item in content["findings"] if item["state"] == "missing"]
    assert all(item["remedy"].startswith("pip install") for item in missing)


def test_for_a_person_it_prints_lines():
    result = CliRunner().invoke(cli.program, ["doctor"])
    assert result.exit_code == 0
    assert "torchvision operators" in result.output


USED = ["phantom.canvas", "phantom.soft_tissue", "phantom.placing", "phantom.shapes",
        "phantom.trabeculae", "phantom.processing", "drr.tracer_kernel", "pixels.arrangement",
        "pixels.landmark_bands", "pixels.landmark_index", "pixels.overlay"]  # fmt: skip
OF_CTS = {("drr.tracer_kernel", "sum_values"), ("drr.tracer_kernel", "_sum_columns")}
SCRIPT = """
import importlib, sys
from osteon.cli.doctor import command
command(["--compile"], standalone_mode=False)
for name in sys.argv[1:]:
    module = importlib.import_module("osteon." + name)
    for value in vars(module).values():
        if hasattr(value, "py_func") and value.py_func.__module__ == module.__name__:
            misses, hits = (sum(part.values()) for part in value.stats[2:0:-1])
            print("FUNCTION", name, value.py_func.__name__, misses, hits)
"""


def compile_in(folder):
    """Compiled functions, and how often each was compiled and taken from the cache."""
    environment = {"TMPDIR": str(folder / "temporary"), "NUMBA_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *USED], capture_output=True, text=True, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert "compiled functions" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    return {(line[1], line[2]): line[3:] for line in lines if line[:1] == ["FUNCTION"]}


@pytest.mark.slow
def test_it_compiles_what_films_need_and_only_once(tmp_path):
    for name in ("temporary", "cache"):
        (tmp_path / name).mkdir()
    first = compile_in(tmp_path)
    assert {name for name, _ in first} == set(USED)
    assert {name for name, (misses, _) in first.items() if misses == "0"} == OF_CTS
    second = compile_in(tmp_path)
    assert all(misses == "0" for misses, _ in second.values())
    assert any(hits != "0" for _, hits in second.values())
    assert list((tmp_path / "temporary").iterdir()) == []
