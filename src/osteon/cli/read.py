"""Read films or CTs with a model package: records, pictures and one page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from osteon.errors import DataError, UsageError
from osteon.models.card import Card
from osteon.models.card_survival import SurvivalCard
from osteon.models.card_text import first_line
from osteon.models.package import ModelPackage, default_package, open_package
from osteon.prediction.ct_read import CtReader, CtReadSettings
from osteon.prediction.ct_sources import find_cts
from osteon.prediction.read import FilmReader, ReadSettings
from osteon.prediction.readings import read_all, reading_lines
from osteon.prediction.runtime import RUNTIMES, RuntimeName
from osteon.reports.survival.ct_readings import ct_reading_lines, read_cts
from osteon.sources.declared_table import read_variables
from osteon.sources.walk import walk

__all__ = ["command"]


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Package folder or zip (default: the one for films that comes with Osteon).",
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
@click.option(
    "--clinical", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CTs: table with patient_id and the clinical variables that the networks take.",
)  # fmt: skip
@click.option(
    "--clinical-schema", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="YAML that declares the clinical table's columns, where they are not named as ours.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
def command(
    sources: tuple[Path, ...],
    *,
    model: Path | None,
    output: Path,
    runtime: RuntimeName,
    device: str,
    no_heat_maps: bool,
    clinical: Path | None,
    clinical_schema: Path | None,
    as_json: bool,
) -> None:
    """Read films or CTs: every file below SOURCES, whatever its name.

    A package of a classifier reads films. A package of survival networks reads CTs (NIfTI files,
    DICOM series in folders and archives), one for each patient. What cannot be read gets its
    reason in the table, and the rest goes on. Stopped runs are finished by the same command. Exit
    code 3 when nothing could be read.
    """
    if clinical_schema is not None and clinical is None:
        raise UsageError("--clinical-schema declares the table of --clinical, and there is none")
    package = open_package(model or default_package())
    if isinstance(package.card, SurvivalCard):
        settings = CtReadSettings(heat_maps=not no_heat_maps)
        names = [item.name for item in package.card.clinical]
        table = None if clinical is None else read_variables(clinical, clinical_schema, names)
        told = _cts(
            sources, output,
            CtReader(
                package, clinical=table, runtime=runtime, device=device, settings=settings
            ),
        )  # fmt: skip
    else:
        if clinical is not None:
            raise UsageError("--clinical is for CTs, and this package reads films")
        film_settings = ReadSettings(heat_maps=not no_heat_maps)
        told = _films(
            sources, output,
            FilmReader(package, runtime=runtime, device=device, settings=film_settings),
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(told.records, indent=1))
    else:
        _say(told, package, output)
    if not told.is_any_read:
        raise DataError(
            f"none of {len(told.records)} {told.what} was read",
            remedy=f"see {output / 'summary.csv'}",
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """Records as JSON, lines for a terminal, what was read, and whether anything was."""

    records: Sequence[dict[str, Any]]
    lines: Sequence[str]
    what: str
    is_any_read: bool


def _films(sources: Sequence[Path], output: Path, reader: FilmReader) -> _Told:
    paths = [Path(entry.path) for entry in walk(sources, skip=[output])]
    readings = read_all(paths, reader, output)
    return _Told(
        [reading.as_json() for reading in readings],
        [line for reading in readings for line in reading_lines(reading)],
        "files",
        any(reading.status == "read" for reading in readings),
    )


def _cts(sources: Sequence[Path], output: Path, reader: CtReader) -> _Told:
    found = find_cts(sources, output, reader.package.card.preprocessing)
    readings = read_cts(found, reader, output)
    lines = [line for reading in readings for line in ct_reading_lines(reading)]
    lines += [f"left out: {item.key}: {item.reason}: {item.detail}" for item in found.left_out]
    return _Told(
        [reading.as_json() for reading in readings],
        lines,
        "patients",
        any(reading.status == "read" for reading in readings),
    )


def _say(told: _Told, package: ModelPackage[Card], output: Path) -> None:
    click.echo(first_line(package.card))
    for line in told.lines:
        click.echo(line)
    click.echo(f"page: {output / 'index.html'}")
