import json

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
