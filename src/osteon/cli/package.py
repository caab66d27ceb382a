"""Build, describe and check model packages."""

import json
from pathlib import Path

import click

from osteon.models.card_text import card_lines
from osteon.models.package import default_package, open_package

__all__ = ["command"]


@click.group()
def command() -> None:
    """Build, describe and check model packages.

    A package is a folder or zip of weights and a card. Nothing in it is ever run.
    """


@command.command()
@click.argument("package", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def info(package: Path | None, as_json: bool) -> None:
    """Describe a package (default: the one that comes with Osteon)."""
    opened = open_package(package or default_package())
    if as_json:
        click.echo(json.dumps({"digest": opened.digest, **opened.card.resolved()}, indent=1))
        return
    for line in card_lines(opened.card):
        click.echo(line)
    click.echo(f"digest {opened.digest}")


@command.command()
@click.argument("package", type=click.Path(path_type=Path), required=False)
def verify(package: Path | None) -> None:
    """Check hashes, contents and preprocessing; exit code 5 when it is refused."""
    opened = open_package(package or default_package())
    click.echo(f"{opened.source}: good ({len(opened.card.files)} files, digest {opened.digest})")
