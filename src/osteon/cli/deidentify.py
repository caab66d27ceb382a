"""De-identify radiographs and CT by DICOM PS3.15: headers, burned-in text, a search for residue."""

import json
from pathlib import Path

import click

from osteon.core.settings import load_settings
from osteon.errors import DataError
from osteon.sources.deidentify.options import SIDE_WORDS, DeidentifySettings, Option
from osteon.sources.deidentify.report import summary
from osteon.sources.deidentify.run import deidentify

__all__ = ["command"]

_SHOWN = 20


@click.command()
@click.argument("source", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--secret",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Secret behind the pseudonyms; made where there is none. Keep it away from the results.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    type=click.Choice([str(option) for option in Option if option != Option.CLEAN_PIXEL_DATA]),
    help="Option of the profile; may be repeated.",
)
@click.option("--headers-only", is_flag=True, help="Do not search the pixels for text.")
@click.option("--keep-word", multiple=True, help="Further word that stays on a film.")
@click.option("--ocr/--no-ocr", default=None, help="Default: where the ocr extra is installed.")
@click.option(
    "--key-table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the table that leads back to the patients here, away from the results.",
)
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    *,
    source: tuple[Path, ...],
    output: Path,
    secret: Path,
    options: tuple[str, ...],
    headers_only: bool,
    keep_word: tuple[str, ...],
    ocr: bool | None,
    key_table: Path | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """De-identify radiographs and CT by DICOM PS3.15.

    Reads the SOURCEs (files, folders, zips, DICOMDIRs) and writes to the folder OUTPUT: files by
    pseudonym and new UIDs, and a report. Burned-in text is painted over, side markers stay. A
    stopped run goes on where it was. Exit code 3: a protected value was left in a file, which
    was not delivered.
    """
    pixels = () if headers_only else (str(Option.CLEAN_PIXEL_DATA),)
    settings = load_settings(
        DeidentifySettings,
        {
            "options": (*pixels, *options),
            "kept_words": (*SIDE_WORDS, *keep_word),
            "with_ocr": ocr,
        },
    )
    run = deidentify(
        source, output, secret, settings=settings, key_table=key_table, workers=workers
    )
    if as_json:
        told = [
            {"path": path, "reason": reason, "detail": detail}
            for path, reason, detail in run.not_delivered
        ]
        click.echo(json.dumps(run.report.as_json() | {"not_delivered": told}, indent=1))
    else:
        for line in summary(run.report, settings):
            click.echo(line)
        for path, reason, detail in run.not_delivered[:_SHOWN]:
            click.echo(f"  {path}: {reason}: {detail}")
        if len(run.not_delivered) > _SHOWN:
            click.echo(f"  and {len(run.not_delivered) - _SHOWN} more")
    if run.report.residues:
        raise DataError(
            f"{run.report.residues} files still held a protected value and were not delivered",
            remedy="report/files.csv names the element of each; choose other options for them",
        )
