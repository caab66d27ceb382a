import json

import pytest
from click.testing import CliRunner
from tests.prediction.conftest import make_film, make_package

from osteon.cli.package import command as package_command
from osteon.cli.read import command
from osteon.errors import DataError, PackageError


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_package(tmp_path_factory.mktemp("package") / "tiny")


def run(*arguments, verb=command):
    return CliRunner().invoke(verb, [str(item) for item in arguments], catch_exceptions=True)


def test_a_folder_is_read(package, tmp_path):
    (tmp_path / "in").mkdir()
    make_film(tmp_path / "in" / "film")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    result = run(tmp_path / "in", "--model", package, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "SYNTHETIC" in result.output.splitlines()[0]
    assert "film: R " in result.output
    assert "notes.txt: unreadable" in result.output
    assert (tmp_path / "out" / "index.html").exists()


def test_json_is_json(package, tmp_path):
    film = make_film(tmp_path / "film.dcm")
    result = run(film, "--model", package, "-o", tmp_path / "out", "--json")
    (record,) = json.loads(result.stdout)
    assert record["status"] == "read"
    assert len(record["hips"][0]["probabilities"]) == 6


def test_results_inside_the_source_are_not_read_as_films(package, tmp_path):
    make_film(tmp_path / "film.dcm")
    for _ in range(2):
        result = run(tmp_path, "--model", package, "-o", tmp_path / "out")
    assert result.output.count("unreadable") == 0


def test_nothing_read_is_exit_code_3_with_the_table_written(package, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    result = run(tmp_path / "notes.txt", "--model", package, "-o", tmp_path / "out")
    assert isinstance(result.exception, DataError)
    assert (tmp_path / "out" / "summary.csv").exists()


def test_the_package_is_described_and_checked(package, tmp_path):
    text = run("info", package, verb=package_command).output
    assert "SYNTHETIC" in text.splitlines()[0]
    card = json.loads(run("info", package, "--json", verb=package_command).output)
    assert card["name"] == "tiny"
    assert run("verify", package, verb=package_command).output.startswith(f"{package}: good")
    assert isinstance(run("verify", tmp_path, verb=package_command).exception, PackageError)
