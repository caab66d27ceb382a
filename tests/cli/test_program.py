import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from osteon import cli, errors
from osteon._version import __version__

HEAVY = ("numpy", "pandas", "torch", "scipy", "pydicom", "matplotlib", "osteon.core")


def osteon(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "osteon", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_verb_has_a_page_that_opens_with_its_summary(verb):
    result = CliRunner().invoke(cli.program, [verb, "--help"])
    assert result.exit_code == 0, result.output
    assert cli._summary(verb).rstrip(".").split()[0] in result.output


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_verb_has_a_one_line_summary(verb):
    assert 10 < len(cli._summary(verb)) < 100


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_option_says_what_it_does(verb):
    command = cli.program.get_command(click.Context(cli.program), verb)
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent


def test_help_lists_every_verb_and_imports_no_heavy_library():
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "osteon", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(verb in result.stdout for verb in cli.verbs())
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert not imported & set(HEAVY)


def test_version():
    assert osteon("--version").stdout.strip().endswith(__version__)


def test_an_unknown_verb_is_a_usage_error():
    result = osteon("reda")
    assert result.returncode == 2
    assert "reda" in result.stderr


def test_our_errors_become_exit_codes_and_a_remedy(monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise errors.PackageError("hash of card.json is wrong", remedy="build it again")

    monkeypatch.setattr(cli, "program", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 5
    assert "remedy: build it again" in capsys.readouterr().err


def test_interruption_is_130_and_says_how_to_go_on(monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "program", interrupt)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 130
    assert "go on" in capsys.readouterr().err
