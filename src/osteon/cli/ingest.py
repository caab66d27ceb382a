"""Read DICOM files, folders, zips and DICOMDIRs into a study's table of instances."""

import json
from pathlib import Path

import click

from osteon.sources.ingest import IngestReport, IngestSettings, ingest

__all__ = ["command"]


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder.",
)
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one for each core.")
@click.option(
    "--keep-shared-ids",
    is_flag=True,
    help="Take files of a patient id that seems to stand for two patients.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    sources: tuple[Path, ...],
    study: Path,
    workers: int | None,
    keep_shared_ids: bool,
    as_json: bool,
) -> None:
    """Read DICOM files, folders, zips and DICOMDIRs into a study's table of instances.

    Writes tables/instances.parquet, tables/exclusions.parquet (what was not taken and why),
    tables/notices.parquet (what was taken and cleaned) and tables/identities.parquet (ids that
    share an identity) in the study folder. A stopped run goes on where it was; over unchanged
    files a run does nothing.
    """
    settings = IngestSettings(keep_shared_ids=keep_shared_ids)
    report = ingest(sources, study, workers=workers, settings=settings)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
        return
    for line in _lines(report):
        click.echo(line)


def _lines(report: IngestReport) -> list[str]:
    state = "nothing has changed, nothing to do" if report.is_up_to_date else "done"
    lines = [
        f"{state}: {report.files} files, {report.files_read} read now, {report.wall_time_s:.1f} s",
        f"  {report.instances} instances of {report.patients} patients in "
        f"{report.imaging_studies} imaging studies",
        f"  {report.duplicates} duplicates, {report.files_excluded} files not taken",
    ]
    lines += [f"    {count:>6}  {reason}" for reason, count in report.excluded.items()]
    if report.noticed:
        lines.append("  taken with a remark (tables/notices.parquet)")
        lines += [f"    {count:>6}  {code}" for code, count in report.noticed.items()]
    return lines
