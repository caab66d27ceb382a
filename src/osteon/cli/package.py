"""Build, describe and check model packages."""

import json
from pathlib import Path

import click

from osteon.core.settings import with_overrides
from osteon.models.card_text import card_lines
from osteon.models.package import default_package, open_package
from osteon.prediction.assemble import About, assemble
from osteon.prediction.run_folder import metrics_of_run, parts_of_run, tables_of_run
from osteon.prediction.settings import PackageSettings

__all__ = ["command"]


@click.group()
def command() -> None:
    """Build, describe and check model packages.

    A package is a folder or zip of weights and a card. Nothing in it is ever run.
    """


@command.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path),
    help="New folder, or a new file ending in .zip.",
)  # fmt: skip
@click.option("--name", default="hip-fracture", show_default=True, help="Of the package.")
@click.option(
    "--version", "number", default="0.1.0", show_default=True, help="Of the package, e.g. 1.2.0."
)
@click.option("--study", type=click.Path(path_type=Path), help="Default: two folders above.")
@click.option("--summary", default="", help="What the model was trained on, in one sentence.")
@click.option("--set", "assignments", multiple=True, help="A setting, e.g. onnx=true.")
def build(
    run_dir: Path,
    output: Path,
    name: str,
    number: str,
    study: Path | None,
    summary: str,
    assignments: tuple[str, ...],
) -> None:
    """Make a package of a finished run; thresholds and calibration come from its tuning rows."""
    tables = tables_of_run(run_dir, study)
    synthetic = bool((tables.cases["label_source"] == "phantom").any())
    patients = tables.cases["patient_id"].nunique()
    what = "synthetic patients (phantoms)" if synthetic else "patients"
    about = About(
        name=name,
        version=number,
        synthetic=synthetic,
        summary=summary or f"{patients} {what}, of which those below were seen.",
    )
    settings = with_overrides(PackageSettings(), assignments)
    metrics = metrics_of_run(run_dir)
    card = assemble(
        output, parts_of_run(run_dir), tables, about, metrics=metrics, settings=settings
    )
    for line in card_lines(card):
        click.echo(line)
    click.echo(f"written to {output}")


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
