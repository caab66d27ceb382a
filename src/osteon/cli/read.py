"""Read films with a model package: boxes, probabilities, heat maps and one page."""

import json
from pathlib import Path

import click

from osteon.errors import DataError
from osteon.models.package import default_package, open_package
from osteon.prediction.read import FilmReader, ReadSettings
from osteon.prediction.readings import disclaimer, read_all, reading_lines
from osteon.prediction.runtime import RUNTIMES, RuntimeName
from osteon.sources.walk import walk

__all__ = ["command"]


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Package folder or zip (default: the one that comes with Osteon).",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the results.",
)  # fmt: skip
@click.option(
    "--runtime", type=click.Choice(RUNTIMES), default="torch", show_default=True,
    help="Where the networks run.",
)  # fmt: skip
@click.option("--device", default="cpu", show_default=True, help="For torch: cpu, cuda, mps.")
@click.option("--no-heat-maps", is_flag=True, help="Leave heat maps out.")
@click.option("--average", is_flag=True, help="Average the probabilities over three box sizes.")
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
def command(
    sources: tuple[Path, ...],
    model: Path | None,
    output: Path,
    runtime: RuntimeName,
    device: str,
    no_heat_maps: bool,
    average: bool,
    as_json: bool,
) -> None:
    """Read films: every file below SOURCES, whatever its name.

    A file that cannot be read gets its reason in the table, and the rest goes on. Stopped runs are
    finished by the same command. Exit code 3 when not one film could be read.
    """
    package = open_package(model or default_package())
    settings = ReadSettings(heat_maps=not no_heat_maps, average_box_sizes=average)
    reader = FilmReader(package, runtime=runtime, device=device, settings=settings)
    paths = [Path(entry.path) for entry in walk(sources, skip=[output])]
    readings = read_all(paths, reader, output)
    if as_json:
        click.echo(json.dumps([reading.as_json() for reading in readings], indent=1))
    else:
        click.echo(disclaimer(reader))
        for reading in readings:
            for line in reading_lines(reading):
                click.echo(line)
        click.echo(f"page: {output / 'index.html'}")
    if not any(reading.status == "read" for reading in readings):
        raise DataError(
            f"none of {len(readings)} files was read", remedy=f"see {output / 'summary.csv'}"
        )
