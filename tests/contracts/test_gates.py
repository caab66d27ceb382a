"""Every gate of ``make check`` turns red when its rule is broken in a copy of the project."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

GATES = {
    "ruff": (
        ["ruff", "check", "--no-cache", "src/osteon/core/planted.py"],
        '"""Plant."""\n\nimport os\n',
    ),
    "format": (
        ["ruff", "format", "--no-cache", "--check", "src/osteon/core/planted.py"],
        "x  =  1\n",
    ),
    "mypy": (
        ["mypy", "--no-incremental", "src/osteon/core/planted.py"],
        "def f(x):\n    return x\n",
    ),
    "codespell": (["codespell", "src/osteon/core/planted.py"], "# t" + "eh\n"),
}

PLANTS = {
    "layers": ("core/planted.py", "import osteon.cli\n"),
    "layers: siblings": ("training/planted.py", "import osteon.prediction\n"),
    "layers: a stray room": ("utils/__init__.py", ""),
    "recipes": ("recipes/first/planted.py", "import osteon.recipes.second\n"),
    "torch": ("reports/planted.py", "import torch\n"),
    "torch-free": ("cohort/planted.py", "import torch\n"),
    "torch-free: in two steps": ("statistics/planted.py", "import osteon.core.bridge\n"),
    "web": ("workflow/planted.py", "import fastapi\n"),
    "dicom-network": ("dicom/planted.py", "import pynetdicom\n"),
    "web-client": ("cohort/planted.py", "import requests\n"),
    "plotting": ("prediction/planted.py", "import matplotlib\n"),
}


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(
        ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build", "generated")
    )
    for source in (ROOT / "pyproject.toml", *ROOT.glob("*.md")):
        shutil.copy(source, tmp_path / source.name)
    shutil.copytree(
        ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    return tmp_path


def run(command, folder):
    tool = BIN / command[0]
    if not tool.exists():
        pytest.skip(f"{command[0]} is not installed")
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run(
        [tool, *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("gate", GATES)
def test_a_planted_violation_turns_the_gate_red(gate, copy):
    command, text = GATES[gate]
    planted = copy / "src" / "osteon" / "core" / "planted.py"
    planted.write_text('"""A module that keeps every rule."""\n\n__all__: list[str] = []\n')
    clean = run(command, copy)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    planted.write_text(text)
    assert run(command, copy).returncode != 0


def lint_imports(copy, plant):
    contract = plant.partition(":")[0]
    return run(["lint-imports", "--no-cache", "--contract", contract], copy)


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_import_breaks_its_contract(plant, copy):
    place, text = PLANTS[plant]
    path = copy / "src" / "osteon" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if "recipes" in place:
        for name in ("first", "second"):
            (path.parents[1] / name).mkdir(exist_ok=True)
            (path.parents[1] / name / "__init__.py").write_text("")
    (copy / "src/osteon/core/bridge.py").write_text(
        "import torch\n" if "two steps" in plant else ""
    )
    path.write_text(text)
    result = lint_imports(copy, plant)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout


def test_the_contracts_hold_without_a_plant(copy):
    result = run(["lint-imports", "--no-cache"], copy)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


def test_the_docs_fail_on_a_warning(copy):
    command = ["sphinx-build", "--fail-on-warning", "-q", "-b", "html", "docs", "out"]
    clean = run(command, copy)
    assert clean.returncode == 0, clean.stderr
    (copy / "docs" / "planted.md").write_text("# Planted\n\n[nowhere](no-such-page.md)\n")
    assert run(command, copy).returncode != 0
