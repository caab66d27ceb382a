"""Make synthetic hip patients as DICOM, with boxes, classes and measurements beside them."""

import json
from pathlib import Path

import click

from osteon.cli._synthetic_options import synthetic_options
from osteon.core.settings import with_overrides
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hip_tables import SYNTHETIC_LINE
from osteon.phantom.hips import HipsReport, make_hips

__all__ = ["command"]


@click.command()
@synthetic_options
@click.option("--ct", is_flag=True, help="Write each volume as a CT series with masks, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    patients: int,
    output: Path,
    seed: int,
    assignments: tuple[str, ...],
    workers: int | None,
    ct: bool,
    as_json: bool,
) -> None:
    """Make synthetic hip patients as DICOM, with boxes, classes and measurements beside them.

    The same settings and seed give the same files, whatever the number of workers; a stopped run
    goes on where it was.
    """
    settings = with_overrides(HipsSettings(n=patients, ct=ct), assignments)
    report = make_hips(settings, output, seed, workers)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
        return
    for line in _lines(report):
        click.echo(line)


def _lines(report: HipsReport) -> list[str]:
    state = "nothing to do" if report.is_up_to_date else f"{report.made_now} made now"
    lines = [
        SYNTHETIC_LINE,
        f"{report.patients} patients ({state}), {report.visits} visits, {report.films} films, "
        f"{report.hips} hips in {report.wall_time_s:.1f} s: {report.folder}",
    ]
    return lines + [f"  {count:>6}  {name}" for name, count in report.hips_by_class.items()]
