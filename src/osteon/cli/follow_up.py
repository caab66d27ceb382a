"""Follow patients from their CT to a subsequent fracture, death, loss or the end of the study."""

import json
from pathlib import Path
from typing import Any

import click
import pandas as pd

from osteon.cli._report_files import counted
from osteon.cohort.flow import FlowChart, patient_flow
from osteon.cohort.follow_up import (
    EXCLUSION_REASONS,
    FollowUp,
    FollowUpSettings,
    build_follow_up,
)
from osteon.cohort.follow_up_checks import check_follow_up, covariates_at_index
from osteon.cohort.person_years import person_years
from osteon.core.files import write_json
from osteon.core.schemas import (
    CLINICAL,
    EVENTS,
    EXCLUSIONS,
    FOLLOW_UP,
    FOLLOW_UP_CHECKS,
    FRACTURE_EVENTS,
    IMAGING,
    INDEX_DATES,
    PERSON_YEARS,
    SPLITS,
    VITAL_STATUS,
    exclusion_rows,
)
from osteon.core.settings import read_settings, with_overrides
from osteon.core.tables import read_table, write_table
from osteon.errors import DataError
from osteon.sources.declared_table import read_declared, read_risk_factors
from osteon.sources.safe_csv import write_csv

__all__ = ["command"]

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option(
    "--imaging",
    "imaging_path",
    type=_FILE,
    required=True,
    help="patient_id and study_date of each CT: CSV, or the table of volumes.",
)
@click.option(
    "--events",
    "events_path",
    type=_FILE,
    required=True,
    help="Diagnoses: patient_id, event_date, system, code, where told laterality.",
)
@click.option(
    "--vital",
    "vital_path",
    type=_FILE,
    required=True,
    help="patient_id, last_contact_date, death_date.",
)
@click.option("--clinical", "clinical_path", type=_FILE, help="Risk factors, a row per patient.")
@click.option(
    "--schema",
    "schema_path",
    type=_FILE,
    help="YAML that declares the clinical table (CSV or Excel).",
)
@click.option("--splits", "splits_path", type=_FILE, help="Table of splits (Parquet).")
@click.option("--settings", "settings_path", type=_FILE, help="YAML: index, definition, dates.")
@click.option("--set", "assignments", multiple=True, metavar="A.B=C", help="Change a setting.")
@click.option(
    "-o",
    "--output",
    required=True,
    help="Folder for the tables.",
    type=click.Path(path_type=Path, file_okay=False),
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")  # fmt: skip
def command(
    *,
    imaging_path: Path,
    events_path: Path,
    vital_path: Path,
    clinical_path: Path | None,
    schema_path: Path | None,
    splits_path: Path | None,
    settings_path: Path | None,
    assignments: tuple[str, ...],
    output: Path,
    as_json: bool,
) -> None:
    """Follow patients from their CT to a subsequent fracture, death, loss or the end of the study.

    Writes follow_up, index_dates, fracture_events, exclusions, follow_up_checks and person_years
    (Parquet; the last two also as CSV), flow.json, and the risk factors as they were known at the
    index date. Exits with 3 when a check fails.
    """
    settings = (
        FollowUpSettings()
        if settings_path is None
        else read_settings(FollowUpSettings, settings_path, "settings")
    )
    settings = with_overrides(settings, assignments)
    imaging = read_declared(imaging_path, IMAGING)
    events = read_declared(events_path, EVENTS)
    vital = read_declared(vital_path, VITAL_STATUS)
    clinical = None if clinical_path is None else read_risk_factors(clinical_path, schema_path)
    splits = None if splits_path is None else read_table(SPLITS, splits_path)
    found = build_follow_up(imaging, events, vital, settings)
    checks = check_follow_up(found, events, vital, settings, clinical)
    years = person_years(found.table, clinical=clinical, splits=splits)
    flow = patient_flow(imaging, found.exclusions, EXCLUSION_REASONS, splits=splits)
    _write(found, checks, years, flow, output)
    if clinical is not None:
        known, _ = covariates_at_index(clinical, found.index, settings.dated_covariates)
        write_table(known, CLINICAL, output / "clinical.parquet")
    _tell(found, checks, years, as_json=as_json)
    failed = checks.loc[checks["verdict"] == "fail", "check"].tolist()
    if failed:
        raise DataError(
            f"{len(failed)} checks of the follow-up fail: {', '.join(failed)}",
            remedy="correct the tables, or say in the report why it does not matter; what was "
            f"found is in {output}",
        )


def _write(
    found: FollowUp, checks: pd.DataFrame, years: pd.DataFrame, flow: FlowChart, output: Path
) -> None:
    tables = (
        (FOLLOW_UP, found.table),
        (INDEX_DATES, found.index),
        (FRACTURE_EVENTS, found.fractures),
        (EXCLUSIONS, exclusion_rows(found.exclusions)),
        (FOLLOW_UP_CHECKS, checks),
        (PERSON_YEARS, years),
    )
    for schema, frame in tables:
        write_table(frame, schema, output / f"{schema.name}.parquet")
    write_csv(checks, output / "follow_up_checks.csv")
    write_csv(years, output / "person_years.csv")
    write_json(output / "flow.json", flow.as_json())


def _tell(found: FollowUp, checks: pd.DataFrame, years: pd.DataFrame, *, as_json: bool) -> None:
    ends = found.table["end_reason"].value_counts().to_dict()
    told: dict[str, Any] = {
        "patients": len(found.table),
        "ended_by": {str(name): int(count) for name, count in ends.items()},
        "left_out": counted(list(found.exclusions)),
        "coded_fractures": {
            str(name): int(count)
            for name, count in found.fractures["verdict"].value_counts().to_dict().items()
        },
        "checks": checks[["check", "verdict", "count", "of"]].to_dict("records"),
    }
    if as_json:
        click.echo(json.dumps(told, indent=1))
        return
    click.echo(f"{told['patients']} patients followed")
    for title in ("ended_by", "left_out", "coded_fractures"):
        click.echo(f"{title.replace('_', ' ')}: {sum(told[title].values())}")
        for name, count in told[title].items():
            click.echo(f"  {count:>7}  {name}")
    for row in checks.to_dict("records"):
        click.echo(f"{row['verdict']:>4}  {row['check']}: {row['count']} of {row['of']}")
    overall = years[years["variable"] == "all"]
    for row in overall.to_dict("records"):
        click.echo(
            f"{row['cause']}: {row['events']} in {row['person_years']:.0f} person-years, "
            f"{row['rate_per_1000']:.1f} ({row['rate_low']:.1f}, {row['rate_high']:.1f}) in 1,000"
        )
