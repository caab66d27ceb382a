"""Sphinx settings, and the pages that are made from the code."""

import sys
from pathlib import Path

import click

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "src"))

from osteon import cli  # noqa: E402
from osteon._version import __version__  # noqa: E402
from osteon.statistics import catalogue  # noqa: E402

project = "Osteon"
author = "The Osteon contributors"
copyright = "2026, the Osteon contributors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"Osteon {__version__}"
exclude_patterns = ["_build"]
autodoc_typehints = "description"
myst_heading_anchors = 3


def verb_page() -> str:
    """Make the reference of the command line from the commands themselves."""
    lines = ["# Command line", ""]
    for verb in cli.verbs():
        command = cli.program.get_command(click.Context(cli.program), verb)
        context = click.Context(command, info_name=f"osteon {verb}")
        lines += [f"## osteon {verb}", "", "```", command.get_help(context), "```", ""]
        for name, sub in sorted(getattr(command, "commands", {}).items()):
            inner = click.Context(sub, info_name=f"osteon {verb} {name}")
            lines += [f"### osteon {verb} {name}", "", "```", sub.get_help(inner), "```", ""]
    return "\n".join(lines)


generated = HERE / "generated"
generated.mkdir(exist_ok=True)
(generated / "cli.md").write_text(verb_page(), "utf-8")
heading = (
    "# Statistics: every function\n\nMade from the code. [How to use them](../statistics.md).\n\n"
)
(generated / "statistics.md").write_text(heading + catalogue.as_markdown(), "utf-8")
