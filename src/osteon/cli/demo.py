"""See the hip-fracture system work: synthetic films, training, report, and a film read."""

import shutil
from pathlib import Path

import click

from osteon import recipes
from osteon.core.manifest import Stopwatch
from osteon.core.progress import say
from osteon.models.package import kept_packages, open_package
from osteon.prediction.read import FilmReader
from osteon.prediction.readings import read_all, reading_lines
from osteon.workflow.demo import SYNTHETIC_LINE, prepare_demo_study
from osteon.workflow.packages import package_folder
from osteon.workflow.real_hips import TEST_DATA, test_data_folder
from osteon.workflow.run import open_study, run_study

__all__ = ["command"]

_REAL_FILM = "radiographs/hip_cr/RG2_UNC.dcm"


@click.command()
@click.argument("folder", metavar="[DIR]", default="demo", type=click.Path(path_type=Path))
@click.option(
    "--patients",
    default=260,
    show_default=True,
    type=click.IntRange(min=40),
    help="Synthetic patients of the first hospital; the second has 0.3 times as many.",
)
@click.option(
    "--film",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"A film to read; default: the real one below {TEST_DATA}, if it is there.",
)
@click.option("--seed", default=2020, show_default=True, help="Decides every random draw.")
@click.option(
    "--workers", default=0, type=click.IntRange(min=0), help="Processes; 0: one for each core."
)
def command(folder: Path, patients: int, film: Path | None, seed: int, workers: int) -> None:
    """See the hip-fracture system work: synthetic films, training, report, and a film read.

    A demonstration that was stopped goes on where it was when the same command is given again.
    """
    watch = Stopwatch()
    click.echo(SYNTHETIC_LINE)
    study = prepare_demo_study(folder, patients=patients, seed=seed, workers=workers)
    context = open_study(study, recipes.load("hip_fracture"))
    for report in run_study(context):
        counts = ", ".join(f"{name} {count:,}" for name, count in report.counts.items())
        click.echo(f"{report.name:<18}{report.seconds:7.1f} s  {counts}")
    page = folder / "report.html"
    shutil.copyfile(context.report_folder / "index.html", page)
    click.echo(f"report: {page}")
    _read(film or _real_film(), folder, package_folder(context))
    click.echo(f"everything took {watch.seconds:.0f} s")


def _real_film() -> Path | None:
    """Find the real film; without it the demonstration says so and stays synthetic."""
    path = test_data_folder() / _REAL_FILM
    if path.is_file():
        return path
    say(f"no real film at {path}: set {TEST_DATA} or give --film to have one read")
    return None


def _read(film: Path | None, folder: Path, trained: Path) -> None:
    if film is None:
        return
    for package in (trained, *kept_packages()):
        reader = FilmReader(open_package(package))
        output = folder / "readings" / package.name
        click.echo(f"reading {film.name} with {package.name}:")
        for reading in read_all([film], reader, output):
            for line in reading_lines(reading):
                click.echo(f"  {line}")
        click.echo(f"  page: {output / 'index.html'}")
