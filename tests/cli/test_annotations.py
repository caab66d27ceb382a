"""The verb `osteon annotations` on a small study."""

import json

import pytest
import yaml
from click.testing import CliRunner
from tests.sources.annotations.drawings import by_format, label, make_films, uids

from osteon import cli
from osteon.core.schemas import INSTANCES, LABELS
from osteon.core.tables import read_table
from osteon.errors import AnnotationError, StudyError
from osteon.sources.ingest import ingest

STUDY_FILE = """# my study
recipe: hip_fracture
preset: demo  # small
sources: [films]
annotations:
- first.json  # drawn in spring
# a comment that stays
seed: 7
"""


def osteon(*arguments):
    result = CliRunner().invoke(cli.program, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    (folder / "films").mkdir(parents=True)
    films = make_films(folder / "films")
    (folder / "study.yaml").write_text(STUDY_FILE)
    by_format("via2")([label(uids(films)[0])], films, tmp_path).rename(folder / "first.json")
    ingest([folder / "films"], folder, workers=1)
    return folder


def second(study, tmp_path):
    films = read_table(INSTANCES, study / "tables" / "instances.parquet")
    rows = [label(uids(films)[1], "R", name="arthroplasty"), label(uids(films)[2], name="femur")]
    return by_format("pascal_voc")(rows, films, tmp_path)


def test_check_says_what_would_be_left_out_and_writes_nothing(study, tmp_path):
    before = sorted(study.rglob("*"))
    arguments = ["annotations", "check", str(second(study, tmp_path)), "--study", str(study)]
    result = CliRunner().invoke(cli.program, [*arguments, "--json"])
    assert isinstance(result.exception, AnnotationError)
    told = json.loads(result.output)
    assert (told["labels"], told["left_out"]) == (1, {"label_unknown": 1})
    assert sorted(study.rglob("*")) == before


def test_import_names_the_files_and_fills_the_table(study, tmp_path):
    path = second(study, tmp_path)
    output = osteon("annotations", "import", path, "--study", study)
    assert "2 labels on 2 films" in output
    labels = read_table(LABELS, study / "tables" / "labels.parquet")
    assert set(labels["label"]) == {"no_fracture", "arthroplasty"}
    text = (study / "study.yaml").read_text()
    assert yaml.safe_load(text)["annotations"] == [str(study / "first.json"), str(path)]
    assert "# a comment that stays" in text
    assert "preset: demo  # small" in text
    assert yaml.safe_load(text)["seed"] == 7


def test_an_import_that_fails_changes_nothing(study, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"images": [')
    arguments = ["annotations", "import", str(bad), "--study", str(study)]
    result = CliRunner().invoke(cli.program, arguments)
    assert isinstance(result.exception, AnnotationError)
    assert (study / "study.yaml").read_text() == STUDY_FILE
    assert not (study / "tables" / "labels.parquet").exists()


def test_export_reads_back_in_another_study(study, tmp_path):
    osteon("annotations", "import", second(study, tmp_path), "--study", study)
    out = tmp_path / "out.json"
    assert "2 labels" in osteon(
        "annotations", "export", "--study", study, "--format", "coco", "-o", out
    )
    told = osteon("annotations", "check", out, "--study", study)
    assert "2 labels on 2 films" in told


def test_a_study_without_films_says_so(tmp_path):
    (tmp_path / "study.yaml").write_text("recipe: hip_fracture\npreset: demo\n")
    (tmp_path / "a.csv").write_text("x")
    arguments = ["annotations", "check", str(tmp_path / "a.csv"), "--study", str(tmp_path)]
    assert isinstance(CliRunner().invoke(cli.program, arguments).exception, StudyError)


def test_formats_are_listed(study):
    rows = json.loads(osteon("annotations", "formats", "--json"))
    assert {"via2", "coco", "yolo"} <= {row["name"] for row in rows}
    assert "loses" in osteon("annotations", "formats")
