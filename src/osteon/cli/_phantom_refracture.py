"""Make a synthetic cohort: hip CTs, diagnoses, vital status, risk factors, the known ceiling."""

import json
from pathlib import Path

import click

from osteon.cli._synthetic_options import synthetic_options
from osteon.core.settings import with_overrides
from osteon.phantom.hip_tables import SYNTHETIC_LINE
from osteon.phantom.refracture import RefractureReport, make_refracture
from osteon.phantom.refracture_settings import RefractureSettings

__all__ = ["command"]


@click.command()
@synthetic_options
@click.option("--tables-only", is_flag=True, help="Make no CT.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    patients: int,
    output: Path,
    seed: int,
    assignments: tuple[str, ...],
    workers: int | None,
    tables_only: bool,
    as_json: bool,
) -> None:
    """Make a synthetic cohort: hip CTs, diagnoses, vital status, risk factors, the known ceiling.

    The same settings and seed give the same files, whatever the number of workers; a stopped run
    goes on where it was.
    """
    settings = with_overrides(RefractureSettings(n=patients, ct=not tables_only), assignments)
    report = make_refracture(settings, output, seed, workers)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
        return
    for line in _lines(report):
        click.echo(line)


def _lines(report: RefractureReport) -> list[str]:
    state = "nothing to do" if report.is_up_to_date else f"{report.made_now} made now"
    counts = report.counts
    lines = [
        SYNTHETIC_LINE,
        f"{counts['patients']} patients ({state}), {counts['subsequent_fractures']} subsequent"
        f" fractures, {counts['deaths']} deaths in {report.wall_time_s:.1f} s: {report.folder}",
        f"{'concordance (Harrell) of':<28}{'truth':>8}{'image':>8}{'clinical':>10}",
    ]
    for group, told in report.ceilings.items():
        values = (told[name]["concordance_index_harrell"] for name in ("log_hazard", "image",
                                                                       "clinical"))  # fmt: skip
        shown = [f"{v[0]:.3f}" if isinstance(v, list) else "-" for v in values]
        lines.append(f"  {group:<26}{shown[0]:>8}{shown[1]:>8}{shown[2]:>10}")
    return lines
