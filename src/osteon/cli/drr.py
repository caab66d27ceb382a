"""Project CTs into frontal, lateral and axial radiographs, as PNG and DICOM."""

import json
from pathlib import Path
from typing import get_args

import click

from osteon.core.progress import say
from osteon.core.settings import with_overrides
from osteon.drr.display import Display
from osteon.drr.files import project_ct, project_many
from osteon.drr.settings import ProjectionSettings
from osteon.drr.views import PATIENT_VIEWS
from osteon.errors import DataError

__all__ = ["command"]


@click.command()
@click.argument("cts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder.")
@click.option(
    "--view", "views", multiple=True, type=click.Choice(list(PATIENT_VIEWS)),
    help="Which view; may be repeated. Default: all three.",
)  # fmt: skip
@click.option(
    "--geometry", type=click.Choice(["parallel", "cone"]), default="parallel", show_default=True,
    help="Rays side by side, or from a focal spot.",
)  # fmt: skip
@click.option("--kvp", type=float, help="Tube voltage: a spectrum instead of one energy.")
@click.option(
    "--display", type=click.Choice(list(get_args(Display))), default="linear", show_default=True,
    help="How line integrals become grey.",
)  # fmt: skip
@click.option("--keep-table", is_flag=True, help="Leave table and arms in the picture.")
@click.option("--numbers", is_flag=True, help="Write the line integrals as float32 .npy too.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Other settings.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes for several CTs; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    cts: tuple[Path, ...],
    output: Path,
    *,
    views: tuple[str, ...],
    geometry: str,
    kvp: float | None,
    display: Display,
    keep_table: bool,
    numbers: bool,
    assignments: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    """Project CTs into frontal, lateral and axial radiographs, as PNG and DICOM.

    CTS are folders with one DICOM series each, or NIfTI files. One CT is written to the output
    folder itself, several to a folder each. Patient and study are copied from the CT's header.
    """
    values = {"geometry": geometry, "kvp": kvp, "remove_table": not keep_table}
    settings = with_overrides(ProjectionSettings().changed(values), assignments)
    chosen = views or tuple(PATIENT_VIEWS)
    if len(cts) == 1:
        one = project_ct(cts[0], output, settings, views=chosen, display=display, numbers=numbers)
        done = [one]
    else:
        many = project_many(
            cts, output, settings, views=chosen, display=display, numbers=numbers, workers=workers
        )
        done = list(many)
    if as_json:
        rows = [
            {
                "ct": str(item.source),
                "files": [str(path) for path in item.files],
                "steps": list(item.steps),
                "notes": list(item.notes),
                "left_out": None if item.exclusion is None else item.exclusion.detail,
            }
            for item in done
        ]
        click.echo(json.dumps(rows, indent=1))
    for item in done:
        if item.exclusion is not None:
            say(f"{item.source} left out: {item.exclusion.detail}")
        else:
            say(f"{item.source}: {len(item.files)} files")
        for note in item.notes:
            say(f"  note: {note}")
    if not any(item.files for item in done):
        raise DataError(f"none of {len(done)} CTs could be projected")
