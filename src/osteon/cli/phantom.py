"""Make synthetic patients: films, volumes and their truth."""

from importlib import import_module
from pathlib import Path

import click

__all__ = ["command"]

_HERE = Path(__file__).parent
_PREFIX = "_phantom_"


class _Kinds(click.Group):
    """One file ``_phantom_<kind>.py`` for each subcommand, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (path.stem for path in _HERE.glob(f"{_PREFIX}*.py"))
        return sorted(name.removeprefix(_PREFIX).replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"osteon.cli.{_PREFIX}{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found


@click.group(cls=_Kinds)
def command() -> None:
    """Make synthetic patients: films, volumes and their truth."""
