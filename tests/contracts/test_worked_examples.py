"""The worked examples of two pages run as they stand, and print what the pages say."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.sources.annotations.drawings import by_format, make_study

from osteon import cli
from osteon.core.schemas import INSTANCES
from osteon.core.spreadsheets import read_sheet, write_sheet
from osteon.core.tables import read_table
from osteon.sources.annotations import read_annotations

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)


def osteon(line):
    result = CliRunner().invoke(cli.program, line.split()[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The study of both pages: four films of a patient, two annotators."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my-study"
    (settings,) = blocks("reference-standard.md", "yaml")
    rows, films = make_study(folder, settings)
    by_format("via2")(rows[:3], films, tmp_path).rename(tmp_path / "boxes.json")
    (table,) = blocks("reference-standard.md", "text")
    (folder / table.split()[1]).write_text(table)
    osteon("osteon run my-study --until ingest")
    return folder


def instances_of(study):
    return read_table(INSTANCES, study / "tables" / "instances.parquet")


def test_annotations(study):
    (study / "study.yaml").write_text("recipe: hip_fracture\npreset: demo\nsources: [films]\n")
    (commands,) = blocks("annotations.md", "bash")
    for line in commands.splitlines():
        osteon(line)
    assert Path("out.json").exists()
    (code,) = blocks("annotations.md", "python")
    names = {
        "paths": [Path("boxes.json")],
        "instances": instances_of(study),
        "path": Path("v3.json"),
    }
    exec(code, names)
    assert len(names["labels"]) == 3
    assert Path("v3.json").exists()


def fill_in(path):
    read = read_sheet(path.read_bytes(), path.name)
    rows = [dict(row.cells) for row in read.rows]
    for row in rows:
        row |= {"adjudicated_label": "no_fracture", "adjudicator": "carla"}
        row["adjudicated_on"] = "2020-03-01"
    write_sheet(read.columns, [[row[name] for name in read.columns] for row in rows], path)


def test_reference_standard(study):
    for block in blocks("reference-standard.md", "console"):
        for step in block.split("$ ")[1:]:
            line, _, wanted = step.partition("\n")
            if " adjudicate " in line:
                fill_in(Path(line.split()[-1]))
            assert wanted.strip("\n") in osteon(line)
    (code,) = blocks("reference-standard.md", "python")
    labels, _ = read_annotations(study / "labels.csv", instances_of(study), None)
    names = {"paths": [study / "later.csv"], "instances": instances_of(study), "labels": labels}
    exec(code, names)
    assert list(names["made"].table["status"]).count("undecided") == 1
