"""The verb ``phantom`` and its kinds."""

import json

import pandas as pd
from click.testing import CliRunner

from osteon.cli.phantom import command

QUICK = ["--set", "spacing_mm=4", "--set", "pixel_size_mm=3", "--set", "films_per_study=[1,1]"]


def run(*arguments):
    return CliRunner().invoke(command, [str(item) for item in arguments])


def test_help_lists_the_kinds():
    result = run("--help")
    assert result.exit_code == 0
    assert "hips" in result.output
    assert "shortcut" in result.output
    assert run("unicorns").exit_code != 0


def test_hips_says_synthetic_first_and_writes_a_volume(tmp_path):
    result = run("hips", "-n", 1, "-o", tmp_path / "a", "--seed", 3, "--workers", 1, "--ct", *QUICK)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line]
    assert any(line.startswith("Synthetic patients") for line in lines)
    assert len(list((tmp_path / "a" / "ct").rglob("*.dcm"))) > 50
    assert next((tmp_path / "a" / "ct").rglob("masks.nii.gz")).stat().st_size > 1000


def test_json_and_an_external_site(tmp_path):
    result = CliRunner().invoke(
        command,
        ["hips", "-n", "2", "-o", str(tmp_path), "--workers", "1", "--json", *QUICK,
         "--set", "site=external", "--set", "patient_prefix=EXT"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["synthetic"].startswith("Synthetic")
    assert report["patients"] == 2
    labels = pd.read_csv(tmp_path / "labels.csv", comment="#")
    assert set(labels["vendor"]) <= {"elm", "maple"}
    assert labels["patient_id"].str.startswith("EXT-").all()
