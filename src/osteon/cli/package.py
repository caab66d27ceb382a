"""Build, describe and check model packages."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import click

from osteon import recipes
from osteon.core.files import write_text
from osteon.core.settings import with_overrides
from osteon.models.card import Card
from osteon.models.card_text import card_lines
from osteon.models.package import default_package, open_package
from osteon.prediction.settings import PackageSettings, SurvivalPackageSettings
from osteon.workflow.demo import SYNTHETIC_LINE
from osteon.workflow.detector_trial import trial_lines, try_seeds
from osteon.workflow.kept import prepare_kept_study
from osteon.workflow.packages import (
    Packing,
    pack_classifier,
    pack_survival,
    package_folder,
    package_settings,
    packing,
    present_run,
)
from osteon.workflow.run import open_study, run_study
from osteon.workflow.study import has_study_file, read_study_file

__all__ = ["command"]


@click.group()
def command() -> None:
    """Build, describe and check model packages.

    A package is a folder or zip of weights and a card. Nothing in it is ever run.
    """


@command.command()
@click.argument(
    "source", metavar="STUDY|RUN_DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="New folder, or a new file ending in .zip. Default: models/NAME-VERSION of the study.",
)  # fmt: skip
@click.option("--name", help="Of the package. Default: as the study says.")
@click.option("--version", "number", help="Of the package, e.g. 1.2.0. Default: 0.1.0.")
@click.option("--study", type=click.Path(path_type=Path), help="Default: two folders above a run.")
@click.option("--summary", default="", help="What the model was trained on, in one sentence.")
@click.option("--set", "assignments", multiple=True, help="A setting, e.g. onnx=true.")
def build(
    source: Path,
    output: Path | None,
    name: str | None,
    number: str | None,
    study: Path | None,
    summary: str,
    assignments: tuple[str, ...],
) -> None:
    """Make a package of a study's finished run, the one of its present settings or RUN_DIR.

    A study of classes: thresholds and calibration come from tuning rows. A study of times: the
    patients compared with are training patients (--set reference=tuning for the others).
    """
    what, settings = _to_pack(source, study, name, number, summary)
    destination = output or what.study / "models" / f"{what.name}-{what.version}"
    card: Card
    if isinstance(settings, SurvivalPackageSettings):
        card = pack_survival(what, destination, with_overrides(settings, assignments))
    else:
        card = pack_classifier(what, destination, with_overrides(settings, assignments))
    for line in card_lines(card):
        click.echo(line)
    click.echo(f"written to {destination}")


def _to_pack(
    source: Path, study: Path | None, name: str | None, number: str | None, summary: str
) -> tuple[Packing, PackageSettings | SurvivalPackageSettings]:
    """Find run, study and settings; a run whose study has no study.yaml is one of hip films."""
    is_study = has_study_file(source)
    folder = source if is_study else study or source.resolve().parent.parent
    if not has_study_file(folder):
        recipe = recipes.load("hip_fracture")
        named = name or "hip-fracture", number or "0.1.0"
        return Packing(source, folder, recipe, *named, summary), PackageSettings()
    context = open_study(folder, recipes.load(str(read_study_file(folder)["recipe"])))
    found = packing(context)
    run = present_run(context) if is_study else source
    what = replace(
        found, run=run, name=name or found.name, version=number or found.version, summary=summary
    )
    return what, package_settings(context)


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


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder of packages to put it in.",
)  # fmt: skip
@click.option("--workers", default=0, help="Processes; 0: one for each core.")
def keep(folder: Path, output: Path, workers: int) -> None:
    """Make the package that comes with Osteon: synthetic films, training, package.

    FOLDER gets films and study; a run that was stopped goes on where it was.
    """
    context = open_study(prepare_kept_study(folder, workers=workers), recipes.load("hip_fracture"))
    for report in run_study(context):
        click.echo(f"{report.name:<18}{report.seconds:7.1f} s")
    made = package_folder(context)
    shutil.rmtree(output / made.name, ignore_errors=True)
    shutil.copytree(made, output / made.name)
    click.echo(f"written to {output / made.name}")


@command.command("try")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seeds", default=5, show_default=True, help="How many trainings.")
@click.option("--workers", default=0, help="Processes; 0: one for each core.")
def try_detectors(folder: Path, seeds: int, workers: int) -> None:
    """Train the kept package's detector with several seeds and try each on real pictures.

    The real film and projections of the real CTs below OSTEON_TEST_DATA; none was trained on.
    FOLDER may be that of 'osteon package keep'. Leaves detector_trial.md there.
    """
    context = open_study(prepare_kept_study(folder, workers=workers), recipes.load("hip_fracture"))
    for report in run_study(context, until="prepare"):
        click.echo(f"{report.name:<18}{report.seconds:7.1f} s")
    others = range(1, seeds)
    trials = try_seeds(context, [context.study.settings.seed, *others], folder / "seeds")
    lines = [SYNTHETIC_LINE, "", *trial_lines(trials)]
    write_text(folder / "detector_trial.md", "\n".join(lines) + "\n")
    for line in lines:
        click.echo(line)
