"""Render a DICOM film as an 8-bit PNG, as models and readers see it."""

import json
from pathlib import Path

import click
import numpy as np
from PIL import Image

from osteon.core.files import atomic_path
from osteon.core.progress import say
from osteon.dicom.open import open_instance
from osteon.pixels.render import RENDER_HASH, render
from osteon.pixels.resample import fit_within

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="PNG to write."
)
@click.option(
    "--window",
    type=(float, float),
    metavar="CENTRE WIDTH",
    help="Window in modality values, instead of the file's own.",
)
@click.option("--size", type=click.IntRange(min=1), help="Longest side in pixels; never enlarged.")
@click.option("--frame", type=click.IntRange(min=0), default=0, help="Which frame, counted from 0.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(
    file: Path,
    output: Path,
    window: tuple[float, float] | None,
    size: int | None,
    frame: int,
    as_json: bool,
) -> None:
    """Render a DICOM film as an 8-bit PNG: white is dense, whatever the file's polarity."""
    film = render(open_instance(file), window=window, frame=frame)
    grey, factor = (film.grey, 1.0) if size is None else fit_within(film.grey, size)
    picture = Image.fromarray(np.rint(grey * 255).astype(np.uint8))
    with atomic_path(output) as temporary:
        picture.save(temporary, format="PNG")
    if as_json:
        record = {
            "file": str(file),
            "output": str(output),
            "stored_shape": list(film.shape),
            "factor": factor,
            "pixel_spacing_mm": film.pixel_spacing_mm,
            "spacing_source": film.spacing_source,
            "render_hash": RENDER_HASH,
            "steps": list(film.steps),
        }
        click.echo(json.dumps(record, indent=1))
        return
    say(f"{output}: {grey.shape[0]} x {grey.shape[1]} of {film.shape[0]} x {film.shape[1]} pixels")
    for step in film.steps:
        say(f"  {step}")
