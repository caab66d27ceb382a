"""Say who is in a study and who is not: images, hips and patients at each step."""

import json
from pathlib import Path

import click

from osteon import recipes
from osteon.cohort.flow import FlowChart, FlowCounts
from osteon.errors import StudyError
from osteon.reports.flow_chart import flow_figure
from osteon.reports.pages import Page, write_page
from osteon.workflow.reporting import study_flow
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file

__all__ = ["command"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write flow_chart.svg, .csv and .html here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(folder: Path, output: Path | None, as_json: bool) -> None:
    """Say who is in a study and who is not: images, hips and patients at each step.

    An image leaves with its last hip and a patient with the last image, so every column adds up.
    """
    context = open_study(folder, recipes.load(str(read_study_file(folder)["recipe"])))
    chart = study_flow(context)
    if chart is None:
        raise StudyError(
            f"study {folder} has not been read, labelled and divided yet",
            remedy=f"osteon run {folder} --until split",
        )
    if output is not None:
        page = Page(
            "Who is in, and who is not",
            context.recipe.title,
            context.is_synthetic(),
            figures=(flow_figure(chart),),
        )
        write_page(page, output, "flow_chart")
    if as_json:
        click.echo(json.dumps(chart.as_json(), indent=1))
        return
    for line in _lines(chart):
        click.echo(line)


def _lines(chart: FlowChart) -> list[str]:
    lines = [f"{'':<52}{'reports':>8}"] if chart.search else []
    for asked in chart.search:
        sign, count = ("+", -asked.left_out) if asked.left_out < 0 else ("-", asked.left_out)
        lines.append(f"{f'  {sign} {asked.sentence}'[:50]:<52}{count:>8}")
    if chart.search:
        lines.append(f"{'films asked for':<52}{chart.search[-1].remaining:>8}")
    hips = chart.start.hips > 0
    lines.append(f"{'':<52}{'images':>8}{'hips' if hips else '':>8}{'patients':>10}")
    lines.append(_line("read or labelled", chart.start, hips))
    for step in chart.steps:
        lines.append(_line(f"  - {step.reason}: {step.sentence}", step.excluded, hips))
    lines.append(_line("in the study", chart.final, hips))
    lines += [_line(f"  {name}", counts, hips) for name, counts in chart.subsets.items()]
    if chart.files_excluded:
        lines.append("files not taken")
        lines += [f"  {count:>8}  {reason}" for reason, count in chart.files_excluded.items()]
    return lines


def _line(title: str, counts: FlowCounts, hips: bool) -> str:
    title = title if len(title) <= 50 else title[:49] + "…"
    return f"{title:<52}{counts.images:>8}{counts.hips if hips else '':>8}{counts.patients:>10}"
