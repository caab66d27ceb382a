"""Pull studies from a PACS by a list of patients, accessions, studies or days; resumable."""

import json
from dataclasses import asdict
from pathlib import Path

import click
import pandas as pd

from osteon.errors import DataError
from osteon.sources.pull import PullReport, pull
from osteon.sources.pull_pace import Pace
from osteon.sources.pull_queries import read_queries
from osteon.sources.pull_settings import load_pull_settings, open_archive
from osteon.sources.safe_csv import write_csv

__all__ = ["command"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    epilog="Example: osteon pull search/candidates.csv --archive pacs.yaml -o pulled. Make a file "
    "'pause' in the output folder to pause; remove it to go on."
)
@click.argument("queries", type=_FILE)
@click.option("--archive", "archive_path", type=_FILE, required=True, help="YAML: archive, pace.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files and the journal.",
)
@click.option("--ask-again", is_flag=True, help="Ask answered questions again, for what is new.")
@click.option(
    "--set", "overrides", multiple=True, metavar="A.B=C", help="Change a setting; repeat."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    queries: Path,
    archive_path: Path,
    output: Path,
    ask_again: bool,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Pull studies from a PACS by a list of patients, accessions, studies or days; resumable.

    QUERIES is a CSV or a YAML list with patient_id, accession_number, study_instance_uid, since,
    until, modalities. Files are written whole or not at all below <output>/dicom; a stopped run
    goes on where it was and asks only for the rest. Writes <output>/pull.csv: how far every
    question is, and why. Exits with 3 when something did not come.
    """
    settings = load_pull_settings(archive_path, overrides)
    report, states = pull(
        read_queries(queries),
        open_archive(settings.archive),
        output,
        Pace(settings.pace, output / "pause"),
        ask_again=ask_again,
    )
    write_csv(pd.DataFrame([asdict(state) for state in states]), output / "pull.csv")
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        for line in _lines(report):
            click.echo(line)
        for state in states:
            if state.state in ("failed", "partial"):
                click.echo(f"  {state.state}: {state.asked}: {state.reason}: {state.detail}")
    if not report.is_complete:
        left = report.questions - report.done - report.no_match
        raise DataError(
            f"{left} of {report.questions} questions are not answered in full",
            remedy="see pull.csv; run the same command again for the rest",
        )


def _lines(report: PullReport) -> list[str]:
    lines = [
        f"{report.questions} questions: {report.done} done, {report.no_match} without a match, "
        f"{report.partial} in part, {report.failed} failed, {report.pending} not asked",
        f"{report.objects_received} of {report.objects_expected} objects are here, "
        f"{report.objects_now} came now",
    ]
    lines += [f"  {count:>7}  {reason}" for reason, count in report.reasons.items()]
    lines += [f"  {count:>7}  not kept: {why}" for why, count in report.not_kept.items()]
    if report.stopped:
        lines.append(f"stopped: {report.stopped}")
    return lines
