"""The command ``osteon``: one file per verb, found by scanning this folder.

The help page is made from the files' docstrings without importing them, so it answers at once;
a verb's libraries are imported when the verb runs.
"""

import ast
import sys
import warnings
from importlib import import_module
from pathlib import Path

import click

from osteon._version import __version__
from osteon.errors import OsteonError

__all__ = ["main", "program", "verbs"]

_INTERRUPTED = 130
_HERE = Path(__file__).parent


def verbs() -> list[str]:
    """Names of the verbs: the public modules of this folder."""
    names = (path.stem for path in _HERE.glob("*.py"))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def _summary(verb: str) -> str:
    source = (_HERE / f"{verb.replace('-', '_')}.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


class _Verbs(click.Group):
    """A group that imports a verb only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return verbs()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in verbs():
            return None
        module = import_module(f"osteon.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, _summary(verb)) for verb in verbs()])


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="osteon")
@click.option("-v", "--verbose", count=True, help="Say more; twice for everything.")
@click.option("-q", "--quiet", is_flag=True, help="Say errors only.")
@click.option(
    "--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Keep the log here."
)
def program(verbose: int, quiet: bool, log_file: Path | None) -> None:
    """Fragility-fracture imaging, from a hospital's DICOM export to a reviewed result.

    Research software, not a medical device. Nothing is sent anywhere.
    """
    from osteon.core import logs

    logs.configure(verbosity=-1 if quiet else verbose, log_file=log_file)


def main() -> None:
    """Run the command line; exit codes are those of :mod:`osteon.errors`, 130 when interrupted."""
    # joblib replaces a worker that has grown; its jobs are done again
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    try:
        result = program(standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except OsteonError as error:
        click.echo(f"osteon: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo(
            "osteon: stopped; what is finished is kept, run the same command to go on", err=True
        )
        sys.exit(_INTERRUPTED)
