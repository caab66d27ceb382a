"""The examples of the pages on hospital systems run and print what they say."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from osteon import cli
from osteon.cohort.events import EventRule
from osteon.cohort.linkage import LinkRule
from osteon.core.settings import read_settings
from osteon.sources.clinical_schema import load_schema
from osteon.sources.pull_queries import read_queries
from osteon.sources.pull_settings import load_pull_settings

DOCS = Path(__file__).parents[2] / "docs"
FILE = re.compile(r"```\{code-block\} text\n:caption: (\S+)\n\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"```console\n\$ osteon (.*?)\n(.*?)```", re.DOTALL)
READERS = {
    "dxa.yaml": load_schema, "pacs.yaml": load_pull_settings, "web.yaml": load_pull_settings,
    "candidates.csv": read_queries, "rule.yaml": lambda path: read_settings(LinkRule, path, "rule"),
    "events.yaml": lambda path: read_settings(EventRule, path, "rule"),
}  # fmt: skip


def page(name):
    return (DOCS / f"hospital-{name}.md").read_text("utf-8")


def write_files(text):
    return [Path(name).write_text(content) and name for name, content in FILE.findall(text)]


@pytest.mark.parametrize("name", ["reports", "tables"])
def test_commands_print_what_the_page_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(page(name))
    commands = COMMAND.findall(page(name))
    assert commands
    for line, expected in commands:
        verb, *arguments = shlex.split(line)
        command = cli.program.get_command(click.Context(cli.program), verb)
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
        shown = "\n".join(row.rstrip() for row in result.output.splitlines())
        assert shown == expected.rstrip()


@pytest.mark.parametrize("name", ["tables", "pull"])
def test_files_of_the_page_can_be_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = [READERS[file](Path(file)) for file in write_files(page(name)) if file in READERS]
    assert len(known) >= 3
