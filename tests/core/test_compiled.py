"""Compiled code that is kept is made again when anything that went into it has changed."""

import os
import subprocess
import sys

import pytest

CALLEE = """
from osteon.core.compiled import compiled
SCALE = {scale}
@compiled()
def grown(x):
    return {body}
"""
CALLER = """
from osteon.core.compiled import compiled
from callee import SCALE, grown
@compiled()
def answer(x):
    return _twice(x) + SCALE
@compiled()
def _twice(x):
    return 2 * grown(x)
if __name__ == "__main__":
    import caller
    print(caller.answer(1), sum(caller.answer.stats.cache_hits.values()))
"""
PLAIN = "from numba import njit\ncompiled = lambda: njit(cache=True)\n"


def write(folder, scale, body, plain=False):
    for name, text in (
        ("callee", CALLEE.format(scale=scale, body=body)),
        ("caller", CALLER),
    ):
        if plain:
            text = text.replace("from osteon.core.compiled import compiled\n", PLAIN)
        path = folder / f"{name}.py"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def run(folder):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "caller.py"], cwd=folder, env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    value, hits = done.stdout.split()
    return int(value), int(hits)


def test_unchanged_code_is_taken_up_again(tmp_path):
    write(tmp_path, 10, "x + 1")
    assert run(tmp_path) == (14, 0)
    assert run(tmp_path) == (14, 1)


@pytest.mark.parametrize(("scale", "body", "wanted"), [(10, "x + 2", 16), (30, "x + 1", 34)])
def test_a_change_in_another_module_is_compiled_in(tmp_path, scale, body, wanted):
    write(tmp_path, 10, "x + 1")
    assert run(tmp_path) == (14, 0)
    write(tmp_path, scale, body)
    assert run(tmp_path) == (wanted, 0)


def test_numba_by_itself_runs_the_old_code(tmp_path):
    """The reason for the module: where this fails, numba looks at other files itself."""
    write(tmp_path, 10, "x + 1", plain=True)
    assert run(tmp_path) == (14, 0)
    write(tmp_path, 10, "x + 2", plain=True)
    assert run(tmp_path) == (14, 1)
