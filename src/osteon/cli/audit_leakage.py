"""Look for what training could see of the test: people, films, pixels, tells of the class."""

import json
from pathlib import Path

import click

from osteon import recipes
from osteon.cohort.leakage.audit import Audit
from osteon.cohort.leakage.finding import TITLES
from osteon.workflow.leakage import audit_study, leakage_folder, refuse_leakage
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file

__all__ = ["command"]

_MOST_SHOWN = 20


@click.command()
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder, split and prepared.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(study: Path, as_json: bool) -> None:
    """Look for what training could see of the test: people, films, pixels, tells of the class.

    Writes tables/leakage.parquet, tables/acquisition.parquet and reports/leakage/index.html. Exits
    with 4 where subsets share something, unless study.yaml accepts it with a reason; warnings do
    not stop anything.
    """
    context = open_study(study, recipes.load(str(read_study_file(study)["recipe"])))
    audit = audit_study(context)
    if as_json:
        click.echo(json.dumps(audit.as_json(), indent=1, default=float))
    else:
        for line in _lines(audit):
            click.echo(line)
        click.echo(f"page: {leakage_folder(context) / 'index.html'}")
    refuse_leakage(context, audit)


def _lines(audit: Audit) -> list[str]:
    pairs = audit.comparison.candidates if audit.comparison else 0
    lines = [f"{audit.films} films compared, {pairs} pairs looked at closely"]
    for check, count in audit.counts().items():
        leaking = sum(i.check == check and i.severity == "leakage" for i in audit.findings)
        accepted = f"  accepted: {audit.accepted[check]}" if check in audit.accepted else ""
        lines.append(
            f"{TITLES[check]:<50}{leaking:>8} leakage{count - leaking:>8} warnings{accepted}"
        )
    shown = audit.findings[:_MOST_SHOWN]
    lines += [f"  {item.severity}: {item.detail}" for item in shown]
    if len(audit.findings) > len(shown):
        lines.append(f"  and {len(audit.findings) - len(shown)} more, see the page")
    return lines
