"""Search radiology reports for words near one another; draw controls beside what is found."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import click

from osteon.cli._report_files import ReportFiles, counted, report_options
from osteon.core.files import write_json
from osteon.core.rng import generator
from osteon.core.schemas import EXCLUSIONS, REPORT_HITS, REPORTS, exclusion_rows
from osteon.core.settings import load_settings
from osteon.core.tables import write_table
from osteon.sources.report_search import ReportSearch, SearchSettings, search_reports
from osteon.sources.safe_csv import write_csv

__all__ = ["command"]


@click.command(
    epilog="Example: osteon search-reports reports.csv --since 1998-01-01 --until 2017-12-31 "
    "--examination hip --examination pelvis --patient-class E --minimum-age 18 --controls 199 "
    "-o search"
)
@report_options
@click.option("--term", "terms", multiple=True, help="Any of these; * at the end: prefix.")
@click.option("--near", multiple=True, help="Near any of these; '' for nothing.")
@click.option("--within", default=10, show_default=True, help="Words between the two, at most.")
@click.option("--language", default="en", show_default=True, help="en, de, fr, es, ja or a file.")
@click.option("--since", metavar="YYYY-MM-DD", help="First day.")
@click.option("--until", metavar="YYYY-MM-DD", help="Last day.")
@click.option("--examination", multiple=True, help="Part of the examination's name; repeat.")
@click.option("--patient-class", multiple=True, help="E is emergency in HL7; repeat.")
@click.option("--minimum-age", type=click.IntRange(min=0), help="Years at the examination.")
@click.option(
    "--keep",
    type=click.Choice(["all", "not_negated", "affirmed"]),
    default="all",
    show_default=True,
    help="Which hits make a candidate.",
)
@click.option("--controls", default=0, show_default=True, help="Others drawn at random.")
@click.option("--seed", default=0, show_default=True, help="Decides the controls.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write reports, hits, candidates, controls, exclusions and counts here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print counts and hits as JSON.")
def command(
    *,
    files: tuple[Path, ...],
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    encoding: str | None,
    accession_fields: tuple[str, ...],
    terms: tuple[str, ...],
    near: tuple[str, ...],
    within: int,
    language: str,
    since: str | None,
    until: str | None,
    examination: tuple[str, ...],
    patient_class: tuple[str, ...],
    minimum_age: int | None,
    keep: str,
    controls: int,
    seed: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Search radiology reports for words near one another; draw controls beside what is found.

    FILES are CSV, HL7 v2 messages, or a table of reports (Parquet). Without --term and --near
    the search is that of Krogue et al. 2020: "femoral neck" or "intertrochanteric" near
    "fracture". Beside every hit stand negation, doubt and side as the report has them.
    """
    reports, not_read = ReportFiles(files, columns, date_formats, encoding, accession_fields).read()
    scope = {
        "since": since, "until": until, "examinations": examination,
        "patient_classes": patient_class, "minimum_age_years": minimum_age,
    }  # fmt: skip
    values: dict[str, Any] = {
        "within_words": within, "language": language, "scope": scope, "keep": keep,
        "controls": controls,
    }  # fmt: skip
    if terms:
        values |= {"terms": terms, "near": ()}
    if near:
        values["near"] = tuple(item for item in near if item)
    settings = load_settings(SearchSettings, values)
    index = None if output is None else output / "index.sqlite"
    found = search_reports(reports, settings, generator(seed, "search-reports"), index_path=index)
    counts = {
        "versions": len(reports),
        "not_read": counted(not_read),
        "steps": [asdict(step) for step in found.steps],
        "hits": found.hits["certainty"].value_counts().sort_index().to_dict(),
        "candidates": len(found.candidates),
        "controls": len(found.controls),
    }
    if output is not None:
        _write(output, found, counts | {"settings": settings.resolved(), "seed": seed})
        write_table(reports, REPORTS, output / "reports.parquet")
        rows = exclusion_rows([*not_read, *found.exclusions])
        write_table(rows, EXCLUSIONS, output / "exclusions.parquet")
    if as_json:
        hits = json.loads(found.hits.to_json(orient="records"))
        click.echo(json.dumps(counts | {"found": hits}, indent=1, ensure_ascii=False))
        return
    for line in _lines(found, counts):
        click.echo(line)


def _write(output: Path, found: ReportSearch, counts: Mapping[str, Any]) -> None:
    write_table(found.hits, REPORT_HITS, output / "hits.parquet")
    write_csv(found.hits, output / "hits.csv")
    shown = [name for name in REPORTS.names if name != "text"]
    write_csv(found.candidates[shown], output / "candidates.csv")
    write_csv(found.controls[shown], output / "controls.csv")
    write_json(output / "counts.json", dict(counts))


def _lines(found: ReportSearch, counts: Mapping[str, Any]) -> list[str]:
    lines = []
    for row in found.hits.itertuples():
        hit = cast(Any, row)
        side = hit.laterality if isinstance(hit.laterality, str) else "-"
        cue = f" ({hit.cue})" if isinstance(hit.cue, str) else ""
        past = ", past" if hit.is_history else ""
        name = hit.accession_number if isinstance(hit.accession_number, str) else hit.report_id
        lines.append(f"{name}  {side}  {hit.certainty}{cue}{past}  {hit.snippet}")
    lines.append(f"{counts['versions']} reports read")
    lines += [f"  {count:>7}  not read: {why}" for why, count in counts["not_read"].items()]
    for step in found.steps:
        lines.append(f"  {-step.left_out:>+7}  {step.sentence}; {step.remaining} remain")
    lines.append(f"{counts['candidates']} candidates, {counts['controls']} controls")
    return lines
