"""Read classes, sides and certainty out of radiology reports by rules, apart from all labels."""

import json
from pathlib import Path
from typing import Any

import click
import pandas as pd

from osteon import recipes
from osteon.cli._report_files import ReportFiles, counted, report_options
from osteon.cohort.weak_labels import (
    WeakLabelAgreement,
    agreement_with_reference,
    join_weak_labels,
    rests_on_report,
)
from osteon.core.files import write_json
from osteon.core.schemas import (
    CASES,
    EXCLUSIONS,
    INSTANCES,
    REPORT_FINDINGS,
    WEAK_LABELS,
    exclusion_rows,
)
from osteon.core.tables import read_table, write_table
from osteon.errors import StudyError, UsageError
from osteon.sources.report_rules import ReportRules, load_rules, read_findings

__all__ = ["command"]

_WARNING = "WEAK LABELS: what reports say. No reference standard, not for testing a model."


@click.command()
@report_options
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The study folder: its films, hips and cases.",
)
@click.option(
    "--recipe",
    "recipe_name",
    default="hip_fracture",
    show_default=True,
    help="Its classes and its rules.",
)
@click.option("--language", default="en", show_default=True, help="Of the recipe's rules.")
@click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Rules of your own (YAML) instead of the recipe's.",
)
@click.option(
    "--hips",
    "hips_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Table with sop_instance_uid and laterality, e.g. a run's predictions.parquet; by "
    "default the study's labels.",
)
@click.option("--affirmed-only", is_flag=True, help="Leave uncertain ones out of the agreement.")
@click.option("--json", "as_json", is_flag=True, help="Print counts and agreement as JSON.")
def command(
    *,
    files: tuple[Path, ...],
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    encoding: str | None,
    accession_fields: tuple[str, ...],
    study: Path,
    recipe_name: str,
    language: str,
    rules_path: Path | None,
    hips_path: Path | None,
    affirmed_only: bool,
    as_json: bool,
) -> None:
    """Read classes, sides and certainty out of radiology reports by rules, apart from all labels.

    FILES are CSV, HL7 v2 messages, or a table of reports (Parquet). Writes
    tables/report_findings.parquet, tables/weak_labels.parquet and
    tables/exclusions-weak-label.parquet in the study folder, and where the study has cases the
    agreement with the reference standard as weak_labels.agreement.json.
    """
    recipe = recipes.load(recipe_name)
    rules = load_rules(rules_path or _rules_of(recipe.report_rules, recipe_name, language))
    reports, not_read = ReportFiles(files, columns, date_formats, encoding, accession_fields).read()
    tables = study / "tables"
    instances = read_table(INSTANCES, tables / "instances.parquet")
    findings = read_findings(reports, rules)
    hips = _hips(hips_path or tables / "labels.parquet")
    weak, exclusions = join_weak_labels(findings, hips, instances, recipe.labels)
    write_table(findings, REPORT_FINDINGS, tables / "report_findings.parquet")
    write_table(weak, WEAK_LABELS, tables / "weak_labels.parquet")
    rows = exclusion_rows([*not_read, *exclusions])
    write_table(rows, EXCLUSIONS, tables / "exclusions-weak-label.parquet")
    told: dict[str, Any] = {
        "reports": len(reports),
        "not_read": counted(not_read),
        "findings": _counts(findings["finding"]),
        "weak_labels": _counts(weak["weak_label"]),
        "hips_without": counted(exclusions),
        "agreement": None,
    }
    agreement = None
    if (tables / "cases.parquet").exists():
        certainties = ("affirmed",) if affirmed_only else ("affirmed", "uncertain")
        cases = read_table(CASES, tables / "cases.parquet")
        cases = cases[~rests_on_report(cases)]
        agreement = agreement_with_reference(weak, cases, recipe.labels, certainties=certainties)
        told["agreement"] = agreement.as_json()
        write_json(tables / "weak_labels.agreement.json", told["agreement"])
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    for line in _lines(told, agreement, rules):
        click.echo(line)


def _rules_of(found: Any, recipe: str, language: str) -> Path:
    if language not in found:
        there = ", ".join(found) or "none"
        raise UsageError(
            f"recipe {recipe} has no rules for {language!r}, it has {there}",
            remedy="write rules of your own and give them with --rules",
        )
    path: Path = found[language]
    return path


def _hips(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise StudyError(
            f"there are no hips at {path}", remedy="give a run's predictions with --hips"
        )
    frame = pd.read_parquet(path)
    if not {"sop_instance_uid", "laterality"} <= set(frame.columns):
        raise UsageError(f"{path} has no columns sop_instance_uid and laterality")
    return frame


def _counts(values: "pd.Series[Any]") -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _lines(
    told: dict[str, Any], agreement: WeakLabelAgreement | None, rules: ReportRules
) -> list[str]:
    lines = [_WARNING, f"{told['reports']} reports, {len(rules.rules)} rules ({rules.language})"]
    lines += [f"  {count:>7}  not read: {reason}" for reason, count in told["not_read"].items()]
    lines += [f"  {count:>7}  {name}" for name, count in told["weak_labels"].items()]
    lines += [f"  {count:>7}  hips without: {why}" for why, count in told["hips_without"].items()]
    if agreement is None:
        return [*lines, "no cases in this study yet: no agreement"]
    lines += [
        f"agreement with the reference standard on {agreement.hips} hips of "
        f"{agreement.patients} patients ({agreement.without_weak_label} hips without)",
        f"  kappa {agreement.kappa.formatted()}, fracture or not "
        f"{agreement.kappa_fracture.formatted()}",
        f"  {'class':<28}{'n':>6}  {'sensitivity':<24}{'PPV':<24}",
    ]
    return lines + [
        f"  {row.name:<28}{row.n_reference:>6}  {row.sensitivity.formatted():<24}"
        f"{row.ppv.formatted():<24}"
        for row in agreement.classes
    ]
