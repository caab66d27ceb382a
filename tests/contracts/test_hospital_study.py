"""The worked example from a hospital's archive to a divided study prints what its page says."""

import importlib
import re
import shutil
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = (
    "run python docs/examples/hospital_study.py FOLDER and put what it prints into "
    "docs/hospital-study.md"
)


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "examples"))
        yield importlib.import_module("hospital_study")


@pytest.fixture(scope="module")
def page():
    return (DOCS / "hospital-study.md").read_text("utf-8")


def steps_of(text):
    """Commands with what they say, in order; what stands before the first is the first step."""
    return re.split(r"\n+(?=\$ )", text.strip("\n"))


def steps_on(page):
    blocks = re.findall(r"^```(?:console|text)\n(.*?)^```$", page, flags=re.M | re.S)
    return [step for block in blocks for step in steps_of(block)]


def is_pull(step):
    return step.startswith("$ osteon pull ")


def test_the_page_shows_what_the_script_prints(example, page, tmp_path, capsys):
    example.main(tmp_path, None)
    said = capsys.readouterr().out.replace(f"\n\n{example.WITHOUT_PACS}", "")
    wanted = [step for step in steps_on(page) if not is_pull(step)]
    assert steps_of(said) == wanted, REMEDY
    (settings,) = re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.M | re.S)
    assert yaml.safe_load(settings) == example.STUDY
    for name in ("chart/flow_chart.svg", "chart/flow_chart.csv", "table-one/table_1.csv"):
        assert (tmp_path / name).exists()
    names = "|".join(importlib.import_module("synthetic_hospital").NAMES).encode()
    folders = (tmp_path / "study", tmp_path / "deidentified")
    given = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(given) > 30
    assert not [path for path in given if re.search(names, path.read_bytes())]


@pytest.mark.referee
def test_the_films_come_from_orthanc_as_from_the_folder(
    example, page, referee, tmp_path, capsys, monkeypatch
):
    program = referee("Orthanc")
    monkeypatch.chdir(tmp_path)
    example.make_hospital(6, example.SEED)
    example.search_reports()
    films = {}
    for source in (None, program):
        shutil.rmtree("pulled", ignore_errors=True)
        example.export_films(source)
        films[source] = sorted(path.stem for path in Path("pulled").rglob("*.dcm"))
    assert films[None]
    assert films[program] == films[None]
    said = capsys.readouterr().out
    count = len(films[None])
    assert f"{count} of {count} objects are here, {count} came now" in said
    (shown,) = [step for step in steps_on(page) if is_pull(step)]
    command = shown.splitlines()[0]
    assert command in said
