"""Say how long films waited for their preliminary and final reports."""

import json
import math
from pathlib import Path

import click

from osteon.cli._report_files import ReportFiles, counted, report_options
from osteon.cohort.report_times import INTERVALS, ReportTimes, report_times
from osteon.core.schemas import EXCLUSIONS, INSTANCES, REPORT_TIMES, exclusion_rows
from osteon.core.tables import read_table, write_table
from osteon.statistics.summary import Summary

__all__ = ["command"]

_TITLES = {
    "minutes_to_preliminary": "images to preliminary report",
    "minutes_to_final": "images to final report",
    "minutes_between": "preliminary to final report",
}


@click.command()
@report_options
@click.option(
    "--study",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A study folder: the films tell when they were made.",
)
@click.option("--time-zone", help="Zone of moments that tell none, e.g. Europe/Berlin.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the times of every examination and what could not be told here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    files: tuple[Path, ...],
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    encoding: str | None,
    accession_fields: tuple[str, ...],
    study: Path | None,
    time_zone: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Say how long films waited for their preliminary and final reports.

    FILES are CSV, HL7 v2 messages, or a table of reports (Parquet). Values further than 1.5
    interquartile ranges outside the quartiles are left out and counted, as in Krogue et al. 2020.
    Examinations without a stage, with days for hours or with negative intervals are listed.
    """
    reports, not_read = ReportFiles(files, columns, date_formats, encoding, accession_fields).read()
    instances = None
    if study is not None:
        instances = read_table(INSTANCES, study / "tables" / "instances.parquet")
    times = report_times(reports, instances, time_zone=time_zone)
    left_out = [*not_read, *times.exclusions]
    if output is not None:
        write_table(times.table, REPORT_TIMES, output / "report_times.parquet")
        write_table(exclusion_rows(left_out), EXCLUSIONS, output / "exclusions.parquet")
    if as_json:
        click.echo(json.dumps(times.as_json() | {"left_out": counted(left_out)}, indent=1))
        return
    for line in _lines(times):
        click.echo(line)
    for reason, count in counted(left_out).items():
        click.echo(f"  {count:>7}  {reason}")


def _lines(times: ReportTimes) -> list[str]:
    lines = [f"{len(times.table)} examinations; minutes, mean ± SD (range), median [quartiles]"]
    lines += [_line(_TITLES[name], times.summaries[name]) for name in INTERVALS]
    if times.on_one_clock:
        lines.append(f"{times.on_one_clock} intervals by the clock on the wall: no zone is told")
    return lines


def _line(title: str, found: Summary) -> str:
    if not found.n:
        return f"  {title:<30} none"
    spread = "" if math.isnan(found.sd) else f" ± {found.sd:.0f}"
    return (
        f"  {title:<30} {found.mean.value:.0f}{spread} ({found.minimum:.0f}–"
        f"{found.maximum:.0f}), {found.median:.0f} [{found.q1:.0f}, {found.q3:.0f}], "
        f"n = {found.n}, {found.n_outliers} outliers left out"
    )
