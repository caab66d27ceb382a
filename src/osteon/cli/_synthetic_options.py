"""Options of the verbs that make many synthetic patients."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["synthetic_options"]

F = TypeVar("F", bound=Callable[..., Any])


def synthetic_options(function: F) -> F:
    """Add how many patients, where, from which seed, with which settings and processes."""
    options = (
        click.option("-n", "--patients", type=click.IntRange(min=1), default=100,
                     show_default=True),
        click.option("-o", "--output", required=True,
                     type=click.Path(path_type=Path, file_okay=False),
                     help="Folder to make, or to go on with."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option("--set", "assignments", multiple=True, metavar="A.B=C",
                     help="Change a setting."),
        click.option("--workers", type=click.IntRange(min=0),
                     help="Processes; 0: one for each core."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function
